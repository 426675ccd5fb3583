#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Key pairs and HMAC keys of KMS, in the hands of pkcs11-tool; and what stands beside them.
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"

tool() { timeout 60 pkcs11-tool --module "$module" "$@"; }
new_key rsa RSA_2048 SIGN_VERIFY
new_key ec ECC_NIST_P256 SIGN_VERIFY
new_key opener RSA_2048 ENCRYPT_DECRYPT
new_key mac HMAC_256 GENERATE_VERIFY_MAC
for name in rsa ec opener; do public_key $name; done
printf 'a letter' >letter

objects_are_pairs() {
  output=$(tool --list-objects 2>/dev/null)
  assert_eq "$(printf '%s\n' "$output" | grep -c "ID:  *$(id_of rsa)")" 2
  assert_contains "$output" 'Private Key Object; RSA'
  assert_contains "$output" 'Public Key Object; EC  EC_POINT 256 bits'
  tool --read-object --type pubkey --id "$(id_of ec)" --output-file read.der 2>/dev/null
  openssl pkey -pubin -inform DER -in read.der | assert_same_file ec.pem -
}

# Where the configuration demands it.
pkcs11_tool_generates() {
  tool --keypairgen --key-type EC:secp384r1 --label 'of the token' --usage-sign
  assert_lacks "$(trent list-aliases)" 'of the token'
  sed '1i keygen = "kms"' "$kms/trent.toml" >"$kms/keygen.toml"
  export TRENT_CONF="$kms/keygen.toml"
  tool --keypairgen --key-type EC:secp384r1 --label made --usage-sign
  trent describe-key --key-id alias/made >described
  assert_contains "$(cat described)" '"KeySpec": "ECC_NIST_P384"'
  assert_contains "$(cat described)" '"KeyUsage": "SIGN_VERIFY"'
  # pkcs11-tool asks for several uses by itself.
  assert_fails_with CKR_TEMPLATE_INCONSISTENT \
    pkcs11-tool --module "$module" --keypairgen --key-type rsa:2048 --label all
}

# signs NAME MECHANISM [OPTION...]
signs() {
  name=$1 mechanism=$2
  shift 2
  tool --sign --mechanism "$mechanism" --id "$(id_of "$name")" --input-file letter \
    --output-file letter.sig --signature-format openssl "$@"
  options=
  case $mechanism in *PSS) options='-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest' ;; esac
  # shellcheck disable=SC2086 # none or four words
  assert_eq "$(openssl dgst -sha256 -verify "$name.pem" $options -signature letter.sig letter)" \
    'Verified OK'
}
pkcs11_tool_signs() {
  signs rsa SHA256-RSA-PKCS
  signs rsa SHA256-RSA-PKCS-PSS
  signs ec ECDSA-SHA256
  openssl dgst -sha256 -binary letter >digest
  tool --sign --mechanism ECDSA --id "$(id_of ec)" --input-file digest --output-file raw.sig
  output=$(tool --verify --mechanism ECDSA --id "$(id_of ec)" --input-file digest --signature-file raw.sig)
  assert_contains "$output" 'Signature is valid'
}

pkcs11_tool_decrypts() {
  openssl pkeyutl -encrypt -pubin -inkey opener.pem -in letter -out letter.rsa \
    -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256
  tool --decrypt --mechanism RSA-PKCS-OAEP --hash-algorithm SHA256 --id "$(id_of opener)" \
    --input-file letter.rsa --output-file out
  assert_same_file letter out
}

# Both ends are KMS's: one made by the command, one by pkcs11-tool. It hands in the point with and
# without the OCTET STRING around it.
pkcs11_tool_derives() {
  sed '1i keygen = "kms"' "$kms/trent.toml" >"$kms/keygen.toml"
  TRENT_CONF="$kms/keygen.toml" tool --keypairgen --key-type EC:secp521r1 --label one --usage-derive
  new_key other ECC_NIST_P521 KEY_AGREEMENT
  for name in one other; do
    trent get-public-key --key-id alias/$name --output raw >$name.der
  done
  tool --derive --mechanism ECDH1-DERIVE --id "$(id_of one)" --input-file other.der --output-file first
  tool --derive --mechanism ECDH1-DERIVE --id "$(id_of other)" --input-file one.der --derive-pass-der \
    --output-file second
  assert_same_file first second
  trent derive-shared-secret --key-id alias/one --key-agreement-algorithm ECDH --public-key fileb://other.der \
    --output raw | assert_same_file first -
  trent get-public-key --key-id alias/ec --output raw >ec.der
  assert_fails_with CKR_MECHANISM_PARAM_INVALID pkcs11-tool --module "$module" --derive \
    --mechanism ECDH1-DERIVE --id "$(id_of one)" --input-file ec.der --output-file none
}

# All that fails is what KMS has not: RSA of data that are no DigestInfo.
pkcs11_tool_tests_itself() {
  tool --test --login --pin any >output 2>&1 || :
  cat output
  assert_contains "$(cat output)" 'RSA-PKCS-OAEP: mgf not set'
  assert_eq "$(grep -c 'RSA-PKCS: .*ERR: C_Sign() returned CKR_DATA_INVALID' output)" 1
  tail -n 1 output | grep -x '1 errors'
}

pkcs11_tool_makes_macs() {
  tool --sign --mechanism SHA256-HMAC --id "$(id_of mac)" --input-file letter --output-file letter.mac
  trent verify-mac --key-id alias/mac --message fileb://letter --mac-algorithm HMAC_SHA_256 \
    --mac fileb://letter.mac
}

a_disabled_key_signs_nothing() {
  new_key off ECC_NIST_P256 SIGN_VERIFY
  id=$(id_of off)
  trent disable-key --key-id "$(trent describe-key --key-id alias/off --output raw)"
  assert_lacks "$(tool --list-objects 2>/dev/null)" "$id"
  if tool --sign --mechanism ECDSA --id "$id" --input-file digest --output-file none; then return 1; fi
}

# certificate NAME: made with the key, and stored beside it.
certificate() {
  echo 'cn = test' >template
  certtool --generate-self-signed --provider "$module" --template template --outfile "$1.crt" \
    --load-privkey "pkcs11:token=kms;object=$1;type=private" \
    --load-pubkey "pkcs11:token=kms;object=$1;type=public"
  openssl verify -CAfile "$1.crt" "$1.crt"
  openssl x509 -in "$1.crt" -pubkey -noout | assert_same_file "$1.pem" -
  openssl x509 -in "$1.crt" -outform DER -out "$1.der"
  tool --write-object "$1.der" --type cert --label "$1" --id "$(id_of "$1")"
  # One identity: certificate, public and private key.
  assert_eq "$(tool --list-objects 2>/dev/null | grep -c "ID:  *$(id_of "$1")")" 3
}
gnutls_makes_certificates() {
  certificate rsa
  certificate ec
}

ssh_sees_the_keys() {
  ssh-keygen -D "$module" 2>/dev/null | cut -d ' ' -f 1,2 >listed
  for name in rsa ec; do
    case $name in ec) form=PKCS8 ;; rsa) form=PKCS8 ;; esac
    ssh-keygen -i -m $form -f $name.pem >wanted
    grep -qF "$(cut -d ' ' -f 1,2 wanted)" listed
  done
}

# The provider does not use such keys yet, and says so.
the_provider_says_no() {
  if openssl pkeyutl -provider trent -provider default -encrypt -inkey kms:alias/opener -in letter \
    -out out 2>said; then return 1; fi
  assert_contains "$(cat said)" 'It has RSAES_OAEP_SHA_1 and RSAES_OAEP_SHA_256'
}

test_case 'a key pair is two objects' objects_are_pairs
test_case 'pkcs11-tool generates' pkcs11_tool_generates
test_case 'pkcs11-tool signs' pkcs11_tool_signs
test_case 'pkcs11-tool decrypts' pkcs11_tool_decrypts
test_case 'pkcs11-tool derives' pkcs11_tool_derives
test_case 'pkcs11-tool --test' pkcs11_tool_tests_itself
test_case 'pkcs11-tool makes MACs' pkcs11_tool_makes_macs
test_case 'a disabled key' a_disabled_key_signs_nothing
test_case 'certtool makes certificates, which stand beside their keys' gnutls_makes_certificates
test_case 'ssh-keygen lists the keys' ssh_sees_the_keys
test_case 'openssl, by the provider' the_provider_says_no
done_testing
