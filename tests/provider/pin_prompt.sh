#!/bin/sh
# A configuration without pin-source: openssl asks for the PIN, in a terminal and nowhere else.
. "$TRENT_SOURCE/tests/provider/keys.sh"
sed -i '/^pin-source/d' trent.toml

# type_pin PIN COMMAND...: the command in a terminal, at whose prompt the PIN is typed.
type_pin() {
  pin=$1
  shift
  (
    sleep 1
    echo "$pin"
  ) | timeout 60 script -qec "$*" /dev/null >typescript
}
in_terminal='openssl pkeyutl -provider default -provider trent'

asks_in_a_terminal() {
  type_pin 1234 "$in_terminal -encrypt -inkey kms:alias/old -in secret -out blob"
  assert_contains "$(cat typescript)" 'Enter pass phrase for token kms (PIN):'
  assert_lacks "$(cat typescript)" 1234
  type_pin 1234 "$in_terminal -decrypt -inkey kms:alias/old -in blob -out back"
  assert_same_file back secret
}

passin_answers_in_a_terminal() {
  type_pin '' "$in_terminal -passin pass:1234 -encrypt -inkey kms:alias/old -in secret -out blob"
  assert_lacks "$(cat typescript)" 'pass phrase'
}

listing_asks_once() {
  type_pin 1234 openssl storeutl -provider default -provider trent -text kms:
  assert_contains "$(cat typescript)" 'Total found: 2'
  assert_eq "$(grep -c 'Enter pass phrase' typescript)" 1
}

wrong_pin_is_refused() {
  status=0
  type_pin 9999 "$in_terminal -encrypt -inkey kms:alias/old -in secret -out blob" || status=$?
  assert_eq $status 1
  assert_contains "$(cat typescript)" 'AccessDeniedException'
  assert_contains "$(cat typescript)" 'refused the PIN'
  assert_eq "$(grep -c 'Enter pass phrase' typescript)" 1
}

# The data comes from standard input, which must not be taken for the PIN.
never_asks_without_a_terminal() {
  assert_fails_with 'AccessDeniedException:.*nobody to ask.*pin-source' \
    setsid -w sh -c "echo 1234 | $in_terminal -encrypt -inkey kms:alias/old"
  assert_fails_with 'AccessDeniedException:.*nobody to ask.*pin-source' \
    setsid -w openssl storeutl -provider default -provider trent kms:
}

test_case 'asks in a terminal' asks_in_a_terminal
test_case '-passin answers in a terminal' passin_answers_in_a_terminal
test_case 'a listing asks once' listing_asks_once
test_case 'a wrong PIN is refused' wrong_pin_is_refused
test_case 'never asks without a terminal' never_asks_without_a_terminal
done_testing
