#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# PyKCS11: what the mechanisms and attributes of Trent's own do, with their parameters.
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"
make_key old
make_key new

python() { timeout 60 python3 "$TRENT_SOURCE/tests/pkcs11/clients/pykcs11.py" "$module" "$@"; }

data_key() {
  make_data_key alias/old
  python uses_a_data_key_that_stays_in_the_token
  # What the token encrypted with the data key: AES-256-GCM, of which CTR is the heart.
  head -c -16 encrypted >text
  assert_eq "$(openssl enc -d -aes-256-ctr -K "$(xxd -p -c 32 data-key)" \
    -iv 00000000000000000000000000000002 -in text)" 'the secret of tenant acme'
}

blobs_are_those_of_the_command() {
  echo secret | trent encrypt --key-id alias/old --plaintext - --output raw \
    --encryption-context tenant=acme >blob
  python decrypts_a_blob_of_the_command
}

relabels() {
  make_key labelled
  python relabels
  assert_eq "$(key_state alias/relabelled)" Enabled
  assert_fails_with NotFoundException sh -c "$trent describe-key --key-id alias/labelled || exit 1"
}

key_pairs_sign() {
  new_key rsa RSA_2048 SIGN_VERIFY
  new_key ec ECC_NIST_P256 SIGN_VERIFY
  python signs_with_key_pairs
  trent verify --key-id alias/rsa --message fileb://letter --signature fileb://letter.sig \
    --signing-algorithm RSASSA_PKCS1_V1_5_SHA_256
}

key_pairs_decrypt() {
  new_key opener RSA_2048 ENCRYPT_DECRYPT
  python decrypts_with_a_key_pair
}

key_pairs_derive() {
  for name in agree agree-too; do new_key $name ECC_NIST_P256 KEY_AGREEMENT; done
  python derives_with_key_pairs
}

# Whoever logs in can do what the configured PIN allows.
after_a_login() {
  without_pin
  python nothing_works_before_the_login
  PIN=$(cat "$kms/pin")
  export PIN
  for case in encrypts_and_decrypts re_encrypts_without_parameters re_encrypts_with_parameters \
    re_encrypt_is_refused makes_keys_of_its_own; do
    python $case
  done
  # That it may, and need not, log in with any PIN where one is configured.
  TRENT_CONF=$kms/trent.toml
  PIN=whatever python encrypts_and_decrypts
}

finds_disabled_keys() {
  make_key disabled
  trent disable-key --key-id "$(trent describe-key --key-id alias/disabled --output raw)"
  python disabled_keys_are_found_by_state
}

through_the_proxy() {
  # shellcheck disable=SC2119 # no more lines
  p11_kit_registers
  module=$(of_library p11-kit-proxy.so)
  for case in encrypts_and_decrypts re_encrypts_without_parameters re_encrypts_with_parameters \
    re_encrypt_is_refused; do
    as_user timeout 60 python3 "$TRENT_SOURCE/tests/pkcs11/clients/pykcs11.py" "$module" $case
  done
}

test_case 'encrypts and decrypts, with and without context' python encrypts_and_decrypts
test_case 're-encrypts' python re_encrypts_without_parameters
test_case 're-encrypts with source key and contexts' python re_encrypts_with_parameters
test_case 're-encrypting is refused for what is wrong' python re_encrypt_is_refused
test_case 'a data key is used and wrapped without being seen' data_key
test_case 'blobs are those of the command' blobs_are_those_of_the_command
test_case 'a new label is a new alias' relabels
test_case 'makes keys of its own, which are no KMS keys' python makes_keys_of_its_own
test_case 'all of it after a login, where no PIN is configured' after_a_login
test_case 'key pairs sign and verify' key_pairs_sign
test_case 'and decrypt' key_pairs_decrypt
test_case 'and derive keys' key_pairs_derive
test_case 'disabled keys are found by their state' finds_disabled_keys
test_case 'the same through p11-kit-proxy.so' through_the_proxy
done_testing
