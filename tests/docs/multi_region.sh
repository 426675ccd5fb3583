#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/multi-region.md: its commands work one after another, and print what it says.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
PATH=$TRENT_BUILD/src:$PATH

test_case 'the commands of the page' run_examples "$TRENT_SOURCE/docs/multi-region.md"
done_testing
