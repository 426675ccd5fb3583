#!/bin/sh
# Help, and command lines that are wrong.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"

help_lists_every_verb() {
  trent --help >help
  for verb in init check version create-key describe-key list-keys enable-key disable-key \
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
  fails 252 'Unknown option: --keyid$' encrypt --keyid x --plaintext YQ==
  fails 252 'argument that belongs to no option' list-keys x
  fails 252 '--output' list-keys --output yaml
  fails 252 '--key-id' describe-key --key-id
  fails 252 '--key-id' describe-key --key-id a --key-id b
  fails 252 '.' encrypt decrypt
}

# The value of a misspelt option may be a secret.
misspelt_options_keep_their_value() {
  fails 252 'Unknown option: --plaintxt$' encrypt --key-id x --plaintxt c2VjcmV0
  assert_lacks "$(cat fails.err)" c2VjcmV0
  fails 252 'Unknown option: --plaintxt$' encrypt --key-id x --plaintxt=c2VjcmV0
  assert_lacks "$(cat fails.err)" c2VjcmV0
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
test_case 'version' versions
done_testing
