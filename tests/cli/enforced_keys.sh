#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# trent create-key --enforce-in-token: where the PIN comes from, and what goes through a server.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token
start_server serve.out --insecure-as root --listen "unix:$work/socket"
printf '12345678\n' >so-pin

# enforced: the ID of a new key.
enforced() { trent create-key --enforce-in-token --so-pin-source file:so-pin --output raw; }

the_options_belong_together() {
  fails 252 'belong together: give both' create-key --enforce-in-token
  fails 252 'belong together: give both' create-key --so-pin-source file:so-pin
  fails 252 'takes file:PATH or env:NAME' create-key --enforce-in-token --so-pin-source 12345678
  assert_eq "$(grep -c 12345678 fails.err)" 0
  fails 252 'so-pin-source file:nowhere: No such file' \
    create-key --enforce-in-token --so-pin-source file:nowhere
  fails 252 'so-pin-source env:NOWHERE: no such environment variable' \
    create-key --enforce-in-token --so-pin-source env:NOWHERE
  fails 252 'not .*encrypt|--enforce-in-token' encrypt --enforce-in-token
}

the_pin_goes_over_no_network() {
  fails 252 'goes over no network' create-key --enforce-in-token --so-pin-source file:so-pin \
    --endpoint-url "unix:$work/socket"
  TRENT_ENDPOINT=unix:$work/socket fails 252 'goes over no network' \
    create-key --enforce-in-token --so-pin-source file:so-pin
}

a_wrong_pin_makes_nothing() {
  trent list-keys --output raw >before
  WRONG=not-the-pin fails 254 'AccessDeniedException.* refused the PIN of the security officer' \
    create-key --enforce-in-token --so-pin-source env:WRONG
  assert_eq "$(grep -c not-the-pin fails.err)" 0
  trent list-keys --output raw >after
  assert_same_file before after
}

other_kinds_are_refused() {
  fails 254 'UnsupportedOperationException.*Only symmetric encryption keys' \
    create-key --enforce-in-token --so-pin-source file:so-pin --key-spec RSA_2048 --key-usage SIGN_VERIFY
}

# Made here, used there.
a_server_serves_them() {
  one=$(enforced)
  two=$(SO=12345678 trent create-key --enforce-in-token --so-pin-source env:SO --output raw)
  export TRENT_ENDPOINT="unix:$work/socket"
  echo secret | trent encrypt --key-id "$one" --plaintext - --encryption-context a=b --output raw >one.blob
  trent re-encrypt --ciphertext-blob fileb://one.blob --source-encryption-context a=b \
    --destination-key-id "$two" --output raw >two.blob
  assert_eq "$(wc -c <two.blob)" "$(wc -c <one.blob)"
  fails 254 'UnsupportedOperationException.* cannot be decrypted' decrypt --ciphertext-blob fileb://two.blob
  fails 254 'InvalidCiphertextException' \
    re-encrypt --ciphertext-blob fileb://one.blob --destination-key-id "$two"
}

check_names_them() {
  key=$(enforced)
  trent check >out
  grep -q "^  enforced in the token: key $key\$" out
  trent check --output json >report.json
  assert_contains "$(field report.json Tokens 0 EnforcedKeys)" "$key"
  assert_eq "$(field report.json Tokens 0 Profile EnforcedKeys)" true
}

they_are_purged() {
  key=$(enforced)
  trent schedule-key-deletion --key-id "$key" --pending-window-in-days 7 >out
  change_record "trent/key/$key" deletion=1000
  trent purge --clock-is-right >out
  assert_contains "$(cat out)" "Key $key"
  trent check >out
  assert_contains "$(cat out)" 'no problems'
  assert_eq "$(grep -c "$key" out)" 0
}

test_case 'the options belong together' the_options_belong_together
test_case 'the PIN goes over no network' the_pin_goes_over_no_network
test_case 'a wrong PIN makes nothing' a_wrong_pin_makes_nothing
test_case 'other kinds of keys are refused' other_kinds_are_refused
test_case 'a server serves what the command has made' a_server_serves_them
test_case 'trent check names them' check_names_them
test_case 'they are purged' they_are_purged
done_testing
