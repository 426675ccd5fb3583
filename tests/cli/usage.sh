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
  assert_contains "$(trent re-encrypt --help)" \
    'Usage: trent re-encrypt --ciphertext-blob BLOB --destination-key-id TEXT [OPTIONS]'
  assert_contains "$(trent init --help)" 'Usage: trent init DIR [OPTIONS]'
}

wrong_command_lines() {
  fails 252 'Give a verb.*' # nothing at all
  fails 252 'trent --help'
  fails 252 'no verb of this name' encript
  fails 252 '^trent encrypt: --key-id is required' encrypt
  fails 252 'Run "trent encrypt --help"' encrypt
  fails 252 '--plaintext is required' encrypt --key-id x
  fails 252 'Unknown option: --keyid\. Did you mean --key-id\?$' encrypt --keyid x --plaintext YQ==
  fails 252 'Unknown option: -k\.$' encrypt -kx --plaintext YQ==
  fails 252 '"x" belongs to no option\.$' list-keys x
  fails 252 '--output' list-keys --output yaml
  fails 252 '--key-id' describe-key --key-id
  fails 252 '--key-id' describe-key --key-id a --key-id b
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
  for verb in replicate-key update-primary-region; do
    fails 252 "\`aws kms\` has the verb $verb, Trent has not" $verb --key-id x
  done
}

options_that_only_aws_has() {
  fails 252 '--region\. .*--config PATH' list-keys --region eu-central-1
  fails 252 '--query\. .*--output raw' list-keys --query 'Keys[0]'
  fails 252 '--nonsense\..*stand behind it' --nonsense list-keys
}

options_before_the_verb() {
  make_token
  trent --output raw list-keys >out
  trent --config=trent.toml --output raw kms create-key >key
  trent kms list-keys --output raw | assert_same_file - key
  TRENT_CONF=/nowhere trent --config trent.toml list-keys --output raw | assert_same_file - key
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
test_case 'options that only aws has' options_that_only_aws_has
test_case 'options before the verb' options_before_the_verb
test_case 'arguments that belong to no option' stray_arguments
test_case 'errors do not control the terminal' errors_control_no_terminal
test_case 'version' versions
done_testing
