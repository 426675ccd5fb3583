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
