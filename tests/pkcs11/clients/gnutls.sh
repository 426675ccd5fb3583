#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# GnuTLS: TLS with keys of KMS at both ends.
. "$TRENT_SOURCE/tests/pkcs11/clients/own_loopback.sh"
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"
new_key rsa RSA_2048 SIGN_VERIFY
new_key ec ECC_NIST_P384 SIGN_VERIFY
new_key edwards ECC_NIST_EDWARDS25519 SIGN_VERIFY
certify edwards
certify rsa
certify ec
object() { echo "pkcs11:model=Trent%20KMS;token=kms;object=$1;type=$2"; }

# serve NAME OPTION...
serve() {
  key=$1
  shift
  start gnutls-serv --provider "$module" --port 4433 --x509certfile "$(object "$key" cert)" \
    --x509keyfile "$(object "$key" private)" "$@"
  eventually grep -q 'listening on .*done' started.log
}

serves() { # NAME
  serve "$1" --http
  for version in tls1_2 tls1_3; do tls_client "$1.crt" -connect 127.0.0.1:4433 -$version; done
  output=$(timeout 20 gnutls-cli --x509cafile ca.pem --port 4433 localhost </dev/null 2>&1)
  assert_contains "$output" 'The certificate is trusted'
}

# Two keys of KMS's, and two processes that sign with them.
is_known_by_its_key() { # SERVER CLIENT
  serve "$1" --echo --x509cafile ca.pem --require-client-cert --verify-client-cert
  output=$(echo 'a letter' | timeout 20 gnutls-cli --provider "$module" --x509cafile ca.pem --port 4433 \
    --x509certfile "$(object "$2" cert)" --x509keyfile "$(object "$2" private)" localhost)
  assert_contains "$output" 'a letter'
  # Without a key there is no answer.
  assert_lacks "$(echo 'a letter' | timeout 20 gnutls-cli --x509cafile ca.pem --port 4433 localhost)" \
    'a letter'
}

# Where the configuration has no PIN, GnuTLS logs in.
with_a_pin() {
  without_pin
  assert_fails_with 'key|PIN' gnutls-serv --provider "$module" --port 4433 \
    --x509certfile rsa.crt --x509keyfile "$(object rsa private)"
  GNUTLS_PIN=$(cat "$kms/pin")
  export GNUTLS_PIN
  serves rsa
}

# p11tool tries itself out: data signed by the private key, verified by the public one.
p11tool_tests_itself() {
  for name in rsa ec; do
    output=$(p11tool --provider "$module" --test-sign "$(object $name private)" 2>&1)
    assert_contains "$output" 'Verifying against public key in the token... ok'
  done
}

test_case 'gnutls-serv with an RSA key' serves rsa
test_case 'gnutls-serv with an EC key' serves ec
test_case 'gnutls-serv with an Ed25519 key' serves edwards
test_case 'gnutls-cli is known by its EC key, gnutls-serv by its RSA key' is_known_by_its_key rsa ec
test_case 'and the other way round' is_known_by_its_key ec rsa
test_case 'gnutls-serv with a PIN of the program'\''s' with_a_pin
test_case 'p11tool tries keys out' p11tool_tests_itself
done_testing
