#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# trent encrypt-file, decrypt-file, re-encrypt-file: with a second implementation of the format, with
# files that are not what was written, and what is left behind when it fails.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token

format() { python3 "$TRENT_SOURCE/tests/cli/file_format.py" "$@"; }
key=$(trent create-key --output raw)
other=$(trent create-key --output raw)
trent create-alias --alias-name alias/files --target-key-id "$key"
head -c 200000 /dev/urandom >plain
trent encrypt-file --key-id alias/files --encryption-context tenant=acme --input-file plain \
  --output-file sealed
sealed_blob() { printf '%s' "$(format blob <"$1")" | xxd -r -p; }

# data_key FILE [OPTION...]: of the file, in hexadecimal.
data_key() {
  sealed_blob "$1" >blob
  shift
  trent decrypt --ciphertext-blob fileb://blob "$@" --output raw | xxd -p -c 64
}

there_and_back() {
  for size in 0 1 65535 65536 65537 131072 1000000; do
    head -c $size /dev/urandom >in
    trent encrypt-file --key-id "$key" --input-file in --output-file in.trent
    trent decrypt-file --input-file in.trent --output-file out
    assert_same_file in out
    trent encrypt-file --key-id "$key" <in | trent decrypt-file >out
    assert_same_file in out
  done
}

a_second_implementation_reads_it() {
  opener=$(data_key sealed --encryption-context tenant=acme)
  format open "$opener" <sealed >out
  assert_same_file plain out
}

what_a_second_implementation_writes_is_read() {
  trent generate-data-key --key-id "$key" --number-of-bytes 32 >generated
  new=$(field generated CiphertextBlob | base64 -d | xxd -p -c 10000)
  format seal "$(field generated Plaintext | base64 -d | xxd -p -c 64)" "$new" <plain >theirs
  trent decrypt-file --input-file theirs --output-file out
  assert_same_file plain out
}

the_context_is_needed() {
  fails 254 'InvalidCiphertextException' decrypt-file --input-file sealed
  fails 254 'InvalidCiphertextException' decrypt-file --input-file sealed \
    --encryption-context tenant=other
  fails 254 'IncorrectKeyException' decrypt-file --input-file sealed --key-id "$other" \
    --encryption-context tenant=acme
  trent decrypt-file --input-file sealed --key-id alias/files --encryption-context tenant=acme \
    --output-file out
  assert_same_file plain out
}

# refused TEXT: the file "bad" is, with the old output left as it was, and nothing beside it.
refused() {
  echo before >dir/out
  fails 255 "bad: $1" decrypt-file --encryption-context tenant=acme --input-file bad \
    --output-file dir/out
  assert_eq "$(cat dir/out) $(ls -A dir)" 'before out'
}

what_was_changed_is_refused() {
  mkdir -p dir
  size=$(wc -c <sealed)
  header=$((size - 200000 - 4 * 16))
  segment=65552
  cut() { head -c "$1" sealed >bad; }
  cut 0
  refused 'It is empty'
  cut 7
  refused 'It is cut off: it ends within its header'
  cut $((header - 1))
  refused 'It is cut off: it ends within its header'
  cut $header
  refused 'It is cut off: it ends within segment 1'
  cut $((header + segment))
  refused 'It is cut off: segment 1 is not its last'
  cut $((header + segment + 10))
  refused 'It is cut off: it ends within segment 2'
  cut $((size - 1))
  refused 'It is damaged: segment 4 '
  cat sealed plain >bad
  refused 'It is damaged: segment 4 '
  # The second and the third change places.
  part() { tail -c +$((header + 1 + $1 * segment)) sealed | head -c $segment; }
  { head -c $header sealed && part 0 && part 2 && part 1 && part 3; } >bad
  refused 'It is damaged: segment 2 '
  { head -c $header sealed && part 0 && part 1 && part 3; } >bad
  refused 'It is damaged: segment 3 '
  # A segment of another file of the same length, and another file's data key.
  trent encrypt-file --key-id "$key" --encryption-context tenant=acme --input-file plain \
    --output-file second
  { head -c $((header + segment)) sealed && tail -c +$((header + segment + 1)) second; } >bad
  refused 'It is damaged: segment 2 '
  { head -c $((header - 32)) second && tail -c +$((header - 31)) sealed; } >bad
  refused 'It is damaged: its encrypted data key is that of another file'
  printf 'TRNF\002' | cat - plain >bad
  refused 'It has a version of the format that this one does not know'
  cp plain bad
  refused 'It was not written by `trent encrypt-file`'
  sealed_blob sealed >bad
  refused 'It was not written by `trent encrypt-file`'
}

a_pipe_gets_what_is_right_and_an_exit_code() {
  head -c $((65552 + 1000)) sealed >bad
  status=0
  trent decrypt-file --encryption-context tenant=acme <bad >out 2>err || status=$?
  assert_eq $status 255
  grep -q 'standard input: It is damaged' err
  head -c "$(wc -c <out)" plain | cmp - out
}

moved_to_another_key() {
  cp sealed moved
  trent re-encrypt-file --source-encryption-context tenant=acme --destination-key-id "$other" \
    --destination-encryption-context tenant=b --input-file moved --output-file moved
  fails 254 'InvalidCiphertextException' decrypt-file --input-file moved \
    --encryption-context tenant=acme
  trent decrypt-file --input-file moved --key-id "$other" --encryption-context tenant=b \
    --output-file out
  assert_same_file plain out
  # Its segments stay.
  tail -c 200064 sealed >old && tail -c 200064 moved >new
  assert_same_file old new
  fails 254 'IncorrectKeyException' re-encrypt-file --source-key-id "$key" --input-file moved \
    --source-encryption-context tenant=b --destination-key-id "$key" --output-file again
  [ ! -e again ]
}

by_a_pipe_it_is_moved_too() {
  trent re-encrypt-file --source-encryption-context tenant=acme --destination-key-id "$other" \
    <sealed | trent decrypt-file | cmp plain -
}

# As for every verb of KMS.
another_token() {
  softhsm2-util --init-token --free --label second --so-pin 12345678 --pin 1234 >/dev/null
  sed 's/"local"/"eu-west-1"/; s/token=kms/token=second/' trent.toml | cat trent.toml - >two.toml
  away=$(TRENT_CONF=two.toml trent create-key --region eu-west-1 --output raw)
  TRENT_CONF=two.toml trent encrypt-file --region eu-west-1 --key-id "$away" --input-file plain --output-file away
  fails 254 AccessDeniedException decrypt-file --input-file away
  TRENT_CONF=two.toml trent decrypt-file --region eu-west-1 --input-file away | cmp plain -
}

bad_command_lines() {
  fails 252 '--key-id' encrypt-file --input-file plain --output-file out
  fails 255 'Cannot read nowhere: No such file' encrypt-file --key-id "$key" \
    --input-file nowhere --output-file out
  mkdir -p dir
  fails 252 'dir is a directory' encrypt-file --key-id "$key" --input-file dir --output-file out
  fails 252 'dir is there already' encrypt-file --key-id "$key" --input-file plain --output-file dir
  fails 254 'NotFoundException.*alias/none' encrypt-file --key-id alias/none --input-file plain \
    --output-file out2
  [ ! -e out2 ]
}

an_interruption_leaves_nothing() {
  mkdir interrupted
  mkfifo pipe
  "$trent" encrypt-file --key-id "$key" --input-file pipe --output-file interrupted/out &
  pid=$!
  { head -c 100000 plain && until [ -e go ]; do sleep 0.1; done; } >pipe &
  # The file beside the output is there, so the signal comes while it is written.
  until [ -n "$(ls -A interrupted)" ]; do sleep 0.05; done
  kill -TERM $pid
  status=0
  wait $pid || status=$?
  touch go
  wait
  assert_eq "$status $(ls -A interrupted)" '143 '
}

who_may_read_it() {
  umask 022
  trent encrypt-file --key-id "$key" --input-file plain --output-file mode.trent
  trent decrypt-file --input-file mode.trent --output-file mode.plain
  assert_eq "$(stat -c %a mode.trent) $(stat -c %a mode.plain)" '644 600'
}

a_full_disk() {
  [ -e /dev/full ] || return 0
  status=0
  trent encrypt-file --key-id "$key" --input-file plain >/dev/full 2>err || status=$?
  assert_eq $status 255
  grep -q 'Cannot write to standard output: No space left' err
}

# As of a program that SIGPIPE ended, in silence.
nobody_reads_it() {
  { trent decrypt-file --encryption-context tenant=acme --input-file sealed 2>err || echo $? >status; } | head -c 1 >out
  assert_eq "$(cat status) $(cat err)" '141 '
}

# Keys are named as for other verbs.
keys_by_uri() {
  trent encrypt-file --key-id "kms:$key" --input-file plain --output-file uri.trent
  trent re-encrypt-file --source-key-id "kms:$key" --destination-key-id KMS://alias/files --input-file uri.trent \
    --output-file uri2.trent
  trent decrypt-file --key-id kms:alias/files --input-file uri2.trent | cmp plain -
}

test_case 'every length comes back' there_and_back
test_case 'a second implementation reads it' a_second_implementation_reads_it
test_case 'what a second implementation writes is read' what_a_second_implementation_writes_is_read
test_case 'the context and the key are needed' the_context_is_needed
test_case 'nobody reads what is decrypted' nobody_reads_it
test_case 'keys are named by URIs too' keys_by_uri
test_case 'what was changed is refused' what_was_changed_is_refused
test_case 'a pipe gets what is right, and an exit code' a_pipe_gets_what_is_right_and_an_exit_code
test_case 'moved to another key' moved_to_another_key
test_case 'moved from pipe to pipe' by_a_pipe_it_is_moved_too
test_case 'in another token' another_token
test_case 'bad command lines' bad_command_lines
test_case 'an interruption leaves nothing' an_interruption_leaves_nothing
test_case 'who may read it' who_may_read_it
test_case 'a full disk' a_full_disk
done_testing
