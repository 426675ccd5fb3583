#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The verbs that manage keys, and their JSON.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token_for_suite

create_key() {
  trent create-key --description 'für "acme"' >out
  matches "$(field out KeyMetadata KeyId)" "$uuid"
  assert_eq "$(field out KeyMetadata Arn)" "$arn_prefix:key/$(field out KeyMetadata KeyId)"
  assert_eq "$(field out KeyMetadata AWSAccountId)" 111122223333
  assert_eq "$(field out KeyMetadata Description)" 'für "acme"'
  assert_eq "$(field out KeyMetadata KeySpec)" SYMMETRIC_DEFAULT
  assert_eq "$(field out KeyMetadata CustomerMasterKeySpec)" SYMMETRIC_DEFAULT
  assert_eq "$(field out KeyMetadata EncryptionAlgorithms)" '["SYMMETRIC_DEFAULT"]'
  assert_eq "$(field out KeyMetadata KeyState)" Enabled
  assert_eq "$(field out KeyMetadata Enabled)" true
  matches "$(field out KeyMetadata CreationDate)" "$time"
  matches "$(field out KeyMetadata CurrentKeyMaterialId)" "$material"
  assert_eq "$(names out KeyMetadata)" "AWSAccountId KeyId Arn CreationDate Enabled Description \
KeyUsage KeyState Origin KeyManager CustomerMasterKeySpec KeySpec EncryptionAlgorithms MultiRegion \
CurrentKeyMaterialId"
}

json_looks_as_that_of_aws() {
  trent create-key >out
  assert_eq "$(sed -n 1,2p out)" "$(printf '{\n    "KeyMetadata": {')"
  assert_eq "$(sed -n 3p out)" '        "AWSAccountId": "111122223333",'
  assert_eq "$(tail -n 1 out)" '}'
}

explicit_parameters() {
  trent create-key --key-spec SYMMETRIC_DEFAULT --key-usage ENCRYPT_DECRYPT --origin AWS_KMS \
    --description= >out
  assert_eq "$(field out KeyMetadata Description)" ''
  fails 254 'ValidationException\) when calling the CreateKey operation: .*keySpec' \
    create-key --key-spec AES_256
}

describe_key_by_every_name() {
  make_key described
  trent describe-key --key-id "$key" >by-id
  for name in "$arn_prefix:key/$key" alias/described "$arn_prefix:alias/described"; do
    trent describe-key --key-id "$name" >out
    assert_same_file by-id out
  done
  assert_eq "$(trent describe-key --key-id alias/described --output raw)" "$key"
  assert_eq "$(trent describe-key --key-id=alias/described --output=raw)" "$key"
}

unknown_keys() {
  id=1234abcd-12ab-34cd-56ef-1234567890ab
  fails 254 "^An error occurred \(NotFoundException\) when calling the DescribeKey operation: \
Key '$arn_prefix:key/$id' does not exist$" describe-key --key-id $id
  fails 254 "NotFoundException.*Invalid keyId 'nonsense'" describe-key --key-id nonsense
  fails 254 'NotFoundException.*alias/nobody' describe-key --key-id alias/nobody
  fails 254 'ValidationException' describe-key --key-id ''
}

# line FILE FIELD...: there is this line, with tabs between the fields.
line() {
  file=$1
  shift
  (IFS='	'; printf '%s\n' "$*") | grep -qxF -f - "$file" || { cat "$file"; return 1; }
}

keys_as_text() {
  one=$(trent create-key --description "$(printf 'two\twords \033[2J')" --output raw)
  trent create-alias --alias-name alias/text/b --target-key-id "$one"
  trent create-alias --alias-name alias/text/a --target-key-id "$one"
  two=$(trent create-key --output raw)
  trent disable-key --key-id "$two"
  trent list-keys --output list >out
  line out "$one" Enabled SYMMETRIC_DEFAULT alias/text/a,alias/text/b 'two\twords \x1b[2J'
  line out "$two" Disabled SYMMETRIC_DEFAULT - -
  cut -f 1 out >ids
  trent list-keys --output raw | assert_same_file - ids
  trent list-keys --output list --max-items 1 | assert_eq "$(wc -l)" 1

  trent list-aliases --output list >out
  line out alias/text/a "$one" Enabled SYMMETRIC_DEFAULT 'two\twords \x1b[2J'
  trent list-aliases --key-id "$arn_prefix:key/$one" --output list >some
  grep -F "$one" out | assert_same_file - some
  trent list-aliases --key-id "$two" --output list | assert_eq "$(cat)" ''
  fails 252 'list not in' describe-key --key-id "$one" --output list
}

# finds ARGUMENT...: how often it searches in the token.
finds() {
  TRENT_DEBUG=file:calls trent "$@" --config fresh.toml >/dev/null
  grep -c ' C_FindObjectsInit(' calls
  rm calls
}

text_lists_the_token_once() {
  (echo 'refresh = "0s"'; cat trent.toml) >fresh.toml
  for verb in list-keys list-aliases; do
    searches=$(finds $verb)
    [ "$searches" -gt 0 ]
    assert_eq "$(finds $verb --output list)" "$searches"
    # Nor for each page.
    assert_eq "$(finds $verb --output list --page-size 1)" "$searches"
  done
}

states() {
  key=$(trent create-key --output raw)
  assert_eq "$(trent disable-key --key-id "$key")" ''
  trent describe-key --key-id "$key" >out
  assert_eq "$(field out KeyMetadata KeyState) $(field out KeyMetadata Enabled)" 'Disabled false'
  fails 254 'DisabledException' encrypt --key-id "$key" --plaintext YQ==
  assert_eq "$(trent enable-key --key-id "$arn_prefix:key/$key")" ''
  trent encrypt --key-id "$key" --plaintext YQ== >out

  trent schedule-key-deletion --key-id "$key" --pending-window-in-days 7 >out
  assert_eq "$(names out)" 'KeyId DeletionDate KeyState PendingWindowInDays'
  assert_eq "$(field out KeyId)" "$arn_prefix:key/$key"
  assert_eq "$(field out KeyState) $(field out PendingWindowInDays)" 'PendingDeletion 7'
  matches "$(field out DeletionDate)" "$time"
  seconds=$(($(date -d "$(field out DeletionDate)" +%s) - $(date +%s)))
  [ $seconds -le $((7 * 86400)) ] && [ $seconds -gt $((7 * 86400 - 60)) ]
  trent describe-key --key-id "$key" >described
  assert_eq "$(field described KeyMetadata DeletionDate)" "$(field out DeletionDate)"
  fails 254 'KMSInvalidStateException' encrypt --key-id "$key" --plaintext YQ==
  fails 254 'KMSInvalidStateException' enable-key --key-id "$key"

  trent cancel-key-deletion --key-id "$key" >out
  assert_eq "$(cat out)" "$(printf '{\n    "KeyId": "%s"\n}' "$arn_prefix:key/$key")"
  trent describe-key --key-id "$key" >out
  assert_eq "$(field out KeyMetadata KeyState)" Disabled
  fails 254 'KMSInvalidStateException' cancel-key-deletion --key-id "$key"
  assert_eq "$(trent schedule-key-deletion --key-id "$key" --output raw)" "$arn_prefix:key/$key"
}

deletion_window() {
  key=$(trent create-key --output raw)
  for days in 6 31 -1; do
    fails 254 'ValidationException' schedule-key-deletion --key-id "$key" \
      --pending-window-in-days $days
  done
  fails 252 '--pending-window-in-days' schedule-key-deletion --key-id "$key" \
    --pending-window-in-days week
}

aliases_are_refused_by_verbs_that_change_a_key() {
  make_key changed
  for verb in enable-key disable-key schedule-key-deletion cancel-key-deletion; do
    fails 254 'NotFoundException' $verb --key-id alias/changed
  done
  trent describe-key --key-id alias/changed >out
  assert_eq "$(field out KeyMetadata KeyState)" Enabled
}

list_keys() {
  n=0
  while [ $n -lt 3 ]; do
    trent create-key --output raw >>made
    n=$((n + 1))
  done
  trent list-keys --output raw >listed
  assert_eq "$(grep -cxFf made listed)" 3
  trent list-keys >out
  assert_eq "$(names out)" Keys
  assert_eq "$(names out Keys 0)" 'KeyId KeyArn'
  assert_eq "$(field out Keys 0 KeyArn)" "$arn_prefix:key/$(field out Keys 0 KeyId)"
  # The same in pages of any size.
  trent list-keys --page-size 1 >pages
  assert_same_file out pages
}

pages() {
  total=$(trent list-keys --output raw | wc -l)
  [ "$total" -ge 3 ]
  trent list-keys --limit 2 >first
  assert_eq "$(names first)" 'Keys NextMarker Truncated'
  assert_eq "$(field first Truncated)" true
  trent list-keys --limit 1000 --marker "$(field first NextMarker)" >rest
  assert_eq "$(names rest)" 'Keys Truncated'
  { trent list-keys --limit 2 --output raw
    trent list-keys --marker "$(field first NextMarker)" --limit 1000 --output raw; } >joined
  trent list-keys --output raw | assert_same_file - joined

  trent list-keys --max-items 2 >first
  assert_eq "$(names first)" 'Keys NextToken'
  { trent list-keys --max-items 2 --output raw
    trent list-keys --starting-token "$(field first NextToken)" --output raw; } >joined
  trent list-keys --output raw | assert_same_file - joined
  trent list-keys --max-items 100000 >all
  assert_eq "$(names all)" Keys
  trent list-keys --no-paginate >page
  assert_eq "$(field page Truncated)" false
}

pages_that_make_no_sense() {
  fails 252 'do not go together' list-keys --limit 2 --max-items 2
  fails 252 'do not go together' list-keys --no-paginate --page-size 2
  fails 252 'at least 1' list-keys --max-items 0
  fails 254 'ValidationException' list-keys --limit 0
  fails 254 'ValidationException' list-keys --page-size 1001
}

tags() {
  key=$(trent create-key --output raw)
  trent tag-resource --key-id "$key" --tags TagKey=Team,TagValue=Payments 'TagKey=Note,TagValue="a, b"'
  trent tag-resource --key-id "$key" --tags '[{"TagKey":"Env","TagValue":"test"},{"TagKey":"X","TagValue":""}]'
  trent untag-resource --key-id "$key" --tag-keys X
  printf '[ {"TagKey": "X", "TagValue": "[1, 2]"} ]\n' >tags.json
  trent tag-resource --key-id "$key" --tags file://tags.json
  assert_eq "$(trent list-resource-tags --key-id "$key" --output list | tail -n 1)" "$(printf 'X\t[1, 2]')"
  trent untag-resource --key-id "$key" --tag-keys X
  trent list-resource-tags --key-id "$key" --output list >out
  assert_eq "$(cat out)" "$(printf 'Env\ttest\nNote\ta, b\nTeam\tPayments')"
  trent untag-resource --key-id "$key" --tag-keys Team Note
  trent list-resource-tags --key-id "$key" >out
  assert_eq "$(field out Tags)" '[{"TagKey": "Env", "TagValue": "test"}]'
  assert_eq "$(trent list-resource-tags --key-id "$key" --output raw)" Env
  fails 252 "parameter '--tags'" tag-resource --key-id "$key" --tags '{'
  fails 252 "parameter '--tags'" tag-resource --key-id "$key" --tags '[1]'
  fails 252 'required: --tags' tag-resource --key-id "$key"
  fails 254 "TagException" tag-resource --key-id "$key" --tags TagKey=aws:x,TagValue=
  fails 254 "Value null at 'tags.1.member.tagValue'" tag-resource --key-id "$key" --tags TagKey=x
}

policies() {
  key=$(trent create-key --output raw)
  assert_eq "$(trent list-key-policies --key-id "$key" --output raw)" default
  assert_eq "$(trent list-key-policies --key-id "$key" --output list)" default
  trent get-key-policy --key-id "$key" --output raw >policy
  assert_eq "$(field policy Statement 0 Principal AWS)" arn:aws:iam::111122223333:root
  trent get-key-policy --key-id "$key" --policy-name default >out
  assert_eq "$(field out Policy)" "$(cat policy)"
  fails 254 NotFoundException get-key-policy --key-id "$key" --policy-name other
}

test_case 'tags' tags
test_case 'policies' policies
test_case 'lists as text, a line for each' keys_as_text
test_case 'a list as text lists the token once' text_lists_the_token_once
test_case 'create-key tells all of the new key' create_key
test_case 'JSON is indented as that of aws' json_looks_as_that_of_aws
test_case 'create-key takes the parameters of CreateKey' explicit_parameters
test_case 'describe-key finds a key by ID, ARN, alias and alias ARN' describe_key_by_every_name
test_case 'a key that is not there' unknown_keys
test_case 'disable, enable, schedule deletion, cancel' states
test_case 'the waiting period is checked' deletion_window
test_case 'verbs that change a key take no alias' aliases_are_refused_by_verbs_that_change_a_key
test_case 'list-keys lists all keys' list_keys
test_case 'one page, or as many as asked for' pages
test_case 'paging options that contradict each other' pages_that_make_no_sense
done_testing
