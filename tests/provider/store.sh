#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `openssl storeutl` and `openssl pkey` on kms: URIs.
. "$TRENT_SOURCE/tests/provider/keys.sh"
"$trent" create-alias --alias-name alias/also-old --target-key-id "$(cat old.id)" ||
  bail_out 'cannot make an alias'

all_keys_are_listed() {
  ossl storeutl kms: >list
  assert_eq "$(tail -n 1 list)" 'Total found: 2'
  assert_eq "$(grep -c '^kms:arn:' list)" 2
  grep -Fx "kms:$(arn_of new)  Enabled  SYMMETRIC_DEFAULT  alias/new" list
  grep -E "^kms:$(arn_of old)  Enabled  SYMMETRIC_DEFAULT  " list | grep alias/also-old |
    grep alias/old
}

one_key_is_shown() {
  for uri in kms:alias/new kms://alias/new "kms:$(cat new.id)" "kms:$(arn_of new)" KMS:alias/new; do
    assert_eq "$(ossl storeutl "$uri" | sed -n 2p)" \
      "kms:$(arn_of new)  Enabled  SYMMETRIC_DEFAULT  alias/new"
  done
}

listed_uri_can_be_used() {
  uri=$(ossl storeutl kms:alias/new | sed -n '2s/ .*//p')
  ossl pkeyutl -encrypt -inkey "$uri" -in secret -out blob
}

text_tells_all() {
  for command in 'storeutl -noout -text kms:alias/old' 'pkey -noout -text -in kms:alias/old' \
    'pkey -noout -text_pub -in kms:alias/old' 'pkey -pubin -noout -text -in kms:alias/old'; do
    # shellcheck disable=SC2086
    ossl $command >text
    grep -Fx "Key ARN: $(arn_of old)" text
    grep '^Aliases: ' text | grep alias/old | grep alias/also-old
    grep -Fx 'State: Enabled' text
    grep -Fx 'Key spec: SYMMETRIC_DEFAULT' text
    grep -Fx 'Key usage: ENCRYPT_DECRYPT' text
    grep -E '^Created: 20[0-9]{2}-[0-9]{2}-[0-9]{2} ' text
    grep -Ex 'Key material: [0-9a-f]{64}' text
  done
}

state_and_description_are_shown() {
  id=$("$trent" create-key --description "$(printf 'two\nlines \033[31m')" --output raw)
  "$trent" disable-key --key-id "$id"
  ossl storeutl -noout -text "kms:$id" >text
  grep -Fx 'State: Disabled' text
  grep -Fx 'Description: two\nlines \x1b[31m' text
  "$trent" schedule-key-deletion --key-id "$id"
  ossl storeutl -noout -text "kms:$id" >text
  grep -Fx 'State: PendingDeletion' text
  grep '^To be deleted: 20' text
}

key_is_valid() {
  assert_contains "$(ossl pkey -check -noout -in kms:alias/old 2>&1)" 'Key is valid'
}

key_does_not_come_out() {
  ossl pkey -in kms:alias/old >out
  assert_eq "$(grep BEGIN out)" '-----BEGIN KMS KEY URI-----'
  # Whoever gives a passphrase believes that the file holds the key.
  assert_fails_with 'never leaves its token' \
    ossl pkey -in kms:alias/old -out key.pem -aes256 -passout pass:x
  [ ! -s key.pem ]
  assert_fails_with 'unsupported type' ossl pkey -in kms:alias/old -outform DER
  assert_fails_with 'there is no public key' ossl pkey -in kms:alias/old -pubout
  assert_fails_with 'there is no public key' ossl pkey -in kms:alias/old -pubout -outform DER
}

empty_token_has_no_keys() {
  (
    export TRENT_CONF="$work/empty.toml"
    softhsm2-util --init-token --free --label empty --so-pin 12345678 --pin 1234
    sed 's/token=kms/token=empty/' trent.toml >empty.toml
    assert_eq "$(ossl storeutl kms:)" 'Total found: 0'
  )
}

# What a script writes whose variable is not set.
missing_name_is_no_key() {
  for uri in kms: kms://; do
    for command in "pkeyutl -encrypt -in secret -out no.blob -inkey $uri" "pkey -noout -in $uri" \
      "pkey -noout -pubin -in $uri" "storeutl -keys $uri"; do
      # shellcheck disable=SC2086
      assert_fails_with 'ValidationException:.*names no key.*storeutl kms:' ossl $command
    done
    assert_contains "$(ossl storeutl -text -noout $uri)" 'Total found:'
  done
}

certificates_are_not_there() {
  assert_eq "$(ossl storeutl -certs kms:)" 'Total found: 0'
  assert_eq "$(ossl storeutl -keys kms:alias/new | tail -n 1)" 'Total found: 1'
  assert_fails_with 'Could not read certificate' ossl x509 -in kms:alias/old
}

missing_key_is_an_error() {
  assert_fails_with 'NotFoundException:.*alias/missing' ossl storeutl kms:alias/missing
  assert_fails_with 'NotFoundException:.*alias/missing' ossl pkey -noout -in kms:alias/missing
}

# OpenSSL's rule: a file of that name comes first, unless the URI has two slashes.
file_of_the_same_name() {
  mkdir kms:alias
  openssl genpkey -algorithm ED25519 -out kms:alias/old
  assert_contains "$(ossl pkey -noout -text -in kms:alias/old)" ED25519
  assert_contains "$(ossl pkey -noout -text -in kms://alias/old)" "$(arn_of old)"
  rm -r kms:alias
}

test_case 'all keys are listed' all_keys_are_listed
test_case 'one key is shown' one_key_is_shown
test_case 'a listed URI can be used' listed_uri_can_be_used
test_case 'text tells all' text_tells_all
test_case 'state and description are shown' state_and_description_are_shown
test_case 'a key is valid' key_is_valid
test_case 'a key does not come out' key_does_not_come_out
test_case 'an empty token has no keys' empty_token_has_no_keys
test_case 'a name that is missing is no key' missing_name_is_no_key
test_case 'certificates are not there' certificates_are_not_there
test_case 'a key that does not exist is an error' missing_key_is_an_error
test_case 'a file of the same name comes first' file_of_the_same_name
done_testing
