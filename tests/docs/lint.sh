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

# What a page's commands write an access key or a token to is its owner's alone.
secrets_are_their_owners() {
  cd "$TRENT_SOURCE"
  grep -hE '^[(a-z0-9; -]*credential (create|rotate).* > ' docs/*.md >"$work/secrets"
  [ "$(wc -l <"$work/secrets")" -ge 5 ]
  if grep -v ')$' "$work/secrets"; then return 1; fi
  grep -hB 1 -E '^[(a-z0-9; -]*credential (create|rotate).* > ' docs/*.md | grep -c 'umask 077' >"$work/masked"
  assert_eq "$(cat "$work/masked")" "$(wc -l <"$work/secrets")"
}

case_with /usr/bin/codespell 'the spelling' spelling
case_with /usr/bin/codespell 'misspelt words are found' spelling_is_looked_at
test_case 'files with secrets are for their owner alone' secrets_are_their_owners
case_with /usr/bin/mandoc 'the manual pages' manual_pages
done_testing
