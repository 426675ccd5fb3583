#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# osslsigncode signs programs for Windows with keys of KMS.
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"
new_key rsa RSA_3072 SIGN_VERIFY
new_key ec ECC_NIST_P256 SIGN_VERIFY
certify rsa
certify ec

python3 "$TRENT_SOURCE/tests/pkcs11/clients/program.py" program.exe

signs() { # KEY HASH
  rm -f "$1.exe"
  osslsigncode sign -pkcs11module "$module" -certs "$1.crt" \
    -key "pkcs11:token=kms;object=$1;type=private" -h "$2" -in program.exe -out "$1.exe"
  output=$(osslsigncode verify -CAfile ca.pem -in "$1.exe")
  assert_contains "$output" "/CN=$1"
  assert_contains "$output" 'Signature verification: ok'
  # Another program is none that was signed.
  printf x | dd of="$1.exe" bs=1 seek=300 conv=notrunc
  assert_fails_with 'MISMATCH|failed' osslsigncode verify -CAfile ca.pem -in "$1.exe"
}

# The certificate may be in the token.
signs_with_a_stored_certificate() {
  osslsigncode sign -pkcs11module "$module" \
    -pkcs11cert 'pkcs11:token=kms;object=rsa;type=cert' \
    -key 'pkcs11:token=kms;object=rsa;type=private' -h sha256 -in program.exe -out stored.exe
  assert_contains "$(osslsigncode verify -CAfile ca.pem -in stored.exe)" 'Signature verification: ok'
}

test_case 'a program is signed with an RSA key' signs rsa sha256
test_case 'and with SHA-384' signs rsa sha384
test_case 'and with an EC key' signs ec sha256
test_case 'the certificate is in the token, too' signs_with_a_stored_certificate
done_testing
