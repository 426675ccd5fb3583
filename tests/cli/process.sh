#!/bin/sh
# The command as a process that holds secrets.
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

# A trent that waits for its standard input, a pipe that nobody writes to. Sets pid.
start_waiting() {
  rm -f pipe
  mkfifo -m 644 pipe
  # shellcheck disable=SC2086
  $as_somebody bin/trent encrypt --key-id alias/app --plaintext - <pipe &
  pid=$!
  exec 9>pipe
  for _ in $(seq 100); do
    [ "$(cat /proc/$pid/wchan 2>/dev/null)" = pipe_read ] && return
    sleep 0.05
  done
  # /proc/PID/wchan is not shown everywhere
  sleep 1
}

stop_waiting() {
  exec 9>&-
  wait $pid || true
}

core_dumps_are_off() {
  start_waiting
  limit=$(grep '^Max core file size' /proc/$pid/limits)
  stop_waiting
  matches "$limit" 'Max core file size +0 +0 +bytes *'
}

# A process that cannot be attached to belongs, in /proc, to root.
nobody_may_attach() {
  if grep -q __asan_init "$trent"; then return; fi # LeakSanitizer has to attach
  start_waiting
  owner=$(stat -c %U /proc/$pid/environ)
  stop_waiting
  assert_eq "$owner" root
  [ "$somebody" != root ]
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

test_case 'no core dumps' core_dumps_are_off
test_case 'other processes of the user cannot attach' nobody_may_attach
test_case 'descriptors can be named as files' descriptors_by_name
test_case 'errors show no plaintext' plaintext_is_not_in_error_messages
done_testing
