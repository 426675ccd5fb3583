#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/openssl.md: its commands print what it says, and its program is one.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
page=$TRENT_SOURCE/docs/openssl.md
PATH=$TRENT_BUILD/src:$PATH

examples_print_what_the_page_says() {
  awk '/^```c$/ { c = 1; next } /^```/ { c = 0 } c' "$page" >move.c
  run_examples "$page"
}

# Every parameter and exception that the provider knows by name is in one of the two pages.
manual_names_all_parameters() {
  grep -hoE 'k[A-Z][A-Za-z]+ = "[a-z-]+"' "$TRENT_SOURCE"/src/provider/params.h \
    "$TRENT_SOURCE"/src/provider/asym_cipher.cc "$TRENT_SOURCE"/src/provider/generation.cc \
    "$TRENT_SOURCE"/src/provider/mac.cc | grep -oE '"[a-z-]+"' | tr -d '"' >names
  [ "$(wc -l <names)" -ge 15 ]
  while read -r name; do
    grep -Fq -e "$(printf %s "$name" | sed 's/-/\\-/g')" "$TRENT_SOURCE/docs/man/trent-provider.7" ||
      { echo "not in trent-provider.7: $name"; return 1; }
  done <names
}

test_case 'the examples print what the page says' examples_print_what_the_page_says
test_case 'trent-provider(7) names all parameters' manual_names_all_parameters
done_testing
