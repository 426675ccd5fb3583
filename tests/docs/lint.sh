#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is written for people: its spelling, and the form of the manual pages.
. "$TRENT_SOURCE/tests/support/lib.sh"

# Words that are right here, though they look like misspelt ones: tests/docs/spelling.txt. The tests
# themselves misspell on purpose.
spelling() {
  cd "$TRENT_SOURCE"
  codespell --ignore-words tests/docs/spelling.txt README.md CONTRIBUTING.md SECURITY.md CHANGELOG.md docs conf include src \
    examples >"$work/misspelt"
  assert_eq "$(cat "$work/misspelt")" ''
}

# It finds what is misspelt.
spelling_is_looked_at() {
  echo 'recieve a mesage' >text
  status=0
  codespell --ignore-words "$TRENT_SOURCE/tests/docs/spelling.txt" text >found || status=$?
  [ $status -ne 0 ]
  assert_eq "$(wc -l <found)" 2
}

manual_pages() {
  for page in "$TRENT_SOURCE"/docs/man/*.[1-9]; do
    mandoc -T lint -W error "$page"
  done
  echo '.xx' >bad.1
  if mandoc -T lint -W error bad.1; then return 1; fi
}

case_with /usr/bin/codespell 'the spelling' spelling
case_with /usr/bin/codespell 'misspelt words are found' spelling_is_looked_at
case_with /usr/bin/mandoc 'the manual pages' manual_pages
done_testing
