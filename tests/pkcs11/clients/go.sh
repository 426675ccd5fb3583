#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Go: crypto11, on miekg/pkcs11.
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"
new_key rsa RSA_2048 SIGN_VERIFY
new_key ec ECC_NIST_P256 SIGN_VERIFY
new_key large ECC_NIST_P521 SIGN_VERIFY
new_key opener RSA_2048 ENCRYPT_DECRYPT
crypto11=/usr/share/gocode/src/github.com/ThalesIgnite/crypto11

it_compiles() {
  GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$TRENT_BUILD/clients/go-cache" \
    go build -o keys "$TRENT_SOURCE/tests/pkcs11/clients/go/main.go"
}

signs_serves_and_decrypts() {
  assert_eq "$(timeout 60 ./keys "$module" kms rsa ec large opener)" 'rsa signs
rsa serves
ec signs
ec serves
large signs
large serves
opener decrypts'
}

with_a_pin() {
  without_pin
  PIN=00000000 assert_fails_with 'PIN_INCORRECT' ./keys "$module" kms rsa
  PIN=$(cat "$kms/pin")
  export PIN
  signs_serves_and_decrypts
}

case_with $crypto11 'a program is compiled' it_compiles
case_with $crypto11 'it signs, serves TLS and decrypts with keys of KMS' signs_serves_and_decrypts
case_with $crypto11 'and with a PIN of its own' with_a_pin
done_testing
