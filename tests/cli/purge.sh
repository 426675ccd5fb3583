#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# trent purge
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token
make_key alive

# make_due ALIAS: a key whose waiting period was over a minute ago; sets key.
make_due() {
  make_key "$1"
  trent encrypt --key-id "$key" --plaintext aGVsbG8= --output raw >"$1.blob"
  trent schedule-key-deletion --key-id "$key" >/dev/null
  change_record "trent/key/$key" "deletion=$(($(date +%s) - 60))000"
}

tells_before_it_destroys() {
  assert_eq "$(trent purge | sed 1d)" '  nothing to destroy'
  make_due dead
  trent purge --dry-run >out
  assert_eq "$(head -n 1 out)" "$arn_prefix:"
  matches "$(sed -n 2p out)" "  Key $key, deletion date .*Z, key materials: 1, aliases: alias/dead: would be destroyed"
  trent purge --dry-run --output json >out
  assert_eq "$(names out Tokens 0)" 'ArnPrefix Keys ImportedKeyMaterials WaitingPeriodsBegun Problems'
  assert_eq "$(names out Tokens 0 Keys 0)" 'KeyId Arn DeletionDate KeyMaterials Aliases Grants Destroyed'
  assert_eq "$(field out DryRun) $(field out Tokens 0 Keys 0 Arn) $(field out Tokens 0 Keys 0 Destroyed)" \
    "true $arn_prefix:key/$key false"
  trent purge >out
  grep -q "Key $key.*: destroyed\$" out
  assert_eq "$(trent purge | sed 1d)" '  nothing to destroy'
  fails 254 NotFoundException describe-key --key-id "$key"
  fails 254 'AccessDeniedException.*does not exist' decrypt --ciphertext-blob fileb://dead.blob
  trent describe-key --key-id alias/alive >out
  trent check >out
}

# By a clock that is ahead: nothing else in the token tells that time.
kept_key_is_said() {
  mkdir ahead && cp -r tokens ahead
  make_key kept
  trent schedule-key-deletion --key-id "$key" >/dev/null
  list='trent list-keys --output raw'
  for each in $($list); do
    change_record "trent/key/$each" created=1600000000000 made=1600000000000 materials.0.created=1600000000000
  done
  for alias in alive kept; do change_record "trent/alias/$alias" updated=1600000000000 made=1600000000000; done
  change_record "trent/key/$key" deletion=1600200000000
  status=0
  trent purge >out || status=$?
  assert_eq $status 1
  grep -q "Key $key.*: not destroyed. By this computer's clock .* 2020-09-15.* 2020-09-13, .*--clock-is-right" out
  status=0
  trent check --repair >out || status=$?
  assert_eq $status 1
  grep -q "PROBLEM: Key $key is past its deletion date, .* \`trent purge\` destroys it" out
  trent purge --clock-is-right --output json >out
  assert_eq "$(field out Tokens 0 Keys 0 Destroyed)" true
}

# Nothing but what was to be destroyed is ever missing, and the next purge ends it.
next_purge_finishes() {
  trent check >out || :
  assert_lacks "$(grep PROBLEM out | grep -v "past its deletion date")" PROBLEM
  trent purge >out
  trent check >out
}
killed_purge_is_finished() {
  make_due killed
  killed_at_each_change next_purge_finishes trent purge
}

test_case 'it tells before it destroys' tells_before_it_destroys
test_case 'a key that is kept is named' kept_key_is_said
test_case 'a purge that is killed is finished by the next' killed_purge_is_finished
done_testing
