#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where the values of options come from, and what is said of those that make no sense.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token_for_suite
make_key app
printf 'a secret' >secret

decrypts_to_the_secret() {
  assert_eq "$(trent decrypt --ciphertext-blob - --output raw)" 'a secret'
}

literals_are_base64() {
  trent encrypt --key-id alias/app --plaintext 'YSBzZWNyZXQ=' --output raw | decrypts_to_the_secret
  trent encrypt --key-id alias/app --plaintext 'YSBz
ZWNyZXQ=' --output raw | decrypts_to_the_secret
}

files() {
  trent encrypt --key-id alias/app --plaintext fileb://secret --output raw | decrypts_to_the_secret
  trent encrypt --key-id alias/app --plaintext "fileb://$PWD/secret" --output raw |
    decrypts_to_the_secret
  trent encrypt --key-id alias/app --plaintext 'fileb://~/secret' --output raw |
    decrypts_to_the_secret # $HOME is this directory
  base64 -w 4 secret >encoded # lines, as base64 writes them
  trent encrypt --key-id alias/app --plaintext file://encoded --output raw | decrypts_to_the_secret
}

text_files() {
  printf 'alias/app\n' >name
  printf 'line 1\nline 2\n' >description
  trent describe-key --key-id file://name >out
  trent describe-key --key-id - <name >out
  trent create-key --description file://description >out
  assert_eq "$(field out KeyMetadata Description)" "$(cat description)"
  fails 252 "'--key-id'.*file://" describe-key --key-id fileb://name
}

# A literal that is no base64 is a usual mistake; a secret must not be repeated into a log.
not_base64() {
  for text in 'my secret' hello abc== 'YSBzZWNyZXQ' 'YSBzZWNyZXR=' 'YSBz-WNyZXQ='; do
    fails 252 "Error parsing parameter '--plaintext': Invalid base64.*fileb://PATH" \
      encrypt --key-id alias/app --plaintext "$text"
    assert_lacks "$(cat fails.err)" "$text"
  done
  fails 252 "'--plaintext': Invalid base64" encrypt --key-id alias/app --plaintext file://secret
  fails 252 "'--ciphertext-blob': Invalid base64" decrypt --ciphertext-blob file://secret
}

missing_files() {
  fails 252 "'--plaintext': Unable to load fileb://none: No such file" \
    encrypt --key-id alias/app --plaintext fileb://none
  fails 252 "'--ciphertext-blob': Unable to load file://none: No such file" \
    decrypt --ciphertext-blob file://none
  fails 252 "'--encryption-context': Unable to load file://none" \
    decrypt --ciphertext-blob fileb://secret --encryption-context file://none
  fails 252 'Is a directory' encrypt --key-id alias/app --plaintext fileb://.
  fails 252 'Unable to load fileb://' encrypt --key-id alias/app --plaintext fileb://
}

endless_input() {
  fails 252 'larger than 1 MiB.*generate-data-key' \
    encrypt --key-id alias/app --plaintext fileb:///dev/zero
  fails 252 'larger than 1 MiB' encrypt --key-id alias/app --plaintext - </dev/zero
}

standard_input_once() {
  fails 252 'Both --plaintext and --encryption-context would be read from standard input' \
    encrypt --key-id alias/app --plaintext - --encryption-context - <secret
  status=0
  trent encrypt --key-id alias/app --plaintext - <&- 2>err || status=$?
  assert_eq $status 252
  assert_contains "$(cat err)" 'Unable to read standard input'
}

bad_contexts() {
  for context in '' ' ' nonsense '{' '{"a":1}' '{"a":"b"' '{"a":"b"}x' '["a"]' '{"a":{"b":"c"}}' \
    '{"a":"b","a":"c"}' 'a=b,a=c' 'a=b,c' '=b' "a='b"; do
    fails 252 "Error parsing parameter '--encryption-context': " \
      encrypt --key-id alias/app --plaintext YQ== --encryption-context "$context"
  done
  printf 'a=\377' >latin1
  fails 254 'ValidationException.*UTF-8' \
    encrypt --key-id alias/app --plaintext YQ== --encryption-context file://latin1
  head -c 9000 /dev/zero | tr '\0' x >long
  fails 254 'ValidationException.*context is too large' \
    encrypt --key-id alias/app --plaintext YQ== --encryption-context "a=$(cat long)"
}

# CLI11 reads "--name=" as an option whose value follows.
empty_values() {
  trent create-key --description= --output raw >out
  fails 254 'ValidationException' encrypt --key-id= --plaintext YQ==
}

# Values that a parser of command lines might take for something of its own.
odd_values() {
  for text in -x --key-spec '[a,b]' '{}' '%%' 'a=b' '"q"' list-keys; do
    trent create-key --description "$text" >out
    assert_eq "$(field out KeyMetadata Description)" "$text"
  done
}

test_case 'literal binary values are base64' literals_are_base64
test_case 'fileb:// is the bytes, file:// base64 of them' files
test_case 'text from files and standard input' text_files
test_case 'what is not base64 is refused, and not repeated' not_base64
test_case 'files that cannot be read' missing_files
test_case 'input that does not end' endless_input
test_case 'standard input is read once, and only if there is one' standard_input_once
test_case 'encryption contexts that are none' bad_contexts
test_case 'empty values after an equals sign' empty_values
test_case 'values that look like syntax' odd_values
done_testing
