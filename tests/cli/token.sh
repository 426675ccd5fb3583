#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What keeps the command from its token, and what it says of it.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token
make_key app
file=$(echo tokens/*/token.object)

# 200 commands; tests/attack/kills.sh does 2,000.
killed_commands_leave_the_token() {
  export CHECK="[ \"\$('$trent' describe-key --key-id '$key' --output raw)\" = '$key' ]"
  python3 "$TRENT_SOURCE/tests/attack/kill_commands.py" 200 60 \
    "$trent" generate-random --number-of-bytes 8
}

emptied_token_is_restored_and_said() {
  : >"$file"
  trent list-keys >out 2>err
  assert_contains "$(cat out)" "$key"
  assert_contains "$(cat err)" "$file was empty"
  assert_contains "$(cat err)" 'it was restored from the copy of 20'
  : >"$file"
  TRENT_QUIET=1 trent list-keys >out 2>err
  assert_eq "$(cat err)" ''
}

half_a_token_is_left_to_check() {
  truncate -s 100 "$file"
  fails 254 'it has none[.]' list-keys
  assert_contains "$(cat fails.err)" 'trent check --repair'
  trent check --repair >out
  assert_contains "$(cat out)" "$file was damaged; it was restored"
  trent list-keys >out
  assert_contains "$(cat out)" "$key"
}

# set_pin OLD NEW, through Trent's own door.
set_pin() {
  sed '/^pin-source/d' trent.toml >asking.toml
  TRENT_CONF=$work/asking.toml pkcs11-tool --module "$TRENT_BUILD/src/trent.so" --login \
    --change-pin --pin "$1" --new-pin "$2" || return
  printf '%s\n' "$2" >pin
}

copy_follows_a_new_pin() {
  set_pin 1234 567890
  : >"$file"
  trent list-keys >out
  assert_contains "$(cat out)" "$key"
  set_pin 567890 1234
}

pin_that_was_never_set() {
  printf 'directories.tokendir = %s/new\n' "$work" >new.conf
  mkdir new
  export SOFTHSM2_CONF=$work/new.conf
  pkcs11-tool --module $softhsm_module --init-token --slot-index 0 --label kms --so-pin 12345678
  fails 254 'has no user PIN yet' list-keys
  command=$(sed -n 's/.*officer: \(pkcs11-tool .*\)/\1/p' fails.err)
  sh -c "$command --so-pin 12345678 --new-pin 1234"
  trent list-keys >out
}

# at_terminal ANSWERS ARGUMENT...: what the terminal shows goes into `shown`.
at_terminal() {
  answers=$1
  shift
  sed '/^pin-source/d' trent.toml >asking.toml
  python3 "$TRENT_SOURCE/tests/cli/terminal.py" 'PIN of the token "kms":' "$answers" "$trent" \
    "$@" --config asking.toml >shown
}

mistyped_pin_is_asked_for_again() {
  at_terminal '9999
8888
1234' list-keys
  assert_contains "$(cat shown)" "$key"
  assert_eq "$(grep -c 'The token refused this PIN.' shown)" 2
  assert_eq "$(grep -c 'PIN of the token' shown)" 3
  status=0
  at_terminal '9999
8888
7777' list-keys || status=$?
  assert_eq $status 254
  assert_contains "$(cat shown)" 'refused the PIN'
}

enter_at_the_prompt() {
  status=0
  at_terminal '' list-keys || status=$?
  assert_eq $status 254
  assert_contains "$(cat shown)" 'No PIN was typed'
  assert_eq "$(grep -c 'PIN of the token' shown)" 1
}

# as_nobody ARGUMENT...: trent as a user who is not the token's.
as_nobody() {
  status=0
  setpriv --reuid=65534 --regid=65534 --clear-groups "$trent" "$@" >out 2>err || status=$?
}

for_others() {
  chmod 711 "$work"
  chmod 644 softhsm2.conf trent.toml pin
  chmod 755 tokens
  rm -f tokens/.trent-*
}

not_in_the_group() {
  for_others
  chgrp daemon softhsm2.conf tokens tokens/*-*
  chmod 750 tokens
  as_nobody list-keys
  assert_eq $status 254
  assert_contains "$(cat err)" "You may not read SoftHSM's tokens."
  assert_contains "$(cat err)" 'sudo adduser "$USER" daemon'
  chmod 755 tokens
  as_nobody list-keys
  assert_eq $status 254
  assert_contains "$(cat err)" "You may not read the token in $work/tokens/"
  mkdir -p closed
  cp softhsm2.conf closed
  chmod 700 closed
  SOFTHSM2_CONF=$work/closed/softhsm2.conf as_nobody list-keys
  assert_eq $status 254
  assert_contains "$(cat err)" "You may not read SoftHSM's configuration"
  chmod 700 tokens
}

# Everything of it readable, and nothing writable.
# By a name without a directory.
configuration_of_softhsm_that_is_not_readable() {
  for_others
  chmod 600 softhsm2.conf
  SOFTHSM2_CONF=softhsm2.conf as_nobody list-keys
  chmod 644 softhsm2.conf
  assert_eq $status 254
  assert_contains "$(cat err)" 'You may not read SoftHSM'
}

write_protected_token() {
  for_others
  cp -rp tokens writable
  chmod -R a+rX tokens
  as_nobody list-keys
  assert_eq "$(cat err)" "trent: no lock can be made in $work/tokens: programs that change its tokens at the same time may disturb each other."
  assert_contains "$(cat out)" "$key"
  as_nobody check
  assert_eq $status 0
  as_nobody encrypt --key-id alias/app --plaintext aGVsbG8= --output raw
  assert_eq $status 0
  as_nobody create-key
  assert_eq $status 254
  cat err
  assert_contains "$(cat err)" 'not writable'
  rm -r tokens
  mv writable tokens
}

lock_that_cannot_be_had() {
  rm -f tokens/.trent-start.lock
  mkdir tokens/.trent-start.lock
  fails 254 'DependencyTimeoutException.*tokens/.trent-start.lock cannot be opened' list-keys
  assert_contains "$(cat fails.err)" 'remove it'
  rmdir tokens/.trent-start.lock
}

no_directory_of_tokens() {
  mv tokens away
  fails 254 'There is no .*/tokens, the directory of the tokens' list-keys
  mv away tokens
}

# As after a restore into the wrong directory. Two of each, for one in 256 seems to decrypt.
files_of_another_token_are_passed_over() {
  mkdir other
  printf 'directories.tokendir = %s/other\n' "$work" >other.conf
  head -c 40 /dev/urandom >some
  for i in 1 2; do
    SOFTHSM2_CONF=$work/other.conf
    [ $i = 2 ] ||
      softhsm2-util --init-token --free --label kms --so-pin 12345678 --pin 1234
    direct() { pkcs11-tool --module $softhsm_module --token-label kms --login --pin 1234 "$@"; }
    direct --keygen --key-type aes:32 --private --label "trent/key/$i"
    direct --write-object some --type data --private --application-label trent --label "a$i"
  done
  SOFTHSM2_CONF=$work/softhsm2.conf
  direct --write-object some --type data --private --application-label mine --label mine
  for foreign in other/*/*-*.object; do
    cp "$foreign" "${foreign%object}lock" tokens/*-*/
  done

  assert_eq "$(trent list-keys --output raw)" "$key"
  assert_contains "$(trent list-aliases)" alias/app
  fails 254 'NotFoundException' describe-key --key-id 11111111-2222-4333-8444-555555555555
  trent encrypt --key-id alias/app --plaintext aGVsbG8= --output raw >blob
  assert_eq "$(trent decrypt --ciphertext-blob fileb://blob --output raw)" hello
  trent disable-key --key-id "$key"
  trent enable-key --key-id "$key"
  trent create-alias --alias-name alias/two --target-key-id "$key"
  trent delete-alias --alias-name alias/two
  status=0
  trent check >out || status=$?
  assert_eq $status 1
  assert_contains "$(cat out)" 'PROBLEM: A data object in the token cannot be read: '
  assert_contains "$(cat out)" 'PROBLEM: A key in the token cannot be read: '
  # The other door, and objects that are not ours.
  pkcs11-tool --module "$TRENT_BUILD/src/trent.so" --login --pin 1234 --read-object --type data \
    --label mine --output-file read
  cmp some read
  for foreign in other/*/*-*.object; do
    rm tokens/*-*/"${foreign##*/}"
  done
  trent check
}

test_case 'an emptied token is restored, and it is said' emptied_token_is_restored_and_said
test_case 'half a token is left to trent check --repair' half_a_token_is_left_to_check
test_case 'the copy follows a new PIN' copy_follows_a_new_pin
test_case 'a PIN that was never set' pin_that_was_never_set
test_case 'a mistyped PIN is asked for again' mistyped_pin_is_asked_for_again
test_case 'Enter at the prompt' enter_at_the_prompt
if [ "$(id -u)" -eq 0 ]; then
  test_case 'a user who is not in the group' not_in_the_group
  test_case 'a write-protected token' write_protected_token
  test_case 'a SoftHSM configuration that is not readable' \
    configuration_of_softhsm_that_is_not_readable
fi
test_case 'a lock that cannot be had' lock_that_cannot_be_had
test_case 'files of another token are passed over' files_of_another_token_are_passed_over
test_case 'no directory of tokens' no_directory_of_tokens
test_case '200 killed commands leave the token' killed_commands_leave_the_token
done_testing
