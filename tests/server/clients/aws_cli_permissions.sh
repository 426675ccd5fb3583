#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# AWS's command: tags, key policies, grants and rotation, with a guest that has an access key of its own.
# Prints what clients.py compares.
set -eu

kms() { aws kms --endpoint-url "$AWS_ENDPOINT_URL_KMS" --output text "$@"; }
guest() {
  AWS_ACCESS_KEY_ID=$GUEST_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$GUEST_SECRET_ACCESS_KEY kms "$@"
}

# code COMMAND...: of the error that it ends with.
code() {
  if "$@" >/dev/null 2>error; then echo 'no error'; fi
  sed -n 's/^An error occurred (\(.*\)) when calling.*/\1/p' error
}

statement() {
  printf '{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":["%s"],"Resource":"*"}' "$1" "$2"
}

# put_policy STATEMENTS
put_policy() {
  printf '{"Version":"2012-10-17","Statement":[%s]}' "$1" >policy.json
  kms put-key-policy --key-id "$key" --policy-name default --policy file://policy.json
  kms get-key-policy --key-id "$key" --policy-name default >got.json
  [ "$(tr -d ' \n' <got.json)" = "$(cat policy.json)" ]
}

key=$(kms create-key --tags TagKey=Team,TagValue=Payments --query KeyMetadata.KeyId)
kms tag-resource --key-id "$key" --tags TagKey=Env,TagValue=test TagKey=Old,TagValue=
kms untag-resource --key-id "$key" --tag-keys Old
kms list-resource-tags --key-id "$key" --query 'Tags[].[TagKey,TagValue]' | tr '\t' = | sort | xargs

kms list-key-policies --key-id "$key" --query 'PolicyNames[]'
printf 'the secret' >secret
put_policy "$(statement "$OWNER" 'kms:*')"
code guest encrypt --key-id "$key" --plaintext fileb://secret
put_policy "$(statement "$OWNER" 'kms:*'),$(statement "$GUEST" kms:Encrypt)"
guest encrypt --key-id "$key" --plaintext fileb://secret --encryption-context tenant=acme \
  --query CiphertextBlob | base64 -d >blob
# acme KMS...: decrypts it.
acme() {
  by=$1
  shift
  "$by" decrypt --ciphertext-blob fileb://blob --encryption-context tenant=acme --query Plaintext "$@"
}
code acme guest
code guest put-key-policy --key-id "$key" --policy-name default --policy '{}'
code kms put-key-policy --key-id "$key" --policy-name default --policy '{}'

kms create-grant --key-id "$key" --grantee-principal "$GUEST" --retiring-principal "$GUEST" \
  --operations Decrypt ReEncryptFrom --constraints 'EncryptionContextSubset={tenant=acme}' \
  --query '[GrantId,GrantToken]' >grant
token=$(cut -f 2 grant)
acme guest --grant-tokens "$token" | base64 -d
echo
kms encrypt --key-id "$key" --plaintext fileb://secret --query CiphertextBlob | base64 -d >other
code guest decrypt --ciphertext-blob fileb://other --grant-tokens "$token"
[ "$(kms list-grants --key-id "$key" --query 'Grants[].GrantId')" = "$(cut -f 1 grant)" ]
[ "$(kms list-retirable-grants --retiring-principal "$GUEST" --query 'Grants[].GrantId')" = "$(cut -f 1 grant)" ]
guest retire-grant --grant-token "$token"
code acme guest
grant=$(kms create-grant --key-id "$key" --grantee-principal "$GUEST" --operations Decrypt --name again \
  --query GrantId)
[ "$(acme guest | base64 -d)" = 'the secret' ]
kms revoke-grant --key-id "$key" --grant-id "$grant"
code acme guest
echo "$(kms list-grants --key-id "$key" --query 'Grants[].[GrantId]' | wc -l) grants"
code kms revoke-grant --key-id "$key" --grant-id "$grant"

kms enable-key-rotation --key-id "$key"
echo "rotated: $(kms get-key-rotation-status --key-id "$key" --query KeyRotationEnabled)"
kms disable-key-rotation --key-id "$key"
echo "rotated: $(kms get-key-rotation-status --key-id "$key" --query KeyRotationEnabled)"
