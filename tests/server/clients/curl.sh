#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# curl, which signs by itself. The argument begins the names of the aliases.
set -eu
secret=$AWS_SECRET_ACCESS_KEY

# kms OPERATION JSON [OPTION...]
kms() {
  operation=$1
  json=$2
  shift 2
  curl --silent --show-error "$AWS_ENDPOINT_URL_KMS" --aws-sigv4 "aws:amz:$AWS_REGION:kms" \
    --user "$AWS_ACCESS_KEY_ID:$secret" --header 'Content-Type: application/x-amz-json-1.1' \
    --header "X-Amz-Target: TrentService.$operation" --data "$json" "$@"
  echo
}

# member NAME: its text, in the JSON that is read.
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

code() { kms "$@" | member __type; }

for age in old new; do
  key=$(kms CreateKey '{}' | member KeyId)
  kms CreateAlias "{\"AliasName\":\"alias/$1-$age\",\"TargetKeyId\":\"$key\"}" >answer
  [ -z "$(cat answer)" ]
  eval "$age=\$key"
done
# shellcheck disable=SC2154 # set by the eval
old_key=$old new_key=$new

plaintext=$(printf 'the secret' | base64)
acme='{"tenant":"acme"}' globex='{"tenant":"globex"}'
blob=$(kms Encrypt "{\"KeyId\":\"alias/$1-old\",\"Plaintext\":\"$plaintext\",
  \"EncryptionContext\":$acme}" | member CiphertextBlob)
# Chunked, as a client does it that sends what it does not have in one piece.
moved=$(kms ReEncrypt "{\"CiphertextBlob\":\"$blob\",\"SourceEncryptionContext\":$acme,
  \"DestinationKeyId\":\"alias/$1-new\",\"DestinationEncryptionContext\":$globex}" \
  --header 'Transfer-Encoding: chunked' | member CiphertextBlob)
kms Decrypt "{\"CiphertextBlob\":\"$moved\",\"EncryptionContext\":$globex}" |
  member Plaintext | base64 -d
echo

code Encrypt "{\"KeyId\":\"alias/nobody\",\"Plaintext\":\"$plaintext\"}"
code Decrypt "{\"CiphertextBlob\":\"$moved\",\"EncryptionContext\":$acme}"
code Decrypt "{\"CiphertextBlob\":\"$moved\",\"EncryptionContext\":$globex,\"KeyId\":\"$old_key\"}"
kms DisableKey "{\"KeyId\":\"$old_key\"}" >answer
[ -z "$(cat answer)" ]
code Encrypt "{\"KeyId\":\"$old_key\",\"Plaintext\":\"$plaintext\"}"
code CreateAlias "{\"AliasName\":\"no-prefix\",\"TargetKeyId\":\"$new_key\"}"
secret=wrong
code ListKeys '{}'
secret=$AWS_SECRET_ACCESS_KEY

# pages OPERATION NAME: the member NAME of what it lists, one a line.
pages() {
  marker=
  while
    page=$(kms "$1" "{\"Limit\":2${marker:+,\"Marker\":\"$marker\"}}")
    printf '%s\n' "$page" | grep -o "\"$2\":\"[^\"]*\""
    marker=$(printf '%s\n' "$page" | member NextMarker)
    [ -n "$marker" ]
  do :; done
}
echo "$(pages ListKeys KeyId | sort -u | wc -l) keys"
echo "$(pages ListAliases AliasName | sort -u | wc -l) aliases"
