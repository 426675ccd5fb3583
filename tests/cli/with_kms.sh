#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# conf/with-kms.sh: a KMS for one command.
. "$TRENT_SOURCE/tests/support/lib.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
export PATH="$TRENT_BUILD/src:/usr/bin:$PATH" TMPDIR="$work/tmp"
mkdir "$TMPDIR"
with_kms() { timeout 60 sh "$TRENT_SOURCE/conf/with-kms.sh" "$@"; }
nothing_is_left() { assert_eq "$(ls -A "$TMPDIR")" ''; }

every_door_is_open() {
  cat >job <<-'JOB'
	set -eu
	aws kms describe-key --endpoint-url "$AWS_ENDPOINT_URL_KMS" --key-id alias/app --query KeyMetadata.KeyState
	trent list-aliases --output raw
	printf 'a secret' >secret
	openssl pkeyutl -encrypt -inkey kms:alias/app -in secret | openssl pkeyutl -decrypt -inkey kms:alias/app
	JOB
  assert_eq "$(with_kms sh job | tr -d '\n')" '"Enabled"alias/appalias/newalias/olda secret'
  nothing_is_left
}
arguments_stay_as_they_are() {
  assert_eq "$(with_kms printf '<%s>' 'a b' '$HOME' '')" '<a b><$HOME><>'
}
the_exit_code_is_that_of_the_command() {
  status=0
  with_kms sh -c 'exit 7' || status=$?
  assert_eq $status 7
  nothing_is_left
}
its_server_ends_with_it() {
  url=$(with_kms sh -c 'echo $AWS_ENDPOINT_URL_KMS')
  status=0
  curl --silent "$url/healthz" || status=$?
  assert_eq $status 7 # nobody listens
}
ended_by_a_signal() {
  start sh "$TRENT_SOURCE/conf/with-kms.sh" sh -c 'echo ready; sleep 1'
  eventually grep -q ready started.log
  kill -TERM $started
  status=0
  wait $started || status=$?
  assert_eq $status 143
  nothing_is_left
}
what_goes_wrong() {
  assert_fails_with 'usage: .*COMMAND' sh "$TRENT_SOURCE/conf/with-kms.sh"
  mkdir bin # without the library beside it
  cp "$TRENT_BUILD/src/trent" bin
  status=0
  PATH=$work/bin:/usr/bin:/bin with_kms true || status=$?
  [ $status -ne 0 ]
  nothing_is_left
}

test_case 'every door is open' every_door_is_open
test_case 'arguments stay as they are' arguments_stay_as_they_are
test_case 'the exit code is that of the command' the_exit_code_is_that_of_the_command
test_case 'its server ends with it' its_server_ends_with_it
test_case 'ended by a signal' ended_by_a_signal
test_case 'what goes wrong leaves nothing' what_goes_wrong
done_testing
