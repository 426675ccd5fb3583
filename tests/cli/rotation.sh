#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rotation by the command: its verbs, trent rotate-due, and what a kill leaves.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token

key_material() { trent describe-key --key-id "$1" | sed -n 's/.*"CurrentKeyMaterialId": "\(.*\)".*/\1/p'; }

rotated_on_demand() {
  make_key demand
  first=$(key_material alias/demand)
  say_hello old.blob
  assert_eq "$(trent rotate-key-on-demand --key-id "$key" --output raw)" "$arn_prefix:key/$key"
  second=$(key_material alias/demand)
  says_hello old.blob
  trent re-encrypt --ciphertext-blob fileb://old.blob --destination-key-id alias/demand >moved
  assert_eq "$(field moved SourceKeyMaterialId) $(field moved DestinationKeyMaterialId)" "$first $second"
  trent list-key-rotations --key-id "$key" >list
  assert_eq "$(field list Rotations 0 KeyMaterialId) $(field list Rotations 0 RotationType)" "$second ON_DEMAND"
  matches "$(field list Rotations 0 RotationDate)" "$time"
  assert_eq "$(trent list-key-rotations --key-id "$key" --include-key-material ALL_KEY_MATERIAL --output raw)" \
    "$first
$second"
  trent list-key-rotations --key-id "$key" --include-key-material ALL_KEY_MATERIAL --output list >lines
  assert_eq "$(sed -n 1p lines)" "$key	$first	NON_CURRENT"
  fails 254 NotFoundException rotate-key-on-demand --key-id alias/demand
  trent check >out
  grep -q 'keys: 1, key materials: 2' out
}

rotated_when_it_is_due() {
  make_key due
  trent enable-key-rotation --key-id "$key" --rotation-period-in-days 90
  trent get-key-rotation-status --key-id "$key" >status
  assert_eq "$(field status KeyRotationEnabled) $(field status RotationPeriodInDays)" 'true 90'
  matches "$(field status NextRotationDate)" "$time"
  assert_eq "$(trent rotate-due | sed 1d)" '  nothing to rotate'
  change_record "trent/key/$key" "rotation.next=$(($(date +%s) - 60))000"
  matches "$(trent rotate-due --dry-run | sed 1d)" "  Key $key, due since .*Z: would be rotated"
  trent rotate-due --dry-run --output json >out
  assert_eq "$(names out Tokens 0 Keys 0)" 'KeyId Arn NextRotationDate Rotated'
  before=$(key_material "$key")
  matches "$(trent rotate-due | sed 1d)" "  Key $key, due since .*Z: rotated"
  [ "$(key_material "$key")" != "$before" ]
  assert_eq "$(trent rotate-due | sed 1d)" '  nothing to rotate'
  fails 254 ConflictException rotate-key-on-demand --key-id "$key"
  trent disable-key-rotation --key-id "$key"
  trent get-key-rotation-status --key-id "$key" >status
  assert_eq "$(names status)" 'KeyRotationEnabled KeyId'
}

failed_rotation_is_said() {
  make_key failing
  trent enable-key-rotation --key-id "$key"
  change_record "trent/key/$key" "rotation.next=$(($(date +%s) - 60))000"
  status=0
  TRENT_CONF=$work/fault.toml TRENT_FAULT='1 C_GenerateKey 0x5' trent rotate-due >out || status=$?
  assert_eq $status 1
  grep -q "Key $key.*: not rotated. .*CKR_GENERAL_ERROR" out
  trent rotate-due >out
  grep -q "Key $key.*: rotated" out
}

# The key works before and after, nothing is lost, and a repair leaves nothing behind.
key_works_and_nothing_is_left() {
  says_hello old.blob
  say_hello new.blob
  says_hello new.blob
  # A check waits where it finds something left over.
  repair_leaves_nothing
  says_hello old.blob
  says_hello new.blob
}
killed_rotation_loses_nothing() {
  make_key killed
  say_hello old.blob
  killed_at_each_change key_works_and_nothing_is_left trent rotate-key-on-demand --key-id "$key"
}

sed "s|$softhsm_module|$TRENT_BUILD/tests/fault.so|" trent.toml >fault.toml
test_case 'a key is rotated on demand' rotated_on_demand
test_case 'a key is rotated when it is due' rotated_when_it_is_due
test_case 'a rotation that failed is said' failed_rotation_is_said
test_case 'a rotation that is killed loses nothing' killed_rotation_loses_nothing
done_testing
