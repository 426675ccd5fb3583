#!/bin/sh
# trent check
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token
make_key app
stranger=1234abcd-12ab-34cd-56ef-1234567890ab

tool() { pkcs11-tool --module $softhsm_module --token-label kms --login --pin 1234 "$@"; }

# What a crash leaves between making the material of a key and writing its record.
lose_record() {
  make_key lost
  lost=$(trent describe-key --key-id alias/lost | sed -n 's/.*"KeyId": "\(.*\)".*/\1/p')
  trent delete-alias --alias-name alias/lost
  tool --delete-object --type data --label "trent/key/$lost"
}

all_is_well() {
  trent check >out
  grep -qx "$arn_prefix:" out
  grep -q 'keys: 1, key materials: 1, aliases: 1' out
  grep -q 'RFC 5649' out
  grep -q 'no problems' out
  trent check --repair >out
  assert_lacks "$(cat out)" repaired:
}

as_json() {
  trent check --output json >out
  assert_eq "$(names out Tokens 0)" \
    'ArnPrefix Token Profile Keys KeyMaterials Aliases Problems Repaired'
  assert_eq "$(field out Tokens 0 ArnPrefix)" $arn_prefix:
  assert_eq "$(field out Tokens 0 Keys) $(field out Tokens 0 Problems)" '1 []'
  assert_contains "$(field out Tokens 0 Token)" SoftHSM
}

what_a_crash_left_is_repaired() {
  lose_record
  status=0
  trent check >out || status=$?
  assert_eq $status 1
  grep -q 'PROBLEM: .*--repair' out
  status=0
  trent check --output json >out || status=$?
  assert_eq $status 1
  assert_contains "$(field out Tokens 0 Problems 0)" "$lost"

  trent check --repair >out
  grep -q "repaired: .*$lost" out
  trent check >out
  trent enable-key --key-id "$lost"
  trent describe-key --key-id alias/app >out # what is in use stays
}

damage_cannot_be_repaired() {
  printf 'no record' >garbage
  tool --private --write-object garbage --type data --application-label trent --label trent/key/$stranger
  for repair in '' --repair; do
    status=0
    # shellcheck disable=SC2086
    trent check $repair >out || status=$?
    assert_eq $status 1
    grep -q "PROBLEM: .*$stranger.*damaged" out
  done
}

test_case 'a token in which all is well' all_is_well
test_case 'the report as JSON' as_json
test_case 'what a crash left is found, and repaired on demand' what_a_crash_left_is_repaired
test_case 'a damaged record is a problem, and is left alone' damage_cannot_be_repaired
done_testing
