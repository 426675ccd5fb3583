#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/java.md, from top to bottom.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
export PATH="$TRENT_BUILD/src:/usr/bin:$PATH"

case_with /usr/bin/javac 'the page' run_examples "$TRENT_SOURCE/docs/java.md"
done_testing
