#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What runs the examples of the documentation: an example that prints something else must fail.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"

# page COMMAND OUTPUT: page.md, whose one example prints OUTPUT.
page() {
  rm -f want.* got.*
  printf 'Text.\n\n```sh\n%s\n```\n```text\n%s\n```\n' "$1" "$2" >page.md
}
# In a shell of its own: in a condition, `set -e` would have no effect.
differs() {
  status=0
  sh -c 'set -e; . "$TRENT_SOURCE/tests/docs/examples.sh"; run_examples page.md' || status=$?
  [ $status -ne 0 ]
}

same_output_passes() {
  page "echo 'a (b) [c] \\*'" 'a (b) [c] \*'
  run_examples page.md
}
other_output_fails() {
  page 'echo abc' abd
  differs
  page 'echo abc' a.c
  differs
  page true abc
  differs
  page 'echo abc; echo def' abc
  differs
  page 'echo abc' "$(printf 'abc\ndef')"
  differs
}
failing_command_fails() {
  page 'echo abc; false; true' abc
  differs
}
dots_stand_for_anything() {
  page 'echo key 1234, enabled' 'key ..., enabled'
  run_examples page.md
  page 'echo key 1234, disabled' 'key ..., enabled'
  differs
  page "printf 'a\nb\n'" ...
  differs
}
files_are_written() {
  printf '```c hello.c\nint main(void) { return 0; }\n```\n\n```sh\ncat hello.c\n```\n```text\nint main(void) { return 0; }\n```\n' >page.md
  run_examples page.md
}

test_case 'the same output passes' same_output_passes
test_case 'other output fails' other_output_fails
test_case 'a command that fails fails the page' failing_command_fails
test_case '... stands for anything within a line' dots_stand_for_anything
test_case 'a block with a name is a file' files_are_written
done_testing
