#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# OpenSC's pkcs11-tool.
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"

tool() { timeout 60 pkcs11-tool --module "$module" "$@"; }
# refused CODE OPTION...
refused() {
  code=$1
  shift
  assert_fails_with "$code" pkcs11-tool --module "$module" "$@"
}
objects() { tool --list-objects 2>/dev/null; }

slot_is_listed() {
  output=$(tool --list-slots)
  assert_contains "$output" 'Trent KMS, account 111122223333, region local'
  assert_contains "$output" 'token label        : kms'
  assert_contains "$output" 'serial num         : 111122223333'
  assert_contains "$output" 'PIN pad present'
  assert_eq "$(printf '%s\n' "$output" | grep -c '^Slot')" 1
}

mechanisms_are_listed() {
  output=$(tool --list-mechanisms)
  assert_contains "$output" 'mechtype-0xD4520001, keySize={32,32}, encrypt, decrypt, wrap, unwrap'
  assert_contains "$output" 'mechtype-0xD4520002, keySize={32,32}, encrypt'
  assert_contains "$output" 'AES-GCM'
}

both_interfaces_are_listed() {
  output=$(tool --list-interfaces)
  assert_contains "$output" 'version: 3.0'
  assert_contains "$output" 'version: 2.40'
}

keygen_creates_a_kms_key_with_an_alias() {
  tool --keygen --key-type AES:32 --label old
  assert_eq "$(key_state alias/old)" Enabled
  tool --keygen --key-type AES:32 --label alias/new
  assert_eq "$(key_state alias/new)" Enabled
}

label_in_use_is_refused() {
  before=$(trent list-keys | grep -c KeyId)
  refused CKR_ATTRIBUTE_VALUE_INVALID --keygen --key-type AES:32 --label old
  assert_eq "$(trent list-keys | grep -c KeyId)" "$before"
}

label_that_no_alias_can_have_is_refused() {
  trent check >before
  refused CKR_ATTRIBUTE_VALUE_INVALID --keygen --key-type AES:32 --label 'bad label!'
  refused CKR_ATTRIBUTE_VALUE_INVALID --keygen --key-type AES:32 --label aws/x
  trent check >after
  assert_same_file before after
}

# What no KMS key can be.
other_keys_are_the_tokens() {
  trent list-keys >before
  tool --keygen --key-type AES:16 --label short
  tool --keygen --key-type AES:32 --label own-id --id 0105
  tool --keygen --key-type AES:32 --label readable --extractable
  assert_contains "$(objects)" 'ID:         0105'
  trent check
  tool --delete-object --type secrkey --label short
  tool --delete-object --type secrkey --id 0105
  tool --delete-object --type secrkey --label readable
  trent list-keys >after
  assert_same_file before after
}

# keygen RULE: with this line in the configuration.
keygen() {
  sed "1i keygen = \"$1\"" "$kms/trent.toml" >"$kms/keygen.toml"
  export TRENT_CONF="$kms/keygen.toml"
}

only_kms_keys_if_the_configuration_says_so() {
  keygen kms
  refused CKR_KEY_SIZE_RANGE --keygen --key-type AES:16 --label short
  refused CKR_ATTRIBUTE_READ_ONLY --keygen --key-type AES:32 --label own-id --id 0105
  refused CKR_ATTRIBUTE_READ_ONLY --keypairgen --key-type EC:prime256v1 --id 0105 --usage-sign
  refused CKR_KEY_SIZE_RANGE --keypairgen --key-type rsa:1024 --usage-sign
}

no_kms_keys_if_the_configuration_says_so() {
  keygen token
  trent list-keys >before
  tool --keygen --key-type AES:32 --label 'of the token'
  tool --delete-object --type secrkey --label 'of the token'
  trent list-keys >after
  assert_same_file before after
}

objects_are_the_kms_keys() {
  output=$(objects)
  assert_contains "$output" 'label:      old'
  assert_contains "$output" "ID:         $(id_of old)"
  assert_contains "$output" 'Access:     sensitive, always sensitive, never extractable, local'
  arn=arn:aws:kms:local:111122223333:key/$(trent describe-key --key-id alias/old --output raw)
  assert_contains "$output" "Unique ID:  $arn"
  # Neither key material nor records.
  assert_eq "$(printf '%s\n' "$output" | grep -c ' Object')" 2
}

data_key_goes_from_key_to_key_in_the_token() { # OPTION... for the data key
  make_data_key alias/old
  tool --unwrap --mechanism 0xD4520001 --id "$(id_of old)" --input-file data-key.blob \
    --key-type AES: --application-label data-key --application-id 0102 "$@"
  iv=000102030405060708090a0b0c0d0e0f
  echo text >text
  tool --encrypt --id 0102 --mechanism AES-CBC-PAD --iv $iv --input-file text --output-file encrypted
  assert_eq "$(openssl enc -d -aes-256-cbc -K "$(xxd -p -c 32 data-key)" -iv $iv -in encrypted)" text
  tool --wrap --mechanism 0xD4520001 --id "$(id_of new)" --application-id 0102 --output-file moved.blob
  tool --delete-object --type secrkey --id 0102
  trent decrypt --key-id alias/new --ciphertext-blob fileb://moved.blob --output raw >back
  assert_same_file back data-key
}

sensitive_data_key_is_not_shown() {
  make_data_key alias/old
  output=$(tool --unwrap --mechanism 0xD4520001 --id "$(id_of old)" --input-file data-key.blob \
    --key-type AES: --application-id 0103 --sensitive)
  assert_lacks "$output" "$(xxd -p -c 32 data-key)"
  assert_lacks "$output" VALUE
  tool --delete-object --type secrkey --id 0103
}

wrong_key_is_refused() {
  make_data_key alias/old
  refused CKR_UNWRAPPING_KEY_HANDLE_INVALID --unwrap --mechanism 0xD4520001 \
    --id "$(id_of new)" --input-file data-key.blob --key-type AES: --application-id 0104
  printf x >>data-key.blob
  refused CKR_WRAPPED_KEY_INVALID --unwrap --mechanism 0xD4520001 \
    --id "$(id_of old)" --input-file data-key.blob --key-type AES: --application-id 0104
  assert_lacks "$(objects)" 'ID:         0104'
}

# Of pkcs11-tool 0.23: when this case fails, docs/pkcs11.md has more to say.
tool_itself_refuses_to_encrypt() {
  echo text >text
  refused 'illegal or not supported' --encrypt --label old --mechanism 0xD4520001 \
    --input-file text --output-file encrypted
}

random_numbers() {
  tool --generate-random 32 --output-file random1
  tool --generate-random 32 --output-file random2
  assert_eq "$(cat random1 random2 | wc -c)" 64
  if cmp random1 random2; then return 1; fi
}

delete_schedules_the_deletion() {
  make_key doomed
  echo secret | trent encrypt --key-id alias/doomed --plaintext - --output raw >blob
  tool --delete-object --type secrkey --label doomed
  assert_lacks "$(objects)" doomed
  assert_eq "$(key_state alias/doomed)" PendingDeletion
  days=$(trent describe-key --key-id alias/doomed | sed -n 's/.*"DeletionDate": "\(.*\)".*/\1/p')
  assert_eq "$(date -d "$days - 30 days" -I -u)" "$(date -I -u)"
  # The key material is still there.
  key=$(trent describe-key --key-id alias/doomed --output raw)
  trent cancel-key-deletion --key-id "$key"
  trent enable-key --key-id "$key"
  assert_eq "$(trent decrypt --ciphertext-blob fileb://blob --output raw)" secret
  assert_contains "$(objects)" doomed
}

certificates_and_data_can_be_stored() {
  openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=test -keyout key.pem -outform DER -out cert.der
  tool --write-object cert.der --type cert --label web --id 77
  tool --read-object --type cert --label web --output-file read.der
  assert_same_file read.der cert.der
  echo data >data
  tool --write-object data --type data --label note
  tool --read-object --type data --label note --output-file read
  assert_same_file read data
  tool --delete-object --type cert --label web
  tool --delete-object --type data --label note
  assert_lacks "$(objects)" web
}

trents_own_objects_are_out_of_reach() {
  refused 'object not found' --read-object --type data --application-label trent
  refused 'object not found' --read-object --type data --label trent/alias/old
  echo data >data
  refused CKR_TEMPLATE_INCONSISTENT --write-object data --type data \
    --application-label trent --label trent/alias/mine
}

login_is_accepted_but_not_needed() {
  assert_contains "$(tool --list-objects --login --pin whatever 2>/dev/null)" 'label:      old'
}

login_is_needed_without_a_configured_pin() {
  without_pin
  assert_contains "$(tool --list-slots)" 'login required'
  assert_lacks "$(tool --list-slots)" 'PIN pad'
  assert_lacks "$(objects)" old
  assert_contains "$(tool --list-objects --login --pin "$(cat "$kms/pin")" 2>/dev/null)" 'label:      old'
  refused CKR_PIN_INCORRECT --list-objects --login --pin 00000000
  tool --keygen --key-type AES:32 --label logged-in --login --pin "$(cat "$kms/pin")"
  refused CKR_USER_NOT_LOGGED_IN --keygen --key-type AES:32 --label not-logged-in
}

# always_authenticate LOGIN...: a key that wants the PIN for each signature.
always_authenticate() {
  tool "$@" --keypairgen --key-type RSA:2048 --id 7a --label always --always-auth --usage-sign
  echo message >message
  tool "$@" --sign --id 7a --mechanism SHA256-RSA-PKCS --input-file message --output-file signature
  tool --read-object --type pubkey --id 7a --output-file public.der
  openssl dgst -sha256 -keyform DER -verify public.der -signature signature message
  tool "$@" --delete-object --type privkey --id 7a
  tool "$@" --delete-object --type pubkey --id 7a
}

pin_is_wanted_for_each_signature() {
  always_authenticate --login --pin "$(cat "$kms/pin")"
  # Whatever the PIN: Trent gives the configuration's.
  always_authenticate --login --pin whatever
}

pin_is_wanted_for_each_signature_without_a_configured_one() {
  without_pin
  always_authenticate --login --pin "$(cat "$kms/pin")"
}

own_tests_pass() {
  tool --test >output
  cat output
  assert_contains "$(cat output)" 'No errors'
}

survives_fork() { # SETTING
  sed "s/^library.reset_on_fork.*//; \$a library.reset_on_fork = $1" "$SOFTHSM2_CONF" >softhsm2.conf
  SOFTHSM2_CONF=$PWD/softhsm2.conf
  output=$(tool --test-fork 2>&1)
  assert_contains "$output" 'Calling C_Initialize in forked child process'
  assert_lacks "$output" CKR_
  assert_lacks "$output" error
}

nothing_is_configured() {
  unset TRENT_CONF
  assert_contains "$(tool --show-info)" 'Trent KMS'
  # It would say so of any module without slots.
  assert_contains "$(tool --list-slots 2>&1)" 'No slots'
}

# In a terminal. The shell's own exit status tells nothing of the program's.
in_terminal() { script -qec "$*" /dev/null </dev/null | tr -d '\r'; }
# complaint: what the module says itself, of an attempt to list objects.
complaint() { in_terminal timeout 60 pkcs11-tool --module "$module" --list-slots | grep '^trent: '; }

# says WORDS...: the module says this, in one line and once, in the words of the command, and not if
# it is told to be quiet.
says() {
  output=$(complaint)
  assert_contains "$output" "$1"
  assert_eq "$(printf '%s\n' "$output" | wc -l)" 1
  status=0
  trent list-keys >words 2>&1 || status=$?
  [ $status -ne 0 ]
  assert_contains "$(tr '\n' ' ' <words)" "${output#trent: }"
  export TRENT_QUIET=1
  assert_eq "$(complaint)" ''
  unset TRENT_QUIET
  # Nor in the way of a program whose standard error goes elsewhere, where there is a syslog.
  if [ -e /dev/log ]; then
    assert_lacks "$(tool --list-slots 2>&1)" 'trent: '
  else
    elsewhere=$(tool --list-slots 2>&1 || :)
    assert_contains "$elsewhere" "$output"
  fi
}

bad_configuration_is_explained() {
  echo 'keygem = "kms"' >bad.toml
  export TRENT_CONF="$PWD/bad.toml"
  says 'bad.toml:1: "keygem" is not a known key'
}

missing_configuration_is_explained() {
  export TRENT_CONF="$PWD/missing.toml"
  says 'missing.toml (named by TRENT_CONF) cannot be read'
}

missing_token_is_explained() {
  sed 's/^uri .*/uri = "pkcs11:token=absent"/' "$kms/trent.toml" >"$kms/absent.toml"
  export TRENT_CONF="$kms/absent.toml"
  says 'No token matches uri "pkcs11:token=absent"'
  assert_contains "$(tool --list-slots 2>&1)" 'not found: token=absent'
}

missing_module_is_explained() {
  sed 's|^module .*|module = "/nonexistent/module.so"|' "$kms/trent.toml" >"$kms/module.toml"
  export TRENT_CONF="$kms/module.toml"
  says '/nonexistent/module.so'
}

test_case 'one slot, with a token that needs no PIN' slot_is_listed
test_case 'mechanisms: Trent'\''s and the token'\''s' mechanisms_are_listed
test_case 'interfaces 3.0 and 2.40' both_interfaces_are_listed
test_case 'keygen creates a KMS key and its alias' keygen_creates_a_kms_key_with_an_alias
test_case 'keygen with a label in use creates nothing' label_in_use_is_refused
test_case 'keygen with a label that no alias can have creates nothing' \
  label_that_no_alias_can_have_is_refused
test_case 'keygen of what no KMS key can be makes a key of the token' other_keys_are_the_tokens
test_case 'keygen = "kms": KMS keys and no others' only_kms_keys_if_the_configuration_says_so
test_case 'keygen = "token": no KMS keys' no_kms_keys_if_the_configuration_says_so
test_case 'the objects are the KMS keys' objects_are_the_kms_keys
test_case 'unwrap and wrap move a data key from key to key' data_key_goes_from_key_to_key_in_the_token \
  --extractable
test_case 'and one that cannot be read' data_key_goes_from_key_to_key_in_the_token \
  --extractable --sensitive
test_case 'a sensitive data key is not shown' sensitive_data_key_is_not_shown
test_case 'unwrap with another key, or of something else, is refused' wrong_key_is_refused
test_case 'pkcs11-tool itself encrypts with AES only' tool_itself_refuses_to_encrypt
test_case 'random numbers' random_numbers
test_case 'delete schedules the deletion of the key' delete_schedules_the_deletion
test_case 'certificates and data are stored and found again' certificates_and_data_can_be_stored
test_case 'records and key material cannot be read or forged' trents_own_objects_are_out_of_reach
test_case 'a login that nobody needs does no harm' login_is_accepted_but_not_needed
test_case 'without a PIN in the configuration the program logs in' login_is_needed_without_a_configured_pin
test_case 'a key that wants the PIN for each signature' pin_is_wanted_for_each_signature
test_case 'and without a PIN in the configuration' pin_is_wanted_for_each_signature_without_a_configured_one
test_case 'pkcs11-tool --test' own_tests_pass
test_case 'pkcs11-tool --test-fork' survives_fork false
test_case 'pkcs11-tool --test-fork, and SoftHSM that resets on fork' survives_fork true
test_case 'without a configuration there are no slots' nothing_is_configured
test_case 'a bad configuration is explained' bad_configuration_is_explained
test_case 'and one that is missing' missing_configuration_is_explained
test_case 'and a token that is missing' missing_token_is_explained
test_case 'and its module' missing_module_is_explained
done_testing
