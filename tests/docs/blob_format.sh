#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/blob-format.md: its commands print what it says, and its numbers are those of the vectors.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
page=$TRENT_SOURCE/docs/blob-format.md
vectors=$TRENT_SOURCE/tests/data/blob-vectors.json
enforced=$TRENT_SOURCE/tests/data/blob-vectors-5404.json

commands_print_what_the_page_says() { run_examples "$page"; }

numbers_are_those_of_the_vectors() {
  assert_contains "$(cat "$vectors")" "\"blob\": \"$(basenc --base16 -w0 <blob | tr A-F a-f)\""
  assert_contains "$(cat "$enforced")" "\"blob\": \"$(basenc --base16 -w0 <blob-5404 | tr A-F a-f)\""
  # Every long number that the page shows in one piece.
  grep -oE '\b[0-9a-f]{32,}\b' "$page" | sort -u >numbers
  [ "$(wc -l <numbers)" -ge 8 ]
  while read -r number; do assert_contains "$(cat "$vectors" "$enforced")" "$number"; done <numbers
}

wrong_context_fails() {
  printf '\0\0\0\0' >context
  { domain trent:v1:suite-5401:wrapping-key; cat header context; } | openssl dgst -sha256 -binary |
    openssl enc -aes-256-ecb -nopad -K "$KEY" >other-key
  assert_fails_with 'cipher operation failed' openssl enc -d -id-aes256-wrap-pad \
    -K "$(basenc --base16 -w0 <other-key)" -iv a65959a6 -in payload
}
KEY=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
domain() { printf %s "$1" | dd bs=64 conv=sync status=none; }

test_case 'the commands print what the page says' commands_print_what_the_page_says
test_case 'the numbers are those of the vectors' numbers_are_those_of_the_vectors
test_case 'with another context it fails as the page says' wrong_context_fails
done_testing
