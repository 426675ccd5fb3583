#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# trent credential
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token
alice=arn:aws:iam::111122223333:user/team/alice
file=$work/credentials.toml

tool() { pkcs11-tool --module $softhsm_module --token-label kms --login --pin 1234 "$@"; }
# How many secrets of access keys there are in the token.
secrets() { tool --list-objects --type secrkey | grep -c 'label: *trent/credential/' || :; }
# create ARGUMENT...: sets id and secret.
create() {
  trent credential create "$@" >out 2>err
  id=$(field out AccessKey AccessKeyId)
  secret=$(field out AccessKey SecretAccessKey)
}
status_of() {
  trent credential list >keys.json
  python3 -c 'import json, sys
for key in json.load(open("keys.json"))["AccessKeyMetadata"]:
    if key["AccessKeyId"] == sys.argv[1]: print(key["Status"])' "$1"
}
start_anew() {
  rm -rf "$file" secrets
  tool --list-objects --type secrkey | sed -n 's/.*label: *\(trent\/credential.*\)/\1/p' >labels
  while read -r label; do
    tool --delete-object --type secrkey --label "$label" >/dev/null
  done <labels
}

as_aws_prints_it() {
  start_anew
  create --principal $alice
  assert_eq "$(names out) $(names out AccessKey)" \
    'AccessKey UserName AccessKeyId Status SecretAccessKey CreateDate'
  assert_eq "$(field out AccessKey UserName) $(field out AccessKey Status)" 'alice Active'
  matches "$(field out AccessKey CreateDate)" "$time"
  matches "$id" 'AKIA[A-Z2-7]{16}'
  matches "$secret" '[A-Za-z0-9+/]{40}'
  assert_contains "$(cat err)" 'within two seconds'
}

secret_is_in_the_token() {
  start_anew
  create --principal $alice
  assert_eq "$(secrets)" 1
  grep -qx "secret = \"token:trent/credential/$id\"" "$file"
  assert_lacks "$(cat "$file")" "$secret"
  assert_file_mode "$file" 600
  # It computes what the secret would.
  printf 20150830 >day
  tool --sign --mechanism SHA256-HMAC --label "trent/credential/$id" -i day -o mac 2>/dev/null ||
    return 0 # a pkcs11-tool that does not know HMAC
  printf 20150830 | openssl dgst -sha256 -mac HMAC -macopt "key:AWS4$secret" -binary >want
  assert_same_file mac want
}

secret_is_in_a_file() {
  start_anew
  create --principal $alice --secret-in file
  assert_eq "$(secrets)" 0
  grep -qx "secret = \"file:secrets/$id\"" "$file"
  assert_eq "$(cat secrets/"$id")" "$secret"
  assert_file_mode secrets/"$id" 600
  assert_file_mode secrets 700
}

bearer_token() {
  start_anew
  trent credential create --principal $alice --bearer >out 2>err
  token=$(field out BearerToken Token)
  matches "$token" '[A-Za-z0-9_-]{43}'
  assert_lacks "$(cat "$file")" "$token"
  grep -qx "bearer-sha256 = \"$(printf %s "$token" | sha256sum | cut -d' ' -f1)\"" "$file"
  trent credential list >keys.json
  assert_eq "$(field keys.json AccessKeyMetadata)" '[]'
  assert_eq "$(field keys.json OtherCredentials 0 UserName)" alice
}

list_shows_no_secrets() {
  start_anew
  create --principal $alice
  trent credential list >keys.json 2>err
  assert_eq "$(cat err)" ''
  assert_eq "$(names keys.json AccessKeyMetadata 0)" 'UserName Principal AccessKeyId Status Secret'
  assert_eq "$(field keys.json AccessKeyMetadata 0 Principal)" $alice
  assert_eq "$(field keys.json AccessKeyMetadata 0 AccessKeyId)" "$id"
  assert_lacks "$(cat keys.json)" "$secret"
}

disabled_and_deleted() {
  start_anew
  create --principal $alice
  trent credential disable --access-key-id "$id" 2>err
  assert_contains "$(cat err)" 'within two seconds'
  assert_eq "$(status_of "$id")" Inactive
  trent credential disable --access-key-id "$id"
  assert_eq "$(grep -c 'disabled' "$file")" 1
  trent credential delete --access-key-id "$id"
  assert_eq "$(status_of "$id")" ''
  assert_eq "$(secrets)" 0
  create --principal $alice --secret-in file
  trent credential delete --access-key-id "$id"
  assert_eq "$(ls secrets)" ''
}

rotated() {
  for place in token file; do
    start_anew
    create --principal $alice --secret-in $place
    old=$id
    echo 'expires = 2099-01-02T03:04:05Z' >>"$file"
    trent credential rotate --access-key-id "$old" >out 2>err
    assert_contains "$(cat err)" "The old access key, $old, is valid until it is deleted"
    id=$(field out AccessKey AccessKeyId)
    [ "$id" != "$old" ]
    assert_eq "$(status_of "$old") $(status_of "$id")" 'Active Active'
    assert_eq "$(field keys.json AccessKeyMetadata 1 Principal)" $alice
    assert_eq "$(field keys.json AccessKeyMetadata 1 ExpirationDate)" 2099-01-02T03:04:05+00:00
    assert_contains "$(field keys.json AccessKeyMetadata 1 Secret)" "$place:"
  done
}

# Somebody else wrote most of it.
the_file_is_changed_with_care() {
  start_anew
  cat >"$file" <<-'TOML'
	# Ours.

	[[principal]]  # the first
	arn = "arn:aws:iam::111122223333:user/a"   # who
	access-key-id = "AKIAA"
	secret = "token:mine"
	disabled = false # for now
	uid = 7

	# Bob's, from the old system
	[[principal]]
	arn = "arn:aws:iam::111122223333:user/bob"
	access-key-id = "AKIABOB"
	secret = "file:/nowhere/bob"
	# the last
	TOML
  chmod 600 "$file"
  cp "$file" before
  trent credential disable --access-key-id AKIAA
  sed 's/^disabled = false.*/disabled = true/' before | assert_same_file - "$file"
  trent credential delete --access-key-id AKIAA 2>err
  assert_contains "$(cat err)" 'left where it is'
  sed 's/^disabled = false.*/disabled = true/; /AKIAA/d; /token:mine/d' before |
    assert_same_file - "$file" # known by uid
  trent credential delete --access-key-id AKIABOB
  assert_eq "$(grep -c 'principal' "$file")" 1
  assert_contains "$(cat "$file")" "# Bob's, from the old system"
  create --principal $alice --secret-in file
  assert_eq "$(head -n 1 "$file")" '# Ours.'
  assert_file_mode "$file" 600
}

another_file() {
  start_anew
  mkdir -p elsewhere
  trent credential create --principal $alice --secret-in file --credentials elsewhere/c.toml >out
  [ ! -e "$file" ]
  id=$(field out AccessKey AccessKeyId)
  trent credential list --credentials elsewhere/c.toml >keys.json
  assert_eq "$(field keys.json AccessKeyMetadata 0 AccessKeyId)" "$id"
  [ -s elsewhere/secrets/"$id" ]
  # No configuration is needed for that.
  (unset TRENT_CONF && trent credential list --credentials elsewhere/c.toml >keys.json)
}

failures_leave_nothing() {
  start_anew
  for place in token file; do
    if trent credential create --principal $alice --secret-in $place >/dev/full 2>err; then return 1; fi
    assert_contains "$(cat err)" 'Nothing was made, for the secret could not be written'
    [ ! -e "$file" ]
    [ ! -e secrets ]
    assert_eq "$(secrets)" 0
  done
  create --principal $alice
  cp "$file" before
  if trent credential create --principal $alice >/dev/full 2>err; then return 1; fi
  if trent credential rotate --access-key-id "$id" >/dev/full 2>err; then return 1; fi
  assert_same_file "$file" before
  assert_eq "$(secrets)" 1
  sed "s|^module.*|module = \"$TRENT_BUILD/tests/fault.so\"|" trent.toml >fault.toml
  for call in C_SignInit C_Sign; do
    export TRENT_FAULT="1 $call 0x30"
    fails 255 CKR_DEVICE_ERROR credential create --principal $alice --config fault.toml
    assert_same_file "$file" before
  done
  export TRENT_FAULT='1 C_DestroyObject 0x30'
  fails 255 CKR_DEVICE_ERROR credential delete --access-key-id "$id" --config fault.toml
  unset TRENT_FAULT
  assert_same_file "$file" before
  assert_eq "$(secrets)" 1
  assert_eq "$(find . -name '.credentials*')" ''
}

two_at_once() {
  start_anew
  for n in 1 2 3 4 5 6; do
    trent credential create --principal $alice --secret-in file >out.$n 2>/dev/null &
  done
  wait
  assert_eq "$(grep -c access-key-id "$file")" 6
}

wrong_arguments() {
  start_anew
  fails 252 '^trent credential: Give a verb, such as create\.' credential
  fails 252 '`trent credential` has no verb of this name\. Did you mean create\?$' credential creat
  fails 252 '^trent credential create: .* required: --principal' credential create
  for arn in alice arn:aws:iam::1:user/a arn:aws:kms:local:111122223333:key/x; do
    fails 252 -- '--principal must be the ARN' credential create --principal $arn
  done
  fails 252 'no such access key' credential disable --access-key-id AKIANONE
  fails 252 'no such access key' credential delete --access-key-id ''
  fails 252 'No credentials can be kept in' credential create --principal $alice --credentials no/where.toml
  fails 253 'cannot be read: No such file' credential list
  [ ! -e "$file" ]
  create --principal $alice --secret-in file
  chmod 644 "$file"
  fails 253 "chmod 600 $file" credential list
  fails 253 "chmod 600 $file" credential create --principal $alice
  chmod 600 "$file"
  echo 'secret = "s3cr3t"' >>"$file"
  fails 253 "credentials.toml:" credential list
  assert_lacks "$(cat fails.err)" s3cr3t
}

help_is_there() {
  for verb in create list disable rotate delete; do
    trent credential $verb --help >help
    grep -q "^Usage: trent credential $verb" help
    grep -q '^Examples:' help
    trent credential $verb help | assert_same_file - help
  done
  trent credential --help >help
  trent credential help | assert_same_file - help
  trent help credential | assert_same_file - help
  grep -q '^Usage: trent credential VERB' help
}

option_before_the_verb() {
  start_anew
  create --principal $alice --secret-in file
  (unset TRENT_CONF && trent --config trent.toml credential list >keys.json)
  assert_eq "$(field keys.json AccessKeyMetadata 0 AccessKeyId)" "$id"
}

test_case 'an access key is printed as aws iam does' as_aws_prints_it
test_case 'its secret is in the token' secret_is_in_the_token
test_case 'or in a file' secret_is_in_a_file
test_case 'a bearer token, of which only the hash is kept' bearer_token
test_case 'the list' list_shows_no_secrets
test_case 'disable and delete' disabled_and_deleted
test_case 'rotate' rotated
test_case 'what others have written stays' the_file_is_changed_with_care
test_case 'another file' another_file
test_case 'a failure leaves nothing behind' failures_leave_nothing
test_case 'several at once' two_at_once
test_case 'arguments that are wrong' wrong_arguments
test_case 'help' help_is_there
test_case 'an option before the verb' option_before_the_verb
done_testing
