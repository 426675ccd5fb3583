#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command as a process: it holds secrets, and may be interrupted.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token
make_key app

# Root is shown nothing of what protects a process: so it is run as somebody else.
as_somebody='' somebody=$(id -un)
mkdir bin
cp "$trent" bin/trent
if [ "$(id -u)" -eq 0 ]; then
  chmod 755 . bin bin/trent
  as_somebody='setpriv --reuid=65534 --regid=65534 --clear-groups'
  somebody=$(id -un 65534)
fi

# while_waiting CHECK: CHECK has to hold, within a few seconds, of a trent (pid) that waits for its
# standard input, a pipe that nobody writes to.
while_waiting() {
  rm -f pipe
  mkfifo -m 644 pipe
  # shellcheck disable=SC2086
  $as_somebody bin/trent encrypt --key-id alias/app --plaintext - <pipe &
  pid=$!
  exec 9>pipe
  held=no
  for _ in $(seq 100); do
    if [ "$(cat /proc/$pid/comm)" = trent ] && "$@"; then
      held=yes
      break
    fi
    sleep 0.05
  done
  exec 9>&-
  wait $pid || true
  assert_eq $held yes
}

has_no_core_dumps() { grep -Eq '^Max core file size +0 +0 ' /proc/$pid/limits; }

# A process that cannot be attached to belongs, in /proc, to root.
belongs_to_root() { [ "$(stat -c %U /proc/$pid/environ)" = root ]; }

core_dumps_are_off() { while_waiting has_no_core_dumps; }

nobody_may_attach() {
  if grep -q __asan_init "$trent"; then return; fi # LeakSanitizer has to attach
  [ "$somebody" != root ]
  while_waiting belongs_to_root
}

# Such a process must still be able to open its own descriptors by name.
descriptors_by_name() {
  status=0
  # shellcheck disable=SC2086
  $as_somebody sh -c 'printf x | bin/trent encrypt --key-id alias/app \
    --plaintext fileb:///dev/stdin --config /nowhere/trent.toml' 2>err || status=$?
  assert_eq $status 253 # it has read its values, and now wants its configuration
  assert_contains "$(cat err)" /nowhere/trent.toml
}

plaintext_is_not_in_error_messages() {
  with_error() {
    status=0
    trent "$@" >out 2>err || status=$?
    [ $status -ne 0 ]
    assert_lacks "$(cat out err)" cGFzc3dvcmQ
    assert_lacks "$(cat out err)" password
  }
  with_error encrypt --key-id alias/nobody --plaintext cGFzc3dvcmQ=
  with_error encrypt --key-id alias/app --plaintext 'password!'
  with_error encrypt --key-id alias/app --plaintext cGFzc3dvcmQ= --encryption-context x
  with_error encrypt --key-id alias/app --plaintext cGFzc3dvcmQ= extra
  with_error encrypt --key-id alias/app --plaintext cGFzc3dvcmQ= --config /nowhere
}

# SoftHSM empties token.object and writes it again when somebody logs in: the signal comes when the
# file is seen to be empty.
interrupted_login_leaves_the_token() {
  python3 - "$trent" tokens/*/token.object <<-'PYTHON'
	import os, signal, subprocess, sys
	trent, token = sys.argv[1:]
	command = [trent, "generate-random", "--number-of-bytes", "8"]
	for run in range(100):
	    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
	    while process.poll() is None:
	        if os.path.getsize(token) == 0:
	            process.send_signal([signal.SIGINT, signal.SIGTERM, signal.SIGHUP][run % 3])
	            process.wait()
	    if os.path.getsize(token) == 0:
	        sys.exit(f"the token is destroyed after {run + 1} runs")
	PYTHON
  trent list-keys >out
  assert_contains "$(cat out)" "$key"
}

# docs/tokens.md promises it.
old_copy_brings_the_token_back() {
  file=$(echo tokens/*/token.object)
  cp -p "$file" copy
  trent create-key --output raw >id
  trent encrypt --key-id "$(cat id)" --plaintext aGVsbG8= --output raw >blob
  rm -r tokens.backup # Trent's own copy would bring it back by itself
  : >"$file"
  fails 254 'it has none[.]' list-keys
  grep -F "$file is damaged" fails.err
  cp -p copy "$file"
  assert_eq "$(trent decrypt --ciphertext-blob fileb://blob --output raw)" hello
}

test_case 'an old copy of token.object brings the token back' old_copy_brings_the_token_back
test_case 'an interrupted login leaves the token whole' interrupted_login_leaves_the_token
test_case 'no core dumps' core_dumps_are_off
test_case 'other processes of the user cannot attach' nobody_may_attach
test_case 'descriptors can be named as files' descriptors_by_name
test_case 'errors show no plaintext' plaintext_is_not_in_error_messages
done_testing
