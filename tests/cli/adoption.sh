#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Keys that other programs have made in the token (pkcs11-tool, softhsm2-util), adopted and used by
# the command. kms adoption has the attributes one by one.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token
printf 'a\0letter\377' >letter

hsm() {
  pkcs11-tool --module "$softhsm_module" --token-label kms --login --pin 1234 "$@" 2>hsm.err ||
    { cat hsm.err; return 1; }
}
# adopt NAME [OPTION...]: prints the key ID.
adopt() {
  name=$1
  shift
  trent create-key --origin EXTERNAL_KEY_STORE --xks-key-id "$name" --output raw "$@"
}
refuses() { # PATTERN NAME [OPTION...]
  pattern=$1 name=$2
  shift 2
  fails 254 "$pattern" create-key --origin EXTERNAL_KEY_STORE --xks-key-id "$name" "$@"
}

a_generated_rsa_key_signs() {
  hsm --keypairgen --key-type RSA:2048 --label signer --id 01 >/dev/null
  refuses 'ValidationException.*You must specify a KeyUsage.*ENCRYPT_DECRYPT and SIGN_VERIFY' signer
  key=$(adopt 'pkcs11:object=signer;type=private' --key-usage SIGN_VERIFY --description 'the old one')
  trent describe-key --key-id "$key" >described
  assert_eq "$(field described KeyMetadata Origin)" EXTERNAL_KEY_STORE
  assert_eq "$(field described KeyMetadata XksKeyConfiguration Id)" 'pkcs11:object=signer;type=private'
  assert_eq "$(field described KeyMetadata KeySpec)" RSA_2048
  trent sign --key-id "$key" --message fileb://letter --signing-algorithm RSASSA_PKCS1_V1_5_SHA_256 \
    --output raw --output-file letter.sig
  hsm --read-object --type pubkey --id 01 --output-file public.der >/dev/null
  openssl dgst -sha256 -verify public.der -keyform DER -signature letter.sig letter >out
  assert_eq "$(cat out)" 'Verified OK'
  # And the other program as before.
  openssl dgst -sha256 -binary letter >digest
  hsm --sign --mechanism SHA256-RSA-PKCS --id 01 --input-file letter --output-file other.sig >/dev/null
  assert_same_file letter.sig other.sig
}

an_imported_rsa_key_decrypts() {
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out imported.pem 2>/dev/null
  softhsm2-util --import imported.pem --token kms --pin 1234 --label imported --id 02 >/dev/null
  key=$(adopt 'pkcs11:id=%02' --key-usage ENCRYPT_DECRYPT)
  openssl pkeyutl -encrypt -inkey imported.pem -pkeyopt rsa_padding_mode:oaep -in letter -out letter.rsa
  trent decrypt --key-id "$key" --encryption-algorithm RSAES_OAEP_SHA_1 \
    --ciphertext-blob fileb://letter.rsa --output raw >out
  assert_same_file letter out
  symmetric=$(trent create-key --output raw)
  trent re-encrypt --source-key-id "$key" --source-encryption-algorithm RSAES_OAEP_SHA_1 \
    --ciphertext-blob fileb://letter.rsa --destination-key-id "$symmetric" --output raw >letter.blob
  trent decrypt --ciphertext-blob fileb://letter.blob --output raw >out
  assert_same_file letter out
  trent encrypt --key-id "$key" --encryption-algorithm RSAES_OAEP_SHA_1 --plaintext fileb://letter \
    --output raw >letter.rsa
  openssl pkeyutl -decrypt -inkey imported.pem -pkeyopt rsa_padding_mode:oaep -in letter.rsa -out out
  assert_same_file letter out
}

# An EC private key that is written alone does not tell its public half.
the_public_key_comes_from_a_certificate() {
  openssl ecparam -name prime256v1 -genkey -noout -out ec.pem
  openssl ec -in ec.pem -outform DER -out ec.der 2>/dev/null
  hsm --write-object ec.der --type privkey --label curve --id 03 >/dev/null
  refuses 'XksKeyInvalidConfigurationException.*curve.*public key' curve
  openssl req -new -x509 -key ec.pem -subj /CN=curve -outform DER -out curve.crt
  hsm --write-object curve.crt --type cert --label another --id 03 >/dev/null
  key=$(adopt curve)
  trent describe-key --key-id "$key" >described
  assert_eq "$(field described KeyMetadata KeySpec)" ECC_NIST_P256
  assert_eq "$(field described KeyMetadata KeyUsage)" SIGN_VERIFY
  trent sign --key-id "$key" --message fileb://letter --signing-algorithm ECDSA_SHA_256 \
    --output raw --output-file letter.sig
  openssl ec -in ec.pem -pubout -out ec.pub 2>/dev/null
  openssl dgst -sha256 -verify ec.pub -signature letter.sig letter >out
  assert_eq "$(cat out)" 'Verified OK'
}

secret_keys() {
  hsm --keygen --key-type GENERIC:32 --private --sensitive --label mac --id 04 >/dev/null
  key=$(adopt mac)
  trent generate-mac --key-id "$key" --message fileb://letter --mac-algorithm HMAC_SHA_256 \
    --output raw --output-file letter.mac
  trent verify-mac --key-id "$key" --message fileb://letter --mac-algorithm HMAC_SHA_256 \
    --mac fileb://letter.mac >out
  assert_eq "$(field out MacValid)" true
  hsm --keygen --key-type AES:32 --private --sensitive --label aes --id 05 >/dev/null
  refuses 'XksKeyInvalidConfigurationException.*aes in the token cannot derive .CKA_DERIVE is false' aes
  hsm --keygen --key-type AES:16 --private --sensitive --label short --id 06 >/dev/null
  refuses 'XksKeyInvalidConfigurationException.*AES key of 16 bytes' short
}

# As pkcs11-tool makes them if nobody says --private.
a_key_that_needs_no_pin() {
  hsm --keygen --key-type GENERIC:32 --label open --id 08 >/dev/null
  refuses 'XksKeyInvalidConfigurationException.*open in the token.*CKA_PRIVATE is false' open
}

what_is_not_there_or_taken() {
  refuses 'XksKeyNotFoundException.*nobody' pkcs11:object=nobody
  refuses 'XksKeyAlreadyInUseException.*mac' mac
  refuses 'ValidationException.*not a PKCS#11 URI' pkcs11:objekt=mac
  fails 254 'ValidationException.*XksKeyId is required' create-key --origin EXTERNAL_KEY_STORE
  fails 254 'ValidationException.*only for keys of origin' create-key --xks-key-id mac
}

an_object_that_is_gone_is_named() {
  hsm --keygen --key-type GENERIC:32 --private --sensitive --label gone --id 07 >/dev/null
  key=$(adopt gone)
  trent check >out
  hsm --delete-object --type secrkey --label gone >/dev/null
  fails 254 'KeyUnavailableException.*\(gone\) is not in the token' generate-mac --key-id "$key" \
    --message fileb://letter --mac-algorithm HMAC_SHA_256
  status=0
  trent check >out 2>&1 || status=$?
  assert_eq "$status" 1
  assert_contains "$(cat out)" "Key $key: The object gone, from which it was adopted, is not in the token."
  hsm --keygen --key-type GENERIC:32 --private --sensitive --label gone --id 07 >/dev/null
  fails 254 'KMSInternalException.*gone in the token is not the key that was adopted' generate-mac \
    --key-id "$key" --message fileb://letter --mac-algorithm HMAC_SHA_256
  # Nothing of it is removed by a repair.
  trent check --repair >out 2>&1 || :
  assert_contains "$(cat out)" 'is not the key that was adopted'
  hsm --list-objects --type secrkey >objects
  assert_contains "$(cat objects)" gone
}

test_case 'an RSA key of pkcs11-tool signs' a_generated_rsa_key_signs
test_case 'an imported RSA key decrypts' an_imported_rsa_key_decrypts
test_case 'a public key comes from a certificate' the_public_key_comes_from_a_certificate
test_case 'secret keys' secret_keys
test_case 'a key that needs no PIN is refused' a_key_that_needs_no_pin
test_case 'what is not there, or taken' what_is_not_there_or_taken
test_case 'an object that is gone or replaced is named' an_object_that_is_gone_is_named
done_testing
