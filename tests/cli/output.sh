#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What goes to standard output, and what happens if it does not get there.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token_for_suite
make_key app
printf 'a secret' >text
head -c 32 /dev/urandom >binary
for name in text binary; do
  "$trent" encrypt --key-id alias/app --plaintext fileb://$name --output raw >$name.blob
done

# at_terminal STATUS ARGUMENT...: what it shows is in `shown`.
at_terminal() {
  want_status=$1
  shift
  status=0
  python3 "$TRENT_SOURCE/tests/cli/terminal.py" '' '' "$trent" "$@" >shown || status=$?
  [ $status -eq "$want_status" ] || cat shown
  assert_eq $status "$want_status"
}

verbs_without_a_result_print_nothing() {
  for format in json raw; do
    assert_eq "$(trent disable-key --key-id "$key" --output $format; echo .)" .
    assert_eq "$(trent enable-key --key-id "$key" --output $format; echo .)" .
  done
}

full_disk() {
  for format in json raw; do
    status=0
    trent decrypt --ciphertext-blob fileb://text.blob --output $format >/dev/full 2>err || status=$?
    assert_eq $status 255
    assert_contains "$(cat err)" 'No space left on device'
  done
  status=0
  trent --help >/dev/full 2>err || status=$?
  assert_eq $status 255
  # Nothing to print: nothing to fail.
  trent enable-key --key-id "$key" >/dev/full
}

closed_output() {
  status=0
  trent decrypt --ciphertext-blob fileb://text.blob >&- 2>err || status=$?
  assert_eq $status 255
  assert_contains "$(cat err)" 'Bad file descriptor'
  # The token's files must not have got the number of the missing stream.
  status=0
  trent create-key >&- 2>/dev/null || status=$?
  assert_eq $status 255
  status=0
  trent create-key 2>&- >out || status=$?
  assert_eq $status 0
  assert_eq "$(grep -rl KeyMetadata tokens)" ''
  trent check >/dev/null
}

closed_pipe() {
  mkfifo pipe
  # The reader is gone before the writer begins.
  {
    until [ -e gone ]; do sleep 0.05; done
    trent generate-random --number-of-bytes 8
  } >pipe 2>err &
  : <pipe
  : >gone
  # As a program that SIGPIPE ended, in silence; but not as if all were well.
  status=0
  wait $! || status=$?
  assert_eq $status 141
  assert_eq "$(cat err)" ''
}

json_at_a_terminal() {
  at_terminal 0 decrypt --ciphertext-blob fileb://binary.blob
  field shown Plaintext | base64 -d | assert_same_file binary -
}

text_is_shown_at_a_terminal() {
  at_terminal 0 decrypt --ciphertext-blob fileb://text.blob --output raw
  assert_same_file text shown
}

binary_is_kept_from_a_terminal() {
  at_terminal 252 decrypt --ciphertext-blob fileb://binary.blob --output raw
  assert_contains "$(cat shown)" 'would upset the terminal'
  printf '\033[2J' | trent encrypt --key-id alias/app --plaintext - --output raw >escape.blob
  at_terminal 252 decrypt --ciphertext-blob fileb://escape.blob --output raw
  printf '\302\233c' | trent encrypt --key-id alias/app --plaintext - --output raw >escape.blob
  at_terminal 252 decrypt --ciphertext-blob fileb://escape.blob --output raw
  at_terminal 252 encrypt --key-id alias/app --plaintext fileb://text --output raw
  at_terminal 252 generate-random --number-of-bytes 8 --output raw
  at_terminal 252 re-encrypt --ciphertext-blob fileb://text.blob --destination-key-id alias/app \
    --output raw
}

# A refused terminal is found out before anything is done.
nothing_is_done_before_the_refusal() {
  at_terminal 252 generate-data-key-without-plaintext --key-id alias/nobody --key-spec AES_256 \
    --output raw
  assert_contains "$(cat shown)" 'would upset the terminal'
}

# The file of the input may be that of the output.
output_file_replaces_its_input() {
  cp text.blob moving.blob
  other=$(trent create-key --output raw)
  trent re-encrypt --ciphertext-blob fileb://moving.blob --destination-key-id "$other" \
    --output raw --output-file moving.blob >out
  assert_eq "$(cat out)" ''
  trent decrypt --key-id "$other" --ciphertext-blob fileb://moving.blob --output raw |
    assert_same_file text -
  trent --output-file key.json create-key
  matches "$(field key.json KeyMetadata KeyId)" "$uuid"
  trent list-keys --output raw --output-file=keys
  grep -qx "$other" keys
  assert_eq "$(find . -name '.*.blob.*' -o -name '.key*')" ''
}

output_file_that_fails_changes_nothing() {
  cp text.blob same.blob
  fails 254 NotFoundException re-encrypt --ciphertext-blob fileb://same.blob \
    --destination-key-id alias/nobody --output raw --output-file same.blob
  assert_same_file text.blob same.blob
  trent list-keys --output raw >before
  mkdir directory
  mkfifo fifo
  for path in '' - directory fifo /dev/null no/such/directory; do
    fails 252 '--output-file' create-key --output raw --output-file "$path"
  done
  fails 252 'Unknown option: --output-file' enable-key --key-id "$key" --output-file x
  # Nothing was done either.
  trent list-keys --output raw | assert_same_file before -
  # A disk that is full, though not for the token's small files.
  head -c 4096 /dev/zero >large
  trent encrypt --key-id alias/app --plaintext fileb://large --output raw --output-file large.blob
  (
    ulimit -f 4
    trap '' XFSZ
    ! "$trent" decrypt --ciphertext-blob fileb://large.blob --output-file same.blob 2>err
  )
  grep -q 'was done, but its result could not be written[.] Cannot write .*same' err
  assert_same_file text.blob same.blob
  assert_eq "$(find . -name '.same*')" ''
}

output_file_has_the_mode_of_what_it_holds() {
  umask 022
  trent decrypt --ciphertext-blob fileb://text.blob --output raw --output-file plain
  assert_file_mode plain 600
  chmod 644 plain
  trent generate-data-key --key-id alias/app --key-spec AES_256 --output-file plain
  assert_file_mode plain 600
  encrypt() { trent encrypt --key-id alias/app --plaintext YQ== --output raw --output-file "$1"; }
  encrypt new
  assert_file_mode new 644
  chmod 640 new
  ln -s new link
  encrypt link
  assert_file_mode new 640
  [ -L link ]
  if [ "$(id -u)" -eq 0 ]; then
    chown 65534:65533 new
    encrypt new
    assert_eq "$(stat -c %u:%g:%a new)" 65534:65533:640
    # Who cannot give it away does not let another group read it.
    setpriv --bounding-set -chown "$trent" encrypt --key-id alias/app --plaintext YQ== \
      --output raw --output-file new
    assert_eq "$(stat -c %u:%a new)" 0:600
  fi
  trent decrypt --ciphertext-blob fileb://new --output raw | assert_eq "$(cat)" a
}

binary_goes_to_a_file_from_a_terminal() {
  at_terminal 0 decrypt --ciphertext-blob fileb://binary.blob --output raw --output-file again
  assert_same_file binary again
}

errors_do_not_go_to_standard_output() {
  fails 254 NotFoundException describe-key --key-id alias/nobody # fails() looks at both
}

test_case 'verbs without a result print nothing' verbs_without_a_result_print_nothing
test_case 'a full disk is an error' full_disk
test_case 'a closed standard output is an error' closed_output
test_case 'a closed pipe is silent' closed_pipe
test_case 'JSON is shown at a terminal' json_at_a_terminal
test_case 'plaintext that is text is shown at a terminal' text_is_shown_at_a_terminal
test_case 'binary data is kept from a terminal' binary_is_kept_from_a_terminal
test_case 'binary verbs at a terminal do nothing' nothing_is_done_before_the_refusal
test_case '--output-file may be the file of the input' output_file_replaces_its_input
test_case '--output-file stays as it is in a failure' output_file_that_fails_changes_nothing
test_case '--output-file is for its user only if it holds plaintext' \
  output_file_has_the_mode_of_what_it_holds
test_case 'binary data goes to a file, also from a terminal' binary_goes_to_a_file_from_a_terminal
test_case 'errors go to standard error' errors_do_not_go_to_standard_output
done_testing
