#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# NSS: modutil and certutil, which stand for browsers and servers that use NSS.
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"
make_key app
mkdir nss
certutil -N -d sql:nss --empty-password || bail_out 'certutil cannot make a database'

module_is_added() {
  modutil -dbdir sql:nss -force -add trent -libfile "$module"
  output=$(modutil -dbdir sql:nss -list trent)
  assert_contains "$output" 'PKCS #11 Version 3.0'
  assert_contains "$output" 'Token Name: kms'
  assert_contains "$output" 'Login Type: Login required'
}

# NSS lists key pairs only.
keys_and_certificates_are_made() {
  assert_contains "$(certutil -K -d sql:nss -h kms 2>&1)" 'no keys found'
  head -c 64 /dev/urandom >noise
  certutil -S -d sql:nss -h kms -n web -s CN=web -x -t u,u,u -k rsa -g 2048 -z noise -m 1
  assert_contains "$(certutil -L -d sql:nss -h kms)" 'kms:web'
  assert_contains "$(certutil -K -d sql:nss -h kms)" 'kms:web'
}

private_key_signs() {
  certutil -R -d sql:nss -h kms -k kms:web -s CN=web -a -o web.csr
  openssl req -in web.csr -verify -noout
}

keys_and_certificates_are_deleted() {
  certutil -F -d sql:nss -h kms -n kms:web
  assert_lacks "$(certutil -L -d sql:nss -h kms)" 'kms:web'
}

login_without_a_configured_pin() {
  without_pin
  assert_contains "$(certutil -K -d sql:nss -h kms -f "$kms/pin" 2>&1)" 'no keys found'
  echo 00000000 >wrong
  assert_fails_with 'incorrect|invalid|SEC_ERROR_BAD_PASSWORD' \
    certutil -K -d sql:nss -h kms -f wrong
  head -c 64 /dev/urandom >noise
  certutil -S -d sql:nss -h kms -f "$kms/pin" -n private -s CN=private -x -t u,u,u -k rsa -g 2048 \
    -z noise -m 2
  assert_contains "$(certutil -K -d sql:nss -h kms -f "$kms/pin")" 'kms:private'
  # The key has signed its own certificate.
  certutil -L -d sql:nss -h kms -f "$kms/pin" -n kms:private -a >private.pem
  openssl verify -check_ss_sig -CAfile private.pem private.pem
  certutil -F -d sql:nss -h kms -f "$kms/pin" -n kms:private
}

configuration_is_a_module_parameter() {
  unset TRENT_CONF
  modutil -dbdir sql:nss -force -delete trent
  modutil -dbdir sql:nss -force -add trent -libfile "$module" -string "$kms/trent.toml"
  assert_contains "$(modutil -dbdir sql:nss -list trent)" 'Token Name: kms'
}

test_case 'modutil adds the module' module_is_added
test_case 'certutil makes a key pair and a certificate' keys_and_certificates_are_made
test_case 'certutil signs a request with it' private_key_signs
test_case 'certutil deletes them' keys_and_certificates_are_deleted
test_case 'certutil logs in where the configuration has no PIN' login_without_a_configured_pin
test_case 'modutil -string names the configuration' configuration_is_a_module_parameter
done_testing
