#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The verbs for aliases.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token_for_suite
first=$("$trent" create-key --output raw)
second=$("$trent" create-key --output raw)

create_and_list() {
  assert_eq "$(trent create-alias --alias-name alias/a/b_c-1 --target-key-id "$first")" ''
  trent list-aliases >out
  assert_eq "$(names out)" Aliases
  assert_eq "$(names out Aliases 0)" \
    'AliasName AliasArn TargetKeyId CreationDate LastUpdatedDate'
  assert_eq "$(field out Aliases 0 AliasName)" alias/a/b_c-1
  assert_eq "$(field out Aliases 0 AliasArn)" $arn_prefix:alias/a/b_c-1
  assert_eq "$(field out Aliases 0 TargetKeyId)" "$first"
  matches "$(field out Aliases 0 CreationDate)" "$time"
  matches "$(field out Aliases 0 LastUpdatedDate)" "$time"
}

list_of_one_key() {
  trent create-alias --alias-name alias/second --target-key-id "$arn_prefix:key/$second"
  assert_eq "$(trent list-aliases --key-id "$second" --output raw)" alias/second
  assert_eq "$(trent list-aliases --output raw | wc -l)" 2
  assert_eq "$(trent list-aliases --page-size 1 --output raw | wc -l)" 2
  trent list-aliases --limit 1 >page
  assert_eq "$(field page Truncated)" true
}

update_and_delete() {
  trent create-alias --alias-name alias/moving --target-key-id "$first"
  trent update-alias --alias-name alias/moving --target-key-id "$second"
  assert_eq "$(trent describe-key --key-id alias/moving --output raw)" "$second"
  assert_eq "$(trent delete-alias --alias-name alias/moving)" ''
  fails 254 'NotFoundException\) when calling the DescribeKey operation: .*alias/moving' \
    describe-key --key-id alias/moving
  trent describe-key --key-id "$second" >out
}

refusals() {
  trent create-alias --alias-name alias/taken --target-key-id "$first"
  fails 254 'AlreadyExistsException\) when calling the CreateAlias operation' \
    create-alias --alias-name alias/taken --target-key-id "$second"
  fails 254 'NotFoundException' update-alias --alias-name alias/nobody --target-key-id "$first"
  fails 254 'NotFoundException' delete-alias --alias-name alias/nobody
  fails 254 'ValidationException.*alias/' create-alias --alias-name plain --target-key-id "$first"
  fails 254 '(InvalidAliasName|Validation)Exception' \
    create-alias --alias-name alias/aws/x --target-key-id "$first"
  fails 254 'Exception' create-alias --alias-name 'alias/a b' --target-key-id "$first"
  fails 254 'NotFoundException' create-alias --alias-name alias/x \
    --target-key-id 1234abcd-12ab-34cd-56ef-1234567890ab
  fails 252 'required: --target-key-id' create-alias --alias-name alias/x
}

test_case 'create-alias, list-aliases' create_and_list
test_case 'list-aliases of one key, and in pages' list_of_one_key
test_case 'update-alias, delete-alias' update_and_delete
test_case 'what cannot be an alias' refusals
done_testing
