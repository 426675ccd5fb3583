#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/cli.md: its commands work one after another, and print what it says.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
PATH=$TRENT_BUILD/src:$PATH

# A page that fails halfway leaves its server.
stop() {
  [ ! -f serve.pid ] || kill "$(cat serve.pid)" 2>/dev/null
  rm -rf "$work"
}
trap stop EXIT

test_case 'the commands of the cookbook' run_examples "$TRENT_SOURCE/docs/cli.md"
done_testing
