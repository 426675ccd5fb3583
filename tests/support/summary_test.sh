#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What tests/run.sh says last, from logs of test runs that went well and badly.
. "$TRENT_SOURCE/tests/support/lib.sh"

# summarise RESULT STDOUT
summarise() {
  printf '{"name": "t", "result": "%s", "returncode": 1, "stdout": "%s"}\n' "$1" "$2" >log.json
  status=0
  output=$(python3 "$TRENT_SOURCE/tests/support/summary.py" log.json) || status=$?
  last=$(printf '%s\n' "$output" | tail -n 1)
}

cases_are_added_up() {
  summarise OK '1..2\nok 1 - a\nok 2 - b\n# ok - group'
  assert_eq "$last/$status" '2 passed, 0 failed/0'
}
failed_cases_are_shown() {
  summarise FAIL '1..2\nok 1 - a\nnot ok 2 - b\n# why'
  assert_eq "$last/$status" '1 passed, 1 failed/1'
  assert_contains "$output" '# why'
}
crash_counts() {
  summarise ERROR '1..2\nok 1 - a'
  assert_eq "$last/$status" '1 passed, 1 failed/1'
}
timeout_counts() {
  summarise TIMEOUT ''
  assert_eq "$last/$status" '0 passed, 1 failed/1'
}
skipped_cases_do_not_count() {
  summarise OK '1..2\nok 1 - a\nnot ok 2 # SKIP b'
  assert_eq "$last/$status" '1 passed, 0 failed/0'
  assert_contains "$output" 'skipped: t: not ok 2 # SKIP b'
}
nothing_run_is_a_failure() {
  summarise OK ''
  assert_eq "$last/$status" '0 passed, 0 failed/1'
  rm log.json
  assert_fails_with '^0 passed, 0 failed$' \
    python3 "$TRENT_SOURCE/tests/support/summary.py" log.json
}

test_case 'cases are added up' cases_are_added_up
test_case 'failed cases are shown' failed_cases_are_shown
test_case 'a crash counts as a failure' crash_counts
test_case 'a timeout counts as a failure' timeout_counts
test_case 'skipped cases are shown and not counted' skipped_cases_do_not_count
test_case 'nothing run is a failure' nothing_run_is_a_failure
done_testing
