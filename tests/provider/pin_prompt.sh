#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A configuration without pin-source: openssl asks for the PIN, in a terminal and nowhere else.
. "$TRENT_SOURCE/tests/provider/keys.sh"
sed -i '/^pin-source/d' trent.toml

prompt='Enter pass phrase for token kms (PIN):'
# at_terminal PIN COMMAND ARGUMENT...: openssl at a terminal, where the PIN is typed at its prompt;
# an empty PIN is not typed. What is to be seen there goes into the file `shown`.
at_terminal() {
  pin=$1 command=$2
  shift 2
  python3 "$TRENT_SOURCE/tests/cli/terminal.py" "${pin:+$prompt}" "$pin" "$(command -v openssl)" \
    "$command" -provider default -provider trent "$@" >shown
}

asks_in_a_terminal() {
  at_terminal 1234 pkeyutl -encrypt -inkey kms:alias/old -in secret -out blob
  assert_contains "$(cat shown)" "$prompt"
  assert_lacks "$(cat shown)" 1234
  at_terminal 1234 pkeyutl -decrypt -inkey kms:alias/old -in blob -out back
  assert_same_file back secret
}

passin_answers_in_a_terminal() {
  at_terminal '' pkeyutl -passin pass:1234 -encrypt -inkey kms:alias/old -in secret -out blob
  assert_eq "$(cat shown)" ''
}

listing_asks_once() {
  at_terminal 1234 storeutl -text kms:
  assert_contains "$(cat shown)" 'Total found: 2'
  assert_eq "$(grep -Fc "$prompt" shown)" 1
}

wrong_pin_is_refused() {
  status=0
  at_terminal 9999 pkeyutl -encrypt -inkey kms:alias/old -in secret -out blob || status=$?
  assert_eq $status 1
  assert_contains "$(cat shown)" AccessDeniedException
  assert_contains "$(cat shown)" 'refused the PIN'
  assert_eq "$(grep -Fc "$prompt" shown)" 1
}

# The data comes from standard input, which must not be taken for the PIN.
never_asks_without_a_terminal() {
  assert_fails_with 'AccessDeniedException:.*nobody to ask.*pin-source' \
    setsid -w sh -c 'echo 1234 | ossl pkeyutl -encrypt -inkey kms:alias/old'
  assert_fails_with 'AccessDeniedException:.*nobody to ask.*pin-source' \
    setsid -w ossl storeutl kms:
  # docs/openssl.md says what to do instead.
  assert_fails_with 'AccessDeniedException:.*nobody to ask.*pin-source' \
    setsid -w ossl pkeyutl -passin pass:1234 -encrypt -inkey kms:alias/old -in secret
  sed '/^uri/a pin-source = "env:THE_PIN"' trent.toml >env.toml
  THE_PIN=1234 TRENT_CONF=$work/env.toml \
    setsid -w ossl pkeyutl -encrypt -inkey kms:alias/old -in secret -out blob
}

test_case 'asks in a terminal' asks_in_a_terminal
test_case '-passin answers in a terminal' passin_answers_in_a_terminal
test_case 'a listing asks once' listing_asks_once
test_case 'a wrong PIN is refused' wrong_pin_is_refused
test_case 'never asks without a terminal' never_asks_without_a_terminal
done_testing
