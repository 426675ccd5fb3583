#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# AWS's command. The argument begins the names of the aliases.
set -eu

kms() { aws kms --endpoint-url "$AWS_ENDPOINT_URL_KMS" --output text "$@"; }

# code COMMAND...: of the error that it ends with.
code() {
  if "$@" >/dev/null 2>error; then echo 'no error'; fi
  sed -n 's/^An error occurred (\(.*\)) when calling.*/\1/p' error
}

old=alias/$1-old
new=alias/$1-new
for alias in "$old" "$new"; do
  key=$(kms create-key --query KeyMetadata.KeyId)
  kms create-alias --alias-name "$alias" --target-key-id "$key"
done

printf 'the secret' >secret
kms encrypt --key-id "$old" --plaintext fileb://secret --encryption-context tenant=acme \
  --query CiphertextBlob | base64 -d >old.blob
kms re-encrypt --ciphertext-blob fileb://old.blob --source-encryption-context tenant=acme \
  --destination-key-id "$new" --destination-encryption-context tenant=globex \
  --query CiphertextBlob | base64 -d >new.blob
kms decrypt --ciphertext-blob fileb://new.blob --encryption-context tenant=globex \
  --query Plaintext | base64 -d
echo

code kms encrypt --key-id alias/nobody --plaintext fileb://secret
code kms decrypt --ciphertext-blob fileb://new.blob --encryption-context tenant=acme
code kms decrypt --ciphertext-blob fileb://new.blob --encryption-context tenant=globex \
  --key-id "$old"
kms disable-key --key-id "$(kms describe-key --key-id "$old" --query KeyMetadata.Arn)"
code kms encrypt --key-id "$old" --plaintext fileb://secret
code kms create-alias --alias-name no-prefix --target-key-id "$key"
code env AWS_SECRET_ACCESS_KEY=wrong aws kms list-keys --endpoint-url "$AWS_ENDPOINT_URL_KMS"

echo "$(kms list-keys --page-size 2 --query 'Keys[].[KeyId]' | sort -u | wc -l) keys"
echo "$(kms list-aliases --page-size 2 --query 'Aliases[].[AliasName]' | sort -u | wc -l) aliases"
