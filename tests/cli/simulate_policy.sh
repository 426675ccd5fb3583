#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# trent simulate-policy: what it says, and how it ends.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"

alice=arn:aws:iam::111122223333:user/alice
key=arn:aws:kms:local:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab

cat >key.json <<'END'
{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"},
  {"Sid": "not today", "Effect": "Deny", "Principal": "*", "Action": "kms:Sign", "Resource": "*"},
  {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:user/bob"},
   "Action": "kms:Decrypt", "Resource": "*"},
  {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/admin"},
   "Action": "kms:Encrypt", "Resource": "*"},
  {"Sid": "tenants", "Effect": "Allow", "Principal": "*", "Action": "kms:Verify", "Resource": "*",
   "Condition": {"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "tenant"}}}]}
END
cat >allow.json <<'END'
{"Version": "2012-10-17", "Statement": {"Sid": "all", "Effect": "Allow", "Action": "kms:*", "Resource": "*"}}
END
cat >deny.json <<'END'
{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}}
END

simulate() {
  who=$1
  what=$2
  shift 2
  trent simulate-policy --policy file://key.json --principal "$who" --action "$what" \
    --resource "$key" "$@"
}
# says STATUS TEXT PRINCIPAL ACTION [OPTION...]
says() {
  want_status=$1
  want=$2
  shift 2
  status=0
  simulate "$@" >said || status=$?
  assert_eq "$status $(cat said)" "$want_status $want"
}

allowed() {
  says 0 'Allowed. Statement[0] of the key policy allows it.' arn:aws:iam::111122223333:root kms:Decrypt
  says 0 'Allowed. Statement[3] of the key policy allows it.' \
    arn:aws:sts::111122223333:assumed-role/admin/monday kms:Encrypt
  says 0 'Allowed. Statement[0] ("all") of identity policy 1 allows it, and Statement[0] of the key policy lets it.' \
    $alice kms:Encrypt --identity-policy file://allow.json file://deny.json
  says 0 'Allowed. Statement[0] ("all") of identity policy 1 allows it, and Statement[2] of the key policy lets it.' \
    arn:aws:iam::444455556666:user/bob kms:Decrypt --identity-policy file://allow.json
}

denied() {
  says 1 'Denied. Statement[1] ("not today") of the key policy denies it.' \
    $alice kms:Sign --identity-policy file://allow.json
  says 1 'Denied. Statement[0] of identity policy 2 denies it.' \
    $alice kms:Decrypt --identity-policy file://allow.json --identity-policy file://deny.json
  says 1 'Denied. No statement of the key policy allows it.' \
    arn:aws:iam::444455556666:user/alice kms:Decrypt --identity-policy file://allow.json
  says 1 'Denied. Statement[0] of the key policy leaves it to the account, which needs an identity policy that allows it: none does.' \
    $alice kms:Encrypt
  says 1 'Denied. Statement[2] of the key policy allows it to a principal of another account, which needs an identity policy that allows it: none does.' \
    arn:aws:iam::444455556666:user/bob kms:Decrypt
}

context() {
  says 0 'Allowed. Statement[4] ("tenants") of the key policy allows it.' \
    logs.amazonaws.com kms:Verify --context KMS:EncryptionContextKeys=tenant
  says 0 'Allowed. Statement[4] ("tenants") of the key policy allows it.' \
    logs.amazonaws.com kms:Verify --context '{"kms:EncryptionContextKeys": ["a", "tenant"]}'
  says 1 'Denied. No statement of the key policy allows it.' logs.amazonaws.com kms:Verify
}

wrong() {
  usage="simulate-policy --principal $alice --action kms:Sign --resource *"
  set -f # the * is an argument
  # shellcheck disable=SC2086 # several arguments
  {
    fails 252 "^trent simulate-policy: Error parsing parameter '--policy': The policy cannot be read: it is not JSON at byte 1" \
      $usage --policy x
    fails 252 "'--policy': Statement\[0\] \(.all.\): it has no Principal" $usage --policy file://allow.json
    fails 252 "'--identity-policy': Statement\[0\]: it has a Principal" \
      $usage --policy file://key.json --identity-policy file://key.json
    fails 252 "'--identity-policy': .*missing" \
      $usage --policy file://key.json --identity-policy file://missing
    fails 252 "'--context': .*twice" $usage --policy file://key.json --context a:b=c,A:B=d
    fails 252 "'--context': It is no JSON object" $usage --policy file://key.json --context '{"a":1}'
  }
  set +f
  fails 252 "'--principal': Give an ARN" simulate-policy --policy file://key.json --principal alice \
    --action kms:Sign --resource "$key"
  fails 252 "'--action': Give one action" simulate-policy --policy file://key.json \
    --principal $alice --action 'kms:*' --resource "$key"
  fails 252 "'--resource': Give the ARN" simulate-policy --policy file://key.json \
    --principal $alice --action kms:Sign --resource alias/app
  for text in '{"a":1}' '{"a":["b",1]}' '{"a":{"b":"c"}}'; do
    fails 252 "'--context': It is no JSON object of strings and lists of strings\.$" simulate-policy \
      --policy file://key.json --principal $alice --action kms:Sign --resource "$key" --context "$text"
  done
  fails 252 "'--context': It is no JSON object .*: it is not JSON at byte 2" simulate-policy \
    --policy file://key.json --principal $alice --action kms:Sign --resource "$key" --context '{'
  advice='Give --key-id, or --policy and --resource'
  fails 252 "$advice" simulate-policy --principal $alice --action kms:Sign --resource "$key"
  fails 252 "$advice" simulate-policy --principal $alice --action kms:Sign --policy file://key.json
  fails 252 "$advice" simulate-policy --principal $alice --action kms:Sign --key-id "$key" --resource "$key"
}

# As for a request: with the policy, the grants and the principal's policies that there are.
of_a_key_in_the_token() {
  trent init kms >/dev/null
  # shellcheck source=/dev/null
  . kms/env
  id=$(trent create-key --output raw)
  trent create-alias --alias-name alias/app --target-key-id "$id"
  of_key() {
    want_status=$1
    want=$2
    shift 2
    status=0
    trent simulate-policy --key-id alias/app --principal "$@" >said || status=$?
    grep -q "^$want" said || { cat said; return 1; }
    assert_eq "$status" "$want_status"
  }
  account='Statement\[0\] ("Enable IAM User Permissions") of the key policy'
  of_key 0 "Allowed. $account leaves it to the account" $alice --action kms:Encrypt
  of_key 0 "Allowed. $account allows it" arn:aws:iam::111122223333:root --action kms:Encrypt
  of_key 1 'Denied. It is denied because no resource-based policy allows the kms:Encrypt action' \
    arn:aws:iam::444455556666:root --action kms:Encrypt
  mkdir -p kms/policies/111122223333/user/alice
  cp allow.json kms/policies/111122223333/user/alice/
  { echo 'identity-policies = "policies"'; cat kms/trent.toml; } >kms/new.toml
  mv kms/new.toml kms/trent.toml
  chmod 600 kms/trent.toml
  of_key 0 'Allowed. Statement\[0\] ("all") of the policy allow.json allows it' $alice --action kms:ReEncryptTo
  of_key 1 'Denied. It is denied because no identity-based policy' \
    arn:aws:iam::111122223333:user/bob --action kms:Decrypt
  grant=$(trent create-grant --key-id "$id" --grantee-principal arn:aws:iam::111122223333:user/bob \
    --operations Decrypt --constraints 'EncryptionContextSubset={tenant=acme}' --output raw)
  of_key 1 'Denied.' arn:aws:iam::111122223333:user/bob --action kms:Decrypt
  of_key 0 "Allowed. The grant $grant allows it" arn:aws:iam::111122223333:user/bob --action kms:Decrypt \
    --context kms:EncryptionContext:tenant=acme
  for name in kms:alias/app KMS://alias/app "kms:$id"; do
    trent simulate-policy --key-id "$name" --principal $alice --action kms:Encrypt >said
  done
  fails 255 'no permission that Trent asks for' simulate-policy --key-id alias/app --principal $alice \
    --action kms:ReEncrypt
  fails 255 'Alias .* is not found' simulate-policy --key-id alias/none --principal $alice --action kms:Encrypt
}

test_case 'what is allowed' allowed
test_case 'what is denied' denied
test_case 'condition keys' context
test_case 'wrong command lines' wrong
test_case 'of a key in the token' of_a_key_in_the_token
done_testing
