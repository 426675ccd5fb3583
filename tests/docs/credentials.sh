#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/credentials.md: its commands work one after another, its example is a file that is taken, and
# every key is explained.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
PATH=$TRENT_BUILD/src:$PATH
page=$TRENT_SOURCE/docs/credentials.md

example_is_taken() {
  awk '/^```/ { on = ($0 == "```toml"); next } on' "$page" >example.toml
  chmod 600 example.toml
  trent credential list --credentials example.toml >keys.json
  assert_eq "$(field keys.json AccessKeyMetadata 0 UserName)" alice
  assert_eq "$(field keys.json OtherCredentials 0 Uid)" 1000
  assert_eq "$(field keys.json OtherCredentials 1 Certificate)" URI:spiffe://example/app
}

every_key() {
  printf '[[principal]]\nx = 1\n' >bad.toml
  chmod 600 bad.toml
  trent credential list --credentials bad.toml 2>err || :
  keys=$(sed -n 's/.*the keys known here are \(.*\)\./\1/p' err | tr -d ,)
  [ "$(echo "$keys" | wc -w)" -eq 9 ]
  for key in $keys; do grep -qx "### $key" "$page" || { echo "no $key"; return 1; }; done
}

test_case 'the commands of the page' run_examples "$page"
test_case 'the file it shows' example_is_taken
test_case 'every key of the file' every_key
done_testing
