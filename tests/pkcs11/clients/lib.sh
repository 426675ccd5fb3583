# SPDX-License-Identifier: Apache-2.0
# For tests with other people's PKCS#11 programs. Source instead of support/lib.sh: makes a token with
# `trent init` and enters its environment, as the documentation tells a user to.
# shellcheck shell=sh
. "$TRENT_SOURCE/tests/support/lib.sh"
module=$TRENT_BUILD/src/trent.so
kms=$work/kms
"$trent" init "$kms" >/dev/null || bail_out 'trent init failed'
. "$kms/env"
# The command, and Debian's own Python, which is the one with PyKCS11.
export PATH="$TRENT_BUILD/src:/usr/bin:$PATH"

trent() { timeout 60 "$trent" "$@"; }

# make_key LABEL: a KMS key with this alias, made by the command.
make_key() {
  trent create-alias --alias-name "alias/$1" --target-key-id "$(trent create-key --output raw)"
}

# new_key LABEL SPEC USAGE: the same for a key of another kind.
new_key() {
  trent create-alias --alias-name "alias/$1" \
    --target-key-id "$(trent create-key --key-spec "$2" --key-usage "$3" --output raw)"
}

# public_key LABEL: LABEL.pem, by the command.
public_key() {
  trent get-public-key --key-id "alias/$1" --output raw | openssl pkey -pubin -inform DER -out "$1.pem"
}

# certify LABEL: LABEL.crt, for whatever it may be good for, by the authority of ca.pem. In the token
# beside its key.
certify() {
  [ -e ca.pem ] || openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=authority -keyout ca.key -out ca.pem \
    -addext keyUsage=critical,keyCertSign 2>/dev/null
  cat >extensions <<-END
	keyUsage = critical, digitalSignature, keyEncipherment
	extendedKeyUsage = serverAuth, clientAuth, emailProtection, codeSigning
	subjectAltName = DNS:localhost, IP:127.0.0.1, email:test@example.com
	END
  public_key "$1"
  openssl x509 -new -force_pubkey "$1.pem" -subj "/CN=$1" -CA ca.pem -CAkey ca.key -extfile extensions \
    -days 2 -out "$1.crt" 2>/dev/null
  openssl x509 -in "$1.crt" -outform DER -out "$1.der"
  pkcs11-tool --module "$module" --write-object "$1.der" --type cert --label "$1" --id "$(id_of "$1")" \
    >/dev/null 2>&1
}

# tls_client CERTIFICATE OPTION...: what `openssl s_client` says of a server that has the certificate.
tls_client() {
  openssl x509 -in "$1" -noout -fingerprint -sha256 >wanted
  shift
  timeout 20 openssl s_client -CAfile ca.pem -verify_return_error -verify_hostname localhost "$@" \
    </dev/null >said 2>&1 || { cat said && return 1; }
  openssl x509 -in said -noout -fingerprint -sha256 | assert_same_file wanted -
  assert_contains "$(cat said)" 'Verify return code: 0 (ok)'
}

# id_of LABEL: the CKA_ID of the key, in hexadecimal digits.
id_of() { trent describe-key --key-id "alias/$1" --output raw | tr -d -; }

# key_state KEY
key_state() {
  trent describe-key --key-id "$1" | sed -n 's/.*"KeyState": "\(.*\)".*/\1/p'
}

# make_data_key KEY: data-key (32 bytes) and data-key.blob.
make_data_key() {
  trent generate-data-key-without-plaintext --key-id "$1" --key-spec AES_256 --output raw >data-key.blob
  trent decrypt --ciphertext-blob fileb://data-key.blob --output raw >data-key
  [ "$(wc -c <data-key)" -eq 32 ]
}

# without_pin: from here on the configuration has no PIN, so programs have to log in.
without_pin() {
  sed '/^pin-source/d' "$kms/trent.toml" >"$kms/without-pin.toml"
  export TRENT_CONF="$kms/without-pin.toml"
}

# of_library FILE: the path of a library of the system's, whatever the architecture.
of_library() {
  for found in /usr/lib/*/"$1"; do
    [ -e "$found" ] && echo "$found" && return
  done
  echo "no $1" >&2
  return 1
}

# p11_kit_registers [LINE...]: p11-kit knows Trent and nothing else, from the file that Trent installs
# and these lines.
p11_kit_registers() {
  rm -rf "$HOME/.config/pkcs11"
  mkdir -p "$HOME/.config/pkcs11/modules"
  echo 'user-config: only' >"$HOME/.config/pkcs11/pkcs11.conf"
  sed "s|^module: .*|module: $module|" "$TRENT_BUILD/trent.module" \
    >"$HOME/.config/pkcs11/modules/trent.module"
  [ $# -eq 0 ] || printf '%s\n' "$@" >>"$HOME/.config/pkcs11/modules/trent.module"
}

# as_user COMMAND...: p11-kit reads no configuration of the user's when root runs it.
as_user() {
  if [ "$(id -u)" -ne 0 ]; then
    "$@"
  else
    unshare --user --map-user=1000 --map-group=1000 -- "$@"
  fi
}
