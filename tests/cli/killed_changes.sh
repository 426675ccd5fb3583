#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a kill at any call into the token leaves of a change to a policy, a grant or tags: all of it or
# nothing, and no harm to anything else.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token

user=arn:aws:iam::111122223333:user/app

# is_one_of TEXT TEXT TEXT
is_one_of() {
  [ "$1" = "$2" ] || assert_eq "$1" "$3"
}

# What was there works, and a repair has nothing to say but of leftovers.
nothing_is_lost() {
  says_hello old.blob
  # A check waits where it finds something left over.
  trent check --repair >out
  trent check >out
  grep -q 'keys: 1,' out
}

policy() {
  printf '{"Version": "2012-10-17", "Statement": [{"Sid": "%s", "Effect": "Allow", "Principal": {"AWS": "*"},
    "Action": "kms:*", "Resource": "*"}]}' "$1"
}
policy_is_old_or_new() {
  trent get-key-policy --key-id "$key" --output raw >seen
  is_one_of "$(sed -n 's/.*"Sid": "\(...\)".*/\1/p' seen)" old new
  nothing_is_lost
}
killed_policy() {
  trent put-key-policy --key-id "$key" --policy "$(policy old)"
  killed_at_each_change policy_is_old_or_new trent put-key-policy --key-id "$key" --policy "$(policy new)"
}

grants() { trent list-grants --key-id "$key" --output list | grep -c "$user" || :; }
one_grant_or_two() {
  is_one_of "$(grants)" 1 2
  nothing_is_lost
}
killed_grant() {
  trent create-grant --key-id "$key" --grantee-principal $user --operations Decrypt --name first >grant
  assert_eq "$(grants)" 1
  killed_at_each_change one_grant_or_two trent create-grant --key-id "$key" --grantee-principal $user \
    --operations Encrypt --name second
  assert_eq "$(grants)" 2
}

killed_revocation() {
  killed_at_each_change one_grant_or_two trent revoke-grant --key-id "$key" --grant-id "$(field grant GrantId)"
  assert_eq "$(grants)" 1
}

tags() { trent list-resource-tags --key-id "$key" --output list | sort | tr '\n\t' '; '; }
old='stays 1;'
new="added 2;$old"
tags_are_old_or_new() {
  is_one_of "$(tags)" "$old" "$new"
  nothing_is_lost
}
killed_tagging() {
  trent tag-resource --key-id "$key" --tags TagKey=stays,TagValue=1
  killed_at_each_change tags_are_old_or_new trent tag-resource --key-id "$key" --tags TagKey=added,TagValue=2
  assert_eq "$(tags)" "$new"
}

killed_untagging() {
  killed_at_each_change tags_are_old_or_new trent untag-resource --key-id "$key" --tag-keys added
  assert_eq "$(tags)" "$old"
}

make_key kept
say_hello old.blob
test_case 'PutKeyPolicy' killed_policy
test_case 'CreateGrant' killed_grant
test_case 'RevokeGrant' killed_revocation
test_case 'TagResource' killed_tagging
test_case 'UntagResource' killed_untagging
done_testing
