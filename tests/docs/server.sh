#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/server.md: its commands work one after another, and print what it says; and what conf/ has for
# a server is taken by the programs that it is for.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
PATH=$TRENT_BUILD/src:$work/bin:$PATH
install -D "$TRENT_SOURCE/conf/with-kms.sh" "$work/bin/trent-with-kms"
conf=$TRENT_SOURCE/conf

units_and_options() {
  units_are_right trent-serve trent-serve.socket
  # Its options are ones that there are.
  sed -n 's/^ExecStart=//p' trent-serve.service | grep -o -e '--[a-z-]*' >options
  [ -s options ]
  while read -r option; do
    assert_contains "$(trent serve --help)" "$option"
  done
}
# Without what comes before.
from_signatures_on() {
  mkdir alone
  cd alone
  export HOME="$PWD"
  sed -n '/^## With signatures/,$p' "$TRENT_SOURCE/docs/server.md" >page.md
  run_examples page.md
}
haproxy_takes_its_file() { haproxy -c -f "$conf/haproxy.cfg"; }

ln -s "$conf" .
test_case 'the commands of the page' run_examples "$TRENT_SOURCE/docs/server.md"
test_case 'the page from "With signatures" on' from_signatures_on
if command -v systemd-analyze >/dev/null; then
  test_case 'systemd takes the units' units_and_options
fi
if command -v haproxy >/dev/null; then
  test_case 'HAProxy takes its file' haproxy_takes_its_file
fi
done_testing
