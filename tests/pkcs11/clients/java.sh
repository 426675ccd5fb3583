#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Java: keytool with SunPKCS11.
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"
make_key app
cat >sun.cfg <<CONF
name = Trent
library = $module
slotListIndex = 0
CONF

# The password is asked for, and not looked at: the configuration has the PIN.
keystore() {
  timeout 120 keytool "$@" -keystore NONE -storetype PKCS11 -storepass none \
    -addprovider SunPKCS11 -providerArg sun.cfg
}

kms_keys_are_listed() {
  output=$(keystore -list)
  assert_contains "$output" 'Keystore provider: SunPKCS11-Trent'
  assert_contains "$output" 'app, SecretKeyEntry'
  assert_contains "$output" 'contains 1 entry'
}

secret_key_is_generated() {
  keystore -genseckey -alias session -keyalg AES -keysize 256
  assert_contains "$(keystore -list)" 'session, SecretKeyEntry'
  # Java copies a session key: an ordinary key of the token, and no KMS key.
  assert_eq "$(trent list-keys | grep -c KeyId)" 1
}

key_pair_is_generated_and_used() {
  keystore -genkeypair -alias web -keyalg RSA -keysize 2048 -dname CN=web
  assert_contains "$(keystore -list)" 'web, PrivateKeyEntry'
  keystore -certreq -alias web -file web.csr
  openssl req -in web.csr -verify -noout
}

entries_are_deleted() {
  keystore -delete -alias session
  keystore -delete -alias web
  keystore -delete -alias app
  assert_contains "$(keystore -list)" 'contains 0 entries'
  assert_eq "$(key_state alias/app)" PendingDeletion
}

login_without_a_configured_pin() {
  make_key second
  without_pin
  output=$(timeout 120 keytool -list -keystore NONE -storetype PKCS11 -storepass "$(cat "$kms/pin")" \
    -addprovider SunPKCS11 -providerArg sun.cfg)
  assert_contains "$output" 'second, SecretKeyEntry'
}

test_case 'keytool lists the KMS keys' kms_keys_are_listed
test_case 'keytool generates a secret key' secret_key_is_generated
test_case 'keytool generates a key pair and signs with it' key_pair_is_generated_and_used
test_case 'keytool deletes; of KMS keys, the deletion is scheduled' entries_are_deleted
test_case 'keytool logs in where the configuration has no PIN' login_without_a_configured_pin
done_testing
