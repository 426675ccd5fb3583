#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Help, and command lines that are wrong.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"

help_lists_every_verb() {
  trent --help >help
  for verb in init check simulate-policy version create-key describe-key list-keys enable-key disable-key \
    schedule-key-deletion cancel-key-deletion create-alias update-alias delete-alias list-aliases \
    encrypt decrypt re-encrypt generate-data-key generate-data-key-without-plaintext \
    generate-random; do
    grep -Eq "^  $verb( |\$)" help
    trent $verb --help >verb-help
    grep -q "^Usage: trent $verb" verb-help
    [ $verb = version ] || grep -q '^Examples:' verb-help
    trent $verb help | assert_same_file - verb-help
  done
  trent help | assert_same_file - help
}

usage_names_what_is_required() {
  assert_contains "$(trent re-encrypt --help | xargs -d '\n' | tr -s ' ')" \
    'Usage: trent re-encrypt --ciphertext-blob BLOB --destination-key-id TEXT [OPTIONS]'
  assert_contains "$(trent init --help)" 'Usage: trent init DIR [OPTIONS]'
}

wrong_command_lines() {
  fails 252 '^  encrypt .*Encrypt' # nothing at all: help
  fails 252 '^trent: Give a verb, such as encrypt\.$'
  fails 252 'trent --help'
  fails 252 '^  create .*' credential
  fails 252 '^trent credential: Give a verb, such as create' credential
  fails 252 'no verb of this name' encript
  # All of them at once, in the words of aws.
  fails 252 '^trent encrypt: the following arguments are required: --key-id, --plaintext$' encrypt
  fails 252 'Run "trent encrypt --help"' encrypt
  fails 252 'are required: --plaintext$' encrypt --key-id x
  fails 252 'are required: --ciphertext-blob$' re-encrypt --destination-key-id x
  fails 252 'Unknown option: --keyid\. Did you mean --key-id\?$' encrypt --keyid x --plaintext YQ==
  fails 252 'Unknown option: -k\.$' encrypt -kx --plaintext YQ==
  fails 252 '"x" belongs to no option\.$' list-keys x
  fails 252 '--output' list-keys --output xml
  fails 252 '^trent describe-key: --key-id takes a value, and there is none\.$' describe-key --key-id
  fails 252 '^trent describe-key: --key-id is given more than once\.$' describe-key --key-id a --key-id b
  fails 252 '^trent create-grant: --operations takes a value' create-grant --key-id x --operations
  fails 252 '^trent: `trent audit` has no verb of this name\. It has verify\.$' audit mumble
  fails 252 'trent encrypt: .*belongs to no option' encrypt decrypt
}

# The value of a misspelt option may be a secret.
misspelt_options_keep_their_value() {
  for value in ' c2VjcmV0' =c2VjcmV0; do
    # shellcheck disable=SC2086 # two arguments, or one
    fails 252 'Unknown option: --plaintxt\. Did you mean --plaintext\?$' \
      encrypt --key-id x --plaintxt$value
    assert_lacks "$(cat fails.err)" c2VjcmV0
  done
}

# The verb is looked at before its options, which cannot be right if it is not.
misspelt_verbs() {
  fails 252 'no verb of this name\. Did you mean encrypt\?$' encrpt --key-id x --plaintext YQ==
  fails 252 'Did you mean re-encrypt\?$' reencrypt --nonsense
  fails 252 'Did you mean encrypt or decrypt\?$' ecrypt
  fails 252 'Did you mean create-key, create-grant or create-alias\?$' create
  fails 252 'Did you mean schedule-key-deletion\?$' delete-key --key-id x
  fails 252 'no verb of this name\.$' mumble
  # It may be anything, such as a secret in the wrong place.
  assert_lacks "$(cat fails.err)" mumble
}

verbs_that_only_aws_has() {
  for verb in connect-custom-key-store get-key-last-usage; do
    fails 252 "\`aws kms\` has the verb $verb, Trent has not" $verb --key-id x
  done
}

options_in_the_wrong_place() {
  fails 252 '--region\. It is for the verbs of KMS' check --region eu-central-1
  fails 252 '--query\. It is for the verbs of KMS' version --query 'Keys[0]'
  fails 252 '--query\. It is for the verbs of KMS' --query 'Keys[0]' credential list
  fails 252 "^trent create-key: --custom-key-store-id is not available\\. Leave it out" create-key --custom-key-store-id x
  fails 252 '--nonsense\..*stand behind it' --nonsense list-keys
  fails 252 '--key-id\..*stand behind it' kms --key-id x describe-key
}

within_80_columns() {
  for verb in '' $(sed -n 's/^  \([a-z][a-z-]\{3,\}\).*/\1/p' help | grep -v '^trent$') 'credential create' 'audit verify'; do
    # shellcheck disable=SC2086
    trent $verb --help >verb-help
    awk 'length($0) > 80' verb-help >long
    assert_eq "$verb: $(cat long)" "$verb: "
  done
}

options_before_the_verb() {
  make_token
  trent --output raw list-keys >out
  trent --config=trent.toml --output raw kms create-key >key
  trent kms list-keys --output raw | assert_same_file - key
  TRENT_CONF=/nowhere trent --config trent.toml list-keys --output raw | assert_same_file - key
  for arguments in '--query Keys[0].KeyId kms list-keys' 'kms --query=Keys[0].KeyId --no-cli-pager list-keys' \
    '--color off --output text list-keys --query Keys[0].KeyId' '--region local list-keys --query Keys[0].KeyId' \
    '--no-paginate --debug kms list-keys --query Keys[0].KeyId'; do
    # shellcheck disable=SC2086
    trent $arguments 2>/dev/null >out
    assert_eq "$(tr -d '"' <out)" "$(cat key)"
  done
  # As with aws, the beginning of a name will do.
  assert_eq "$(trent list-keys --quer 'Keys[0].KeyId' --no-cli --output text)" "$(cat key)"
  fails 252 'Unknown option: --out\.' list-keys --out text # or --output-file
  fails 252 '--output' --output
  fails 252 'Give a verb' --output json
  fails 252 'Give a verb' kms
  trent kms help | assert_same_file - help
  trent help encrypt >verb-help
  for arguments in 'kms encrypt help' 'kms help encrypt' '--help encrypt'; do
    # shellcheck disable=SC2086
    trent $arguments | assert_same_file - verb-help
  done
}

# Where a key is named.
kms_uris() {
  export TRENT_CONF="$work/trent.toml"
  key=$(trent create-key --output raw)
  trent create-alias --alias-name kms:alias/uri --target-key-id "kms:$key"
  for name in kms:alias/uri kms://alias/uri KMS:alias/uri "kms:$arn_prefix:key/$key" alias/uri; do
    assert_eq "$(trent describe-key --key-id "$name" --output raw)" "$key"
  done
  trent encrypt --key-id kms:alias/uri --plaintext YQ== --output raw >blob
  trent re-encrypt --source-key-id kms:alias/uri --destination-key-id "kms:$key" --ciphertext-blob fileb://blob >out
  assert_eq "$(trent list-aliases --key-id "kms:$key" --output raw)" alias/uri
  fails 254 NotFoundException describe-key --key-id kms:alias/none
  fails 254 NotFoundException describe-key --key-id kms:
  trent delete-alias --alias-name kms:alias/uri
}

debug() {
  export TRENT_CONF="$work/trent.toml"
  trent list-keys --debug >out 2>err
  grep -q 'C_OpenSession.* CKR_OK' err
  trent --debug list-keys 2>&1 >out | grep -q C_OpenSession
  TRENT_DEBUG=file:calls trent list-keys --debug >out 2>err
  assert_eq "$(cat err)" ''
  grep -q C_OpenSession calls
}

# Two accounts by one configuration.
accounts() {
  export TRENT_CONF="$work/trent.toml"
  softhsm2-util --init-token --free --label other --so-pin 12345678 --pin 1234 >out
  sed 's/111122223333/444455556666/; s/token=kms/token=other/; s/"local"/"far"/' trent.toml |
    cat trent.toml - >two.toml
  other=$(TRENT_CONF=two.toml trent create-key --account 444455556666 --query KeyMetadata.Arn --output text)
  matches "$other" "arn:aws:kms:far:444455556666:key/$uuid"
  TRENT_CONF=two.toml trent list-keys --account 444455556666 --output raw | assert_eq "$(cat)" "${other##*/}"
  TRENT_CONF=two.toml trent list-keys --region far --output raw | assert_eq "$(cat)" "${other##*/}"
  assert_lacks "$(TRENT_CONF=two.toml trent list-keys --output raw)" "${other##*/}"
  fails 253 'No \[\[token\]\] of .*two.toml has the account 444455556666 and the region local' \
    list-keys --account 444455556666 --region local --config two.toml
  fails 253 'trent.toml has the region eu-west-1' list-keys --region eu-west-1
  # Who is not root there stays who they are.
  sed '1i principal = "arn:aws:iam::111122223333:user/alice"' two.toml >alice.toml
  fails 254 AccessDenied create-key --account 444455556666 --config alice.toml
  fails 252 '--account chooses' list-keys --account 444455556666 --endpoint-url unix:x
}

stray_arguments() {
  fails 252 '"alias/old" belongs to no option; did you mean --key-id alias/old\?$' describe-key alias/old
  fails 252 'did you mean --destination-key-id alias/new\?$' re-encrypt alias/new
  fails 252 'did you mean --alias-name alias/new\?$' create-alias alias/new
  fails 252 '"alias/b" belongs to no option\.$' describe-key --key-id a alias/b
  key=1234abcd-12ab-34cd-56ef-1234567890ab
  fails 252 "did you mean --key-id $key\\?\$" encrypt $key
  echo >blob
  fails 252 'did you mean --ciphertext-blob fileb://blob\?$' decrypt blob
  fails 252 'did you mean --plaintext fileb://none\?$' encrypt fileb://none
  fails 252 'belongs to no option' encrypt --key-id x --plaintext my hush
  assert_lacks "$(cat fails.err)" hush
}

# What is typed, or is in a file, must not reach into the terminal.
errors_control_no_terminal() {
  evil=$(printf 'a\033[2J\a\302\233')
  escaped='a\\x1b\[2J\\x07\\u\{9b\}'
  fails 252 "\"$escaped\" belongs" list-keys "$evil"
  fails 252 "Unknown option: --$escaped" list-keys "--$evil"
  fails 252 "$escaped" describe-key --key-id "file://$evil"
  fails 252 "$escaped" list-keys --output "$evil"
  fails 253 "$escaped" list-keys --config "$evil"
  make_token
  fails 254 "Invalid keyId '?$escaped" describe-key --key-id "$evil"
  printf 'a\0\033[2J' >evil
  fails 254 'a\\x00\\x1b\[2J' describe-key --key-id file://evil
  sed "s/^region.*/region = \"\\\\u001b[2J\"/" trent.toml >evil.toml
  fails 253 region list-keys --config evil.toml
  assert_eq "$(tr -d '[:print:][:space:]' <fails.err)" ''
}

versions() {
  assert_eq "$(trent --version)" "trent $(sed -n "s/^  version: '\(.*\)',/\1/p" "$TRENT_SOURCE/meson.build")"
  trent version >out
  assert_eq "$(sed -n 1p out)" "$(trent --version)"
  assert_contains "$(sed -n 2p out)" "$(openssl version | cut -d' ' -f1-2)"
  assert_contains "$(sed -n 3p out)" 'configuration: none'
  make_token
  assert_eq "$(trent version | sed -n 3p)" "configuration: $work/trent.toml"
  assert_eq "$(TRENT_CONF=/nowhere trent version --config trent.toml | sed -n 3p)" \
    "configuration: $work/trent.toml"
}

test_case 'help for every verb' help_lists_every_verb
test_case 'the usage line names what is required' usage_names_what_is_required
test_case 'command lines that are wrong' wrong_command_lines
test_case 'the value of a misspelt option is not repeated' misspelt_options_keep_their_value
test_case 'verbs that are misspelt' misspelt_verbs
test_case 'verbs that only aws has' verbs_that_only_aws_has
test_case 'options in the wrong place' options_in_the_wrong_place
test_case 'help is 80 columns wide' within_80_columns
test_case 'options before the verb' options_before_the_verb
test_case 'keys are named by URIs too' kms_uris
test_case '--debug' debug
test_case '--account and --region choose the token' accounts
test_case 'arguments that belong to no option' stray_arguments
test_case 'errors do not control the terminal' errors_control_no_terminal
test_case 'version' versions
done_testing
