#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
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
  assert_eq "$(head -n 1 out)" "$arn_prefix:"
  assert_eq "$(sed -n 2p out)" '  ReEncrypt inside the token: yes; to other tokens: yes; keys are kept in the token: yes'
  assert_lacks "$(cat out)" WARNING
  grep -q 'keys: 1, key materials: 1, aliases: 1' out
  grep -q 'RFC 5649' out
  grep -q 'no problems' out
  trent check --repair >out
  assert_lacks "$(cat out)" repaired:
}

as_json() {
  trent check --output json >out
  assert_eq "$(names out Tokens 0)" \
    'ArnPrefix Token ReEncrypt ReEncryptToOtherTokens KeysInToken Profile Keys KeyMaterials Aliases Grants EnforcedKeys Warnings Problems Repaired'
  assert_eq "$(field out Tokens 0 ArnPrefix)" $arn_prefix:
  assert_eq "$(field out Tokens 0 Keys) $(field out Tokens 0 Problems)" '1 []'
  assert_contains "$(field out Tokens 0 Token)" SoftHSM
  assert_eq "$(field out Tokens 0 ReEncrypt) $(field out Tokens 0 ReEncryptToOtherTokens)" 'true true'
  assert_eq "$(field out Tokens 0 KeysInToken)" true
  assert_eq "$(field out Tokens 0 Profile KeyWrapMechanism)" 8458
  assert_eq "$(field out Tokens 0 Profile ZeroPads) $(field out Tokens 0 Profile TellsLength)" 'true false'
  assert_eq "$(field out Tokens 0 Profile LongestSecret)" 4096
  assert_contains "$(field out Tokens 0 Profile DeriveMechanisms)" '"CKM_AES_ECB_ENCRYPT_DATA"'
}

# play HABITS [ARGUMENT...]: `trent check` on a token that is not like SoftHSM.
play() {
  habits=$1
  shift
  sed "s|$softhsm_module|$TRENT_BUILD/tests/fault.so|" trent.toml >hostile.toml
  status=0
  TRENT_HOSTILE=$habits TRENT_CONF=$work/hostile.toml trent check "$@" >out || status=$?
}

what_a_token_lacks_is_said() {
  play 'no-derive no-data no-agreement'
  assert_eq $status 1
  assert_eq "$(sed -n 2p out)" '  ReEncrypt inside the token: no; to other tokens: no; keys are kept in the token: no'
  grep -q 'CKM_AES_ECB_ENCRYPT_DATA: no, .*CKR_MECHANISM_INVALID: it does not have the mechanism' out
  grep -q 'data objects (CKO_DATA) are kept: no, .*CKR_ATTRIBUTE_VALUE_INVALID' out
  grep -q 'RFC 5649 key wrap: yes, CKM_AES_KEY_WRAP_PAD' out
  grep -q 'PROBLEM: ReEncrypt does not work inside this token' out
  play 'no-agreement' --output json
  assert_eq $status 0
  assert_eq "$(field out Tokens 0 ReEncrypt) $(field out Tokens 0 ReEncryptToOtherTokens)" 'true false'
  play 'unwrap-shows setting=refused'
  assert_eq $status 1
  grep -q 'unwrapped secrets stay secret: no' out
  play 'unwrap-shows kwp=0x80000171'
  assert_eq $status 0
  grep -q 'unwrapped secrets stay secret: yes, when C_SetAttributeValue says it again' out
  grep -q 'RFC 5649 key wrap: yes, CKM_AES_KWP' out
}

keys_that_are_given_away_are_a_warning() {
  trent check >out
  assert_lacks "$(cat out)" 'Whoever has the PIN'
  play gives-away
  assert_eq $status 0
  grep -q 'WARNING: Whoever has the PIN .*CKM_EXTRACT_KEY_FROM_KEY.*CKM_XOR_BASE_AND_DATA' out
  grep -q 'WARNING: .*not shown that CKA_ALLOWED_MECHANISMS' out
  # Every key was made with it.
  play 'gives-away keeps-allowed'
  assert_lacks "$(cat out)" 'Whoever has the PIN'
  # One that was not, as by an earlier version of Trent.
  label=trent/key/$stranger
  tool --keygen --key-type aes:32 --private --label $label --usage-derive >/dev/null
  play 'gives-away keeps-allowed'
  grep -q 'WARNING: .*1 key materials .*without CKA_ALLOWED_MECHANISMS' out
  tool --delete-object --type secrkey --label $label
}

what_others_can_read_is_a_warning() {
  chmod 755 "$work" # mktemp's 700 keeps everybody out
  chmod 600 pin trent.toml
  trent check >out
  assert_lacks "$(cat out)" WARNING
  chmod 640 pin
  trent check >out # no problem of the token's: still 0
  grep -q "WARNING: The PIN file $work/pin can be read by other users: chmod 600 $work/pin" out
  chmod 602 pin
  trent check --output json >out
  assert_contains "$(field out Tokens 0 Warnings 0)" 'can be changed by other users'
  chmod 600 pin
  chmod 666 trent.toml
  trent check >out
  grep -q "WARNING: The configuration $work/trent.toml can be read and changed by other users" out
  chmod 600 trent.toml
  chmod 777 "$work"
  trent check >out
  grep -q "WARNING: The PIN file .* can be replaced by others" out
  chmod 700 "$work"
  chmod 644 pin trent.toml # behind a closed directory
  trent check >out
  assert_lacks "$(cat out)" WARNING
}

# It is told by the name of its library.
nshield_without_its_variable_is_a_warning() {
  unset CKNFAST_ASSUME_SINGLE_PROCESS
  cp "$softhsm_module" libcknfast.so
  sed 's|^module.*|module = "./libcknfast.so"|' trent.toml >nshield.toml
  trent check --config nshield.toml >out
  grep -q "WARNING: nShield's library does not see the keys .* CKNFAST_ASSUME_SINGLE_PROCESS is 0" out
  CKNFAST_ASSUME_SINGLE_PROCESS=0 trent check --config nshield.toml >out
  assert_lacks "$(cat out)" WARNING
  echo 'environment = { CKNFAST_ASSUME_SINGLE_PROCESS = "0" }' >>nshield.toml
  trent check --config nshield.toml >out
  assert_lacks "$(cat out)" WARNING
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

# Restores the token from a backup, but for what changes with each login.
put_back() {
  rm -r tokens
  cp -rp "$1" tokens
}

old_records_are_remembered() {
  trent check --remember memory >out
  grep -q 'memory is new' out
  assert_file_mode memory 600
  trent check --remember memory >out
  assert_lacks "$(cat out)" memory

  make_key watched
  key=$(trent describe-key --key-id alias/watched | sed -n 's/.*"KeyId": "\(.*\)".*/\1/p')
  trent check --remember memory >out
  cp -rp tokens enabled
  trent disable-key --key-id "$key"
  trent check --remember memory >out
  cp memory disabled

  # One old file in the right place, and the key is enabled again.
  put_back enabled
  trent encrypt --key-id "$key" --plaintext YQ== >out
  trent check >out
  grep -q 'no problems' out
  status=0
  trent check --remember memory >out || status=$?
  assert_eq $status 1
  grep -q "PROBLEM: The record trent/key/$key went back from revision 2 to revision 1" out
  grep -q -- '--accept' out
  assert_same_file memory disabled
  status=0
  trent check --remember memory --output json >out || status=$?
  assert_eq $status 1
  assert_contains "$(field out Tokens 0 Problems 0)" "$key went back"
  assert_contains "$(field out Memory)" --accept

  # The same number, but not the same.
  trent disable-key --key-id "$key"
  status=0
  trent check --remember memory >out || status=$?
  assert_eq $status 1
  grep -q "$key, in revision 2, does not come from the revision 2" out
  trent check --remember memory --accept >out
  grep -q "WARNING: accepted: .*$key" out
  trent check --remember memory >out

  # An alias that was deleted is reported as plainly, for a deletion leaves no trace in a token.
  trent delete-alias --alias-name alias/watched
  status=0
  trent check --remember memory >out || status=$?
  assert_eq $status 1
  grep -q 'trent/alias/watched is gone' out
  trent check --remember memory --accept >out
  trent check --remember memory >out
  assert_lacks "$(cat out)" watched
  ls -A >left
  assert_lacks "$(cat left)" memory.
}

what_is_no_memory_is_left_alone() {
  for content in '' 'no memory' '{"format":1}' '{"format":2,"tokens":{}}'; do
    printf '%s' "$content" >other
    cp other before
    assert_fails_with 'other is no memory' "$trent" check --remember other
    assert_same_file other before
  done
  mkdir directory
  assert_fails_with 'directory is no file' "$trent" check --remember directory
  assert_fails_with 'Cannot write' "$trent" check --remember nowhere/memory
  assert_fails_with '--accept needs --remember' "$trent" check --accept
}

# As root, in a token of nobody's.
token_of_another_user() {
  [ "$(id -u)" -eq 0 ] || return 0
  mkdir theirs
  cp -rp tokens trent.toml theirs
  sed "s|$work/tokens|$work/theirs/tokens|" softhsm2.conf >theirs/softhsm2.conf
  cp "$trent" theirs/trent
  chown -R 65534 theirs
  chmod 755 "$work" theirs/trent
  export SOFTHSM2_CONF="$work/theirs/softhsm2.conf" TRENT_CONF="$work/theirs/trent.toml"
  as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups theirs/trent "$@"; }
  fails 254 '\(UnsupportedOperationException\).*: The token belongs to nobody, who could not read what root makes' create-key
  fails 255 'runuser -u nobody' credential create --principal arn:aws:iam::111122223333:user/alice
  trent check >out
  assert_contains "$(cat out)" 'The token belongs to nobody'
  assert_contains "$(cat out)" "The configuration $TRENT_CONF belongs to the user nobody"
  assert_contains "$(cat out)" 'runuser -u nobody'
  assert_lacks "$(cat out)" chown
  trent list-keys >out
  assert_eq "$(find theirs/tokens -user 0)" ''
  as_nobody create-key >out
  as_nobody check >out

  # What root makes there all the same.
  tool --keygen --key-type AES:32 --label unseen >out 2>&1
  status=0
  as_nobody check >out || status=$?
  [ $status -ne 0 ]
  assert_contains "$(cat out)" "nobody, may not read $(basename "$(find theirs -name '*.object' -user 0)") in $work/theirs"
  command=$(grep -o 'chown --reference.*' out)
  sh -c "$command"
  as_nobody check >out
  chmod 700 "$work"
}

test_case 'a token in which all is well' all_is_well
test_case 'the report as JSON' as_json
test_case 'what a token lacks is said, row by row' what_a_token_lacks_is_said
test_case 'a PIN file or configuration that others can read or change' what_others_can_read_is_a_warning
test_case "nShield's library without its variable" nshield_without_its_variable_is_a_warning
test_case 'what a crash left is found, and repaired on demand' what_a_crash_left_is_repaired
test_case 'mechanisms that give keys away are a warning' keys_that_are_given_away_are_a_warning
test_case 'an old record that was put back is noticed' old_records_are_remembered
test_case 'a file that is no memory is left alone' what_is_no_memory_is_left_alone
test_case 'root does not write into the token of another user' token_of_another_user
test_case 'a damaged record is a problem, and is left alone' damage_cannot_be_repaired
done_testing
