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
  fails 252 'larger than 1 MiB.*trent encrypt-file' \
    encrypt --key-id alias/app --plaintext fileb:///dev/zero
  fails 252 'larger than 1 MiB' encrypt --key-id alias/app --plaintext - </dev/zero
  fails 253 '/dev/zero cannot be read: File too large' list-keys --config /dev/zero
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

# An empty number is not 0, an empty path is not the option left out.
empty_numbers_and_paths() {
  for number in '' x 7.5 1e3 ' 7'; do
    fails 252 '--pending-window-in-days: it takes a whole number' schedule-key-deletion --key-id alias/app \
      --pending-window-in-days "$number"
  done
  fails 252 '--limit: 9223372036854775808 is out of range' list-grants --key-id alias/app --limit 9223372036854775808
  fails 252 '--limit: it takes' list-keys --limit ''
  fails 252 '--workers: it takes a whole number' serve --workers ''
  fails 252 '--remember: it is empty' check --remember ''
  fails 252 '--output-file: it is empty' encrypt --key-id alias/app --plaintext YQ== --output-file ''
  fails 252 '--input-file: it is empty' encrypt-file --key-id alias/app --input-file ''
  fails 252 '--output-file: it is empty' encrypt-file --key-id alias/app --input-file secret --output-file=
  fails 252 '--endpoint-url: it is empty' encrypt-file --key-id alias/app --input-file secret --endpoint-url ''
  fails 252 'FILE: it is empty' audit verify ''
  # Nobody is no principal.
  fails 252 '--insecure-as: it is empty' serve --insecure-as '' --listen 127.0.0.1:0
}

# Structures, as JSON and as they are typed.
structures() {
  unknown='Parameter validation failed: Unknown parameter in'
  fails 252 "'--tags': $unknown Tags\\[0\\]: \"Foo\", must be one of: TagKey, TagValue" \
    create-key --tags TagKey=a,TagValue=b,Foo=c
  fails 252 "'--tags': $unknown Tags\\[1\\]: \"Foo\"" \
    create-key --tags '[{"TagKey":"a","TagValue":"b"},{"TagKey":"c","TagValue":"d","Foo":1}]'
  grant="create-grant --key-id $key --grantee-principal arn:aws:iam::111122223333:user/a --operations Decrypt"
  # shellcheck disable=SC2086
  fails 252 "'--constraints': $unknown Constraints: \"Subset\"" $grant --constraints 'Subset={a=b}'
  fails 252 "$unknown Constraints: \"Subset\"" create-grant --cli-input-json "{\"KeyId\": \"$key\", \"Operations\":
    [\"Decrypt\"], \"GranteePrincipal\": \"arn:aws:iam::111122223333:user/a\", \"Constraints\": {\"Subset\": {}}}"
  for text in '' nonsense '[' '[{"TagKey":1,"TagValue":"b"}]' file://none file://.; do
    fails 252 "Error parsing parameter '--tags': " create-key --tags "$text"
    assert_lacks "$(cat fails.err)" context
  done
  # shellcheck disable=SC2086
  for text in '' nonsense; do
    fails 252 "Error parsing parameter '--constraints': Expected " $grant --constraints "$text"
  done
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
test_case 'empty numbers and paths' empty_numbers_and_paths
test_case 'structures that are none' structures
test_case 'values that look like syntax' odd_values
done_testing
