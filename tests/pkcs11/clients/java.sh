#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Java: keytool and a program of java/, with SunPKCS11.
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"
make_key app
cat >sun.cfg <<CONF
name = Trent
library = $module
slotListIndex = 0
CONF

# What runs for a second need not be compiled well.
quick=-XX:TieredStopAtLevel=1

# The password is asked for, and not looked at: the configuration has the PIN.
keystore() {
  timeout 120 keytool -J$quick "$@" -keystore NONE -storetype PKCS11 -storepass none \
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
  output=$(timeout 120 keytool -J$quick -list -keystore NONE -storetype PKCS11 -storepass "$(cat "$kms/pin")" \
    -addprovider SunPKCS11 -providerArg sun.cfg)
  assert_contains "$output" 'second, SecretKeyEntry'
}

# A key pair is an entry if there is a certificate of the same CKA_ID beside it.
key_pairs_are_listed() {
  new_key rsa RSA_2048 SIGN_VERIFY
  new_key ec ECC_NIST_P256 SIGN_VERIFY
  new_key agree ECC_NIST_P256 KEY_AGREEMENT
  new_key mac HMAC_256 GENERATE_VERIFY_MAC
  assert_lacks "$(keystore -list)" PrivateKeyEntry
  for name in rsa ec agree; do certify $name; done
  output=$(keystore -list)
  for name in rsa ec agree; do assert_contains "$output" "$name, PrivateKeyEntry"; done
  assert_contains "$output" 'mac, SecretKeyEntry'
  # Java looks at the key: this signs.
  keystore -certreq -alias ec -file ec.csr
  openssl req -in ec.csr -verify -noout
  openssl req -in ec.csr -pubkey -noout | assert_same_file ec.pem -
}

# A program that is compiled when it starts.
program() {
  timeout 120 java $quick "$TRENT_SOURCE/tests/pkcs11/clients/java/Keys.java" program.cfg "$@"
}

a_program_uses_them() {
  # Java reads the secret of an agreement, which the template has to allow.
  cat sun.cfg - >program.cfg <<-CONF
	attributes(*, CKO_SECRET_KEY, CKK_GENERIC_SECRET) = {
	  CKA_SENSITIVE = false
	  CKA_EXTRACTABLE = true
	}
	CONF
  printf 'a letter' >letter
  trent generate-mac --key-id alias/mac --message fileb://letter --mac-algorithm HMAC_SHA_256 --output raw >letter.mac
  cat >wanted <<-END
	rsa signs by SHA256withRSA
	rsa signs by SHA384withRSA
	rsa signs by SHA512withRSA
	rsa signs by RSASSA-PSS
	ec signs by SHA256withECDSA
	ec signs by SHA512withECDSA
	agree agrees
	$(xxd -p -c 99 letter.mac)
	END
  program rsa SHA256withRSA rsa SHA384withRSA rsa SHA512withRSA rsa RSASSA-PSS \
    ec SHA256withECDSA ec SHA512withECDSA agree ECDH mac HmacSHA256 | assert_same_file wanted -
}

# Java chooses the key by what the client can verify.
a_program_serves_tls() {
  # Java would choose it, too.
  pkcs11-tool --module "$module" --delete-object --type cert --label agree
  start program serves port 4
  eventually test -e port
  server="-connect 127.0.0.1:$(cat port)"
  # shellcheck disable=SC2086 # two words
  for name in rsa ec; do
    case $name in rsa) algorithm=RSA-PSS+SHA256 ;; ec) algorithm=ECDSA+SHA256 ;; esac
    # The certificate itself has a signature of the authority's.
    tls_client $name.crt $server -tls1_3 -sigalgs $algorithm:RSA+SHA256 -ign_eof
    assert_contains "$(cat said)" 'hello from Java'
    case $name in rsa) ciphers=aRSA ;; ec) ciphers=aECDSA ;; esac
    tls_client $name.crt $server -tls1_2 -cipher $ciphers -ign_eof
    assert_contains "$(cat said)" 'hello from Java'
  done
}

test_case 'keytool lists the KMS keys' kms_keys_are_listed
test_case 'keytool generates a secret key' secret_key_is_generated
test_case 'keytool generates a key pair and signs with it' key_pair_is_generated_and_used
test_case 'keytool deletes; of KMS keys, the deletion is scheduled' entries_are_deleted
test_case 'keytool lists key pairs of KMS that have certificates, and signs with them' key_pairs_are_listed
case_with /usr/bin/javac 'a program signs, agrees on a secret and makes a MAC with them' a_program_uses_them
case_with /usr/bin/javac 'and serves TLS' a_program_serves_tls
test_case 'keytool logs in where the configuration has no PIN' login_without_a_configured_pin
done_testing
