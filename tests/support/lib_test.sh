#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The test library itself: a failed check must come out as a failed case.
. "$TRENT_SOURCE/tests/support/lib.sh"
make_token

inner() {
  printf '. "$TRENT_SOURCE/tests/support/lib.sh"\n%s\ndone_testing\n' "$1" >inner.sh
  status=0
  output=$(sh inner.sh 2>&1) || status=$?
}

token_is_there() { assert_contains "$(softhsm2-util --show-slots)" 'Label:            kms'; }
passing_case_counts() {
  inner 'works() { true; }; test_case "it works" works'
  assert_eq "$output" "$(printf 'ok 1 - it works\n1..1')"
  assert_eq $status 0
}
first_failing_command_ends_a_case() {
  inner 'broken() { false; true; }; test_case "it breaks" broken'
  assert_contains "$output" 'not ok 1 - it breaks'
  assert_eq $status 1
}
failed_check_fails_its_case() {
  for check in 'assert_eq 1 2' 'assert_contains abc d' 'assert_lacks abc b' \
    'assert_fails_with . true' 'assert_fails_with no-such-text false' \
    'assert_fails_with . sh -c "kill -SEGV \$\$"'; do
    inner "f() { $check; true; }; test_case t f"
    assert_contains "$output" 'not ok 1 - t'
  done
}
expected_failure_passes() {
  inner 'f() { assert_fails_with "no such" sh -c "echo no such key >&2; exit 1"; }; test_case t f'
  assert_eq $status 0
}
directory_is_removed() {
  inner 'f() { pwd >'"$PWD"'/where; }; test_case t f'
  [ ! -e "$(cat where)" ]
}

test_case 'the token is there' token_is_there
test_case 'a case that passes is counted' passing_case_counts
test_case 'the first failing command ends a case' first_failing_command_ends_a_case
test_case 'a failed check fails its case' failed_check_fails_its_case
test_case 'an expected failure passes' expected_failure_passes
test_case 'the directory is removed at the end' directory_is_removed
done_testing
