#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# conf/quickstart.sh, as its reader runs it: once, and once more.
. "$TRENT_SOURCE/tests/support/lib.sh"

# The build is there already.
quickstart() { timeout 100 sh "$TRENT_SOURCE/conf/quickstart.sh" "$work/demo" >"$1" 2>&1; }

first_run() {
  quickstart first || { cat first; return 1; }
  assert_same_file demo/secret demo/decrypted
  assert_contains "$(cat first)" 'InvalidCiphertextException'
  assert_file_mode demo 700
}
second_run_uses_the_same_keys() {
  cp -R demo/tokens tokens.before
  quickstart second || { cat second; return 1; }
  assert_contains "$(cat second)" 'is there from an earlier run: it is used again'
  assert_contains "$(cat second)" 'alias/old is there from an earlier run'
  assert_lacks "$(cat second)" 'create-key'
  assert_same_file demo/secret demo/decrypted
}
# The commands that it shows are the ones that it runs: they work when they are pasted.
shown_commands_work() {
  . demo/env
  PATH=$TRENT_BUILD/src:$PATH
  sed -n '/^\$ openssl pkeyutl .*-encrypt -inkey kms:alias\/old/,/^$/p' second | sed 's/^\$ //' >pasted
  grep -q 'openssl pkeyutl' pasted
  rm demo/old.blob
  cd demo
  sh ../pasted
  [ -s old.blob ]
}
failure_is_told() {
  mkdir broken
  echo '[[token]' >broken/trent.toml
  : >broken/env
  assert_fails_with . sh "$TRENT_SOURCE/conf/quickstart.sh" "$work/broken"
}

test_case 'the first run brings the secret back' first_run
test_case 'a second run uses the same token and keys' second_run_uses_the_same_keys
test_case 'a command that it shows can be pasted' shown_commands_work
test_case 'a failure ends it' failure_is_told
done_testing
