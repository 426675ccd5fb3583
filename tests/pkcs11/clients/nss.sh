#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# NSS: its tools, which stand for browsers and servers that use NSS.
. "$TRENT_SOURCE/tests/pkcs11/clients/own_loopback.sh"
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

kms_key_pairs_are_listed() {
  new_key rsa RSA_2048 SIGN_VERIFY
  new_key ec ECC_NIST_P384 SIGN_VERIFY
  output=$(certutil -K -d sql:nss -h kms)
  for name in rsa ec; do assert_contains "$output" "$name"; done
  assert_contains "$output" "$(id_of rsa)"
}

# NSS knows a key of the token's by its CKA_ID.
kms_keys_sign_requests() {
  for name in rsa ec; do
    public_key $name
    certutil -R -d sql:nss -h kms -k "$(id_of $name)" -s CN=$name -a -o $name.csr
    openssl req -in $name.csr -verify -noout
    openssl req -in $name.csr -pubkey -noout | assert_same_file $name.pem -
  done
}

# A certificate that the token has is its owner's own if it has the CKA_ID of the key.
certificates_belong_to_kms_keys() {
  certify rsa
  certify ec
  certutil -A -d sql:nss -n authority -t C,C,C -i ca.pem
  output=$(certutil -L -d sql:nss -h kms)
  for name in rsa ec; do
    printf '%s\n' "$output" | grep "^kms:$name .*u,u,u"
    certutil -V -d sql:nss -n kms:$name -u V # a server's
    certutil -V -d sql:nss -n kms:$name -u S # of mail
  done
}

kms_keys_sign_mail() {
  printf 'a letter' >letter
  for name in rsa ec; do
    cmsutil -S -d sql:nss -N kms:$name -i letter -o letter.p7
    openssl cms -verify -inform DER -in letter.p7 -CAfile ca.pem -out read
    assert_same_file read letter
    cmsutil -D -d sql:nss -i letter.p7 -o read
    assert_same_file read letter
  done
}

kms_keys_serve_tls() {
  start selfserv -d sql:nss -n kms:rsa -e kms:ec -p 4433 -v
  eventually tls_client rsa.crt -connect localhost:4433 -tls1_2 -cipher aRSA
  tls_client ec.crt -connect localhost:4433 -tls1_2 -cipher aECDSA
  tls_client rsa.crt -connect localhost:4433 -tls1_3 -sigalgs RSA-PSS+SHA256:RSA+SHA256
  tls_client ec.crt -connect localhost:4433 -tls1_3 -sigalgs ECDSA+SHA384:RSA+SHA256
}

# With SHA-1, which KMS does not sign.
signtool_is_too_old() {
  mkdir site
  echo text >site/file
  assert_fails_with 'PROBLEM signing data' signtool -d sql:nss -k kms:rsa -Z site.jar site
}

# Its key schedules the deletion, and can be had back.
a_deleted_key_is_kms_s() {
  certutil -F -d sql:nss -h kms -n kms:ec
  assert_eq "$(key_state alias/ec)" PendingDeletion
  assert_lacks "$(certutil -K -d sql:nss -h kms)" "$(id_of ec)"
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
test_case 'certutil lists key pairs of KMS' kms_key_pairs_are_listed
test_case 'and signs requests with them' kms_keys_sign_requests
test_case 'certificates in the token belong to them' certificates_belong_to_kms_keys
test_case 'cmsutil signs mail with them' kms_keys_sign_mail
test_case 'selfserv serves TLS with them' kms_keys_serve_tls
test_case 'signtool cannot sign with them' signtool_is_too_old
test_case 'certutil deletes them' a_deleted_key_is_kms_s
test_case 'modutil -string names the configuration' configuration_is_a_module_parameter
done_testing
