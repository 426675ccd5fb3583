#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# README.md: the first five minutes by hand, from the making of the token on, as they are written.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF TRENT_CONF OPENSSL_CONF OPENSSL_MODULES # a shell that knows nothing of Trent
PATH=$TRENT_BUILD/src:$PATH
HOME=$work
export HOME

first_five_minutes() {
  sed -n '/^Make a token/,/^## Read on/p' "$TRENT_SOURCE/README.md" >by-hand.md
  make_script by-hand.md >script
  sh -eu script
  # What the page shows: the secret, after the move.
  cat want.* | while read -r line; do grep -Fqx -e "$line" got.*; done
}

# The page may link to nothing that is not there.
links_lead_somewhere() {
  grep -oE '\]\((docs/[^)#]+)' "$TRENT_SOURCE/README.md" | cut -c3- >links
  [ "$(wc -l <links)" -ge 5 ]
  while read -r link; do [ -e "$TRENT_SOURCE/$link" ] || { echo "no $link"; return 1; }; done <links
}

test_case 'the first five minutes by hand' first_five_minutes
test_case 'links lead somewhere' links_lead_somewhere
done_testing
