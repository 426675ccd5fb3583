#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# encrypt, decrypt, re-encrypt, and the commands for data keys.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token_for_suite
make_key old
old=$key
make_key new
new=$key
printf 'a\0secret\377' >secret

round_trip() {
  trent encrypt --key-id alias/old --plaintext fileb://secret --output raw >blob
  trent decrypt --ciphertext-blob fileb://blob --output raw >out
  assert_same_file secret out
}

json() {
  trent encrypt --key-id alias/old --plaintext fileb://secret >encrypted
  assert_eq "$(names encrypted)" 'CiphertextBlob KeyId EncryptionAlgorithm'
  assert_eq "$(field encrypted KeyId)" "$arn_prefix:key/$old"
  assert_eq "$(field encrypted EncryptionAlgorithm)" SYMMETRIC_DEFAULT
  trent decrypt --ciphertext-blob "$(field encrypted CiphertextBlob)" >decrypted
  assert_eq "$(names decrypted)" 'KeyId Plaintext EncryptionAlgorithm KeyMaterialId'
  assert_eq "$(field decrypted KeyId)" "$arn_prefix:key/$old"
  field decrypted Plaintext | base64 -d | assert_same_file secret -
  trent describe-key --key-id alias/old >described
  assert_eq "$(field decrypted KeyMaterialId)" "$(field described KeyMetadata CurrentKeyMaterialId)"
}

contexts() {
  trent encrypt --key-id alias/old --plaintext fileb://secret \
    --encryption-context 'tenant=acme,year=2' --output raw >blob
  printf '{ "year": "2",\n "tenant": "acme" }\n' >context.json
  printf 'year=2,tenant=acme\n' >context.txt
  for context in '{"tenant":"acme","year":"2"}' 'year=2, tenant="acme"' file://context.json \
    file://context.txt; do
    trent decrypt --ciphertext-blob fileb://blob --encryption-context "$context" --output raw >out
    assert_same_file secret out
  done
  trent decrypt --ciphertext-blob fileb://blob --encryption-context - --output raw \
    <context.json >out
  assert_same_file secret out
  for context in '{}' 'tenant=acme' 'tenant=Acme,year=2' 'tenant=acme,year=2,x='; do
    fails 254 'InvalidCiphertextException' \
      decrypt --ciphertext-blob fileb://blob --encryption-context "$context"
  done
  fails 254 'InvalidCiphertextException\) when calling the Decrypt operation: $' \
    decrypt --ciphertext-blob fileb://blob
  assert_contains "$(cat fails.err)" 'encryption context' # the advice
}

no_context_and_an_empty_one_are_the_same() {
  trent encrypt --key-id alias/old --plaintext fileb://secret --encryption-context '{}' \
    --output raw >blob
  trent decrypt --ciphertext-blob fileb://blob --output raw >out
  assert_same_file secret out
}

wrong_key() {
  trent encrypt --key-id alias/old --plaintext fileb://secret --output raw >blob
  trent decrypt --key-id alias/old --ciphertext-blob fileb://blob --output raw >out
  assert_same_file secret out
  fails 254 'IncorrectKeyException\) when calling the Decrypt operation: The key ID in the request' \
    decrypt --key-id alias/new --ciphertext-blob fileb://blob
  fails 254 'IncorrectKeyException' re-encrypt --source-key-id alias/new \
    --ciphertext-blob fileb://blob --destination-key-id alias/new
}

# What a script gives whose variable is not set.
empty_values() {
  trent encrypt --key-id alias/old --plaintext fileb://secret --output raw >blob
  short="' failed to satisfy constraint: Member must have length greater than or equal to 1"
  fails 254 "ValidationException\\) .*1 validation error detected: Value at 'keyId$short" \
    decrypt --key-id '' --ciphertext-blob fileb://blob
  fails 254 "ValidationException\\) .*1 validation error detected: Value at 'sourceKeyId$short" \
    re-encrypt --source-key-id '' --ciphertext-blob fileb://blob --destination-key-id alias/new
  fails 254 "Value at 'destinationKeyId$short" \
    re-encrypt --ciphertext-blob fileb://blob --destination-key-id ''
  fails 254 "Value '' at 'encryptionAlgorithm' failed" \
    decrypt --encryption-algorithm '' --ciphertext-blob fileb://blob
  fails 254 "Value '' at 'encryptionAlgorithm' failed" \
    encrypt --encryption-algorithm '' --key-id alias/old --plaintext fileb://secret
  for side in source destination; do
    fails 254 "Value '' at '${side}EncryptionAlgorithm' failed" \
      re-encrypt --$side-encryption-algorithm '' --ciphertext-blob fileb://blob \
      --destination-key-id alias/new
  done
  fails 254 "Value '' at 'keySpec' failed" \
    generate-data-key --key-id alias/old --key-spec '' --number-of-bytes 32
  fails 254 "Value at 'grantTokens.1.member$short" \
    decrypt --grant-tokens '' --ciphertext-blob fileb://blob
  fails 252 'An encryption context without pairs is written \{\}, or left out' \
    decrypt --encryption-context '' --ciphertext-blob fileb://blob
  for member in keyUsage keySpec origin; do
    option=$(printf %s "$member" | sed 's/\([A-Z]\)/-\L\1/')
    fails 254 "Value '' at '$member' failed" create-key "--$option" ''
  done
  fails 254 "Value at 'keyId$short" list-aliases --key-id ''
  for verb in list-keys list-aliases; do
    fails 254 "Value at 'marker$short" $verb --marker ''
    fails 254 "Value at 'marker$short" $verb --starting-token ''
  done
}

re_encrypt() {
  trent encrypt --key-id alias/old --plaintext fileb://secret --encryption-context a=1 \
    --output raw >old.blob
  trent re-encrypt --ciphertext-blob fileb://old.blob --source-encryption-context a=1 \
    --source-key-id alias/old --destination-key-id alias/new \
    --destination-encryption-context b=2 >out
  assert_eq "$(names out)" "CiphertextBlob SourceKeyId KeyId SourceEncryptionAlgorithm \
DestinationEncryptionAlgorithm SourceKeyMaterialId DestinationKeyMaterialId"
  assert_eq "$(field out SourceKeyId)" "$arn_prefix:key/$old"
  assert_eq "$(field out KeyId)" "$arn_prefix:key/$new"
  trent describe-key --key-id alias/old >described-old
  trent describe-key --key-id alias/new >described-new
  assert_eq "$(field out SourceKeyMaterialId)" \
    "$(field described-old KeyMetadata CurrentKeyMaterialId)"
  assert_eq "$(field out DestinationKeyMaterialId)" \
    "$(field described-new KeyMetadata CurrentKeyMaterialId)"
  field out CiphertextBlob | base64 -d >new.blob
  trent decrypt --key-id alias/new --ciphertext-blob fileb://new.blob --encryption-context b=2 \
    --output raw >plain
  assert_same_file secret plain
  # The source's context is not taken over.
  trent re-encrypt --ciphertext-blob fileb://old.blob --source-encryption-context a=1 \
    --destination-key-id alias/new --output raw >bare.blob
  trent decrypt --ciphertext-blob fileb://bare.blob --output raw >plain
  assert_same_file secret plain
  fails 254 'InvalidCiphertextException' \
    re-encrypt --ciphertext-blob fileb://old.blob --destination-key-id alias/new
}

pipes() {
  trent encrypt --key-id alias/old --plaintext - --output raw <secret |
    trent re-encrypt --ciphertext-blob - --destination-key-id alias/new --output raw |
    trent decrypt --ciphertext-blob - --output raw >out
  assert_same_file secret out
}

dry_runs() {
  trent encrypt --key-id alias/old --plaintext fileb://secret --output raw >blob
  would='DryRunOperationException\) when calling the .* operation: The request would have succeeded'
  fails 254 "$would" encrypt --key-id alias/old --plaintext fileb://secret --dry-run
  fails 254 "$would" decrypt --ciphertext-blob fileb://blob --dry-run
  fails 254 "$would" re-encrypt --ciphertext-blob fileb://blob --destination-key-id alias/new --dry-run
  fails 254 "$would" generate-data-key --key-id alias/old --key-spec AES_256 --dry-run
  fails 254 NotFoundException encrypt --key-id alias/none --plaintext fileb://secret --dry-run
  # About permissions only.
  fails 254 "$would" decrypt --key-id alias/old --dry-run --dry-run-modifiers IGNORE_CIPHERTEXT
  fails 254 "$would" re-encrypt --dry-run-modifiers IGNORE_CIPHERTEXT --dry-run --source-key-id alias/old \
    --destination-key-id alias/new
  fails 254 ValidationException decrypt --key-id alias/old --dry-run-modifiers IGNORE_CIPHERTEXT
  fails 252 'required: --ciphertext-blob' decrypt --key-id alias/old --dry-run
  trent decrypt --ciphertext-blob fileb://blob --no-dry-run --output raw >out
  assert_same_file secret out
}

data_keys() {
  trent generate-data-key --key-id alias/old --key-spec AES_256 --encryption-context a=1 >out
  assert_eq "$(names out)" 'CiphertextBlob Plaintext KeyId KeyMaterialId'
  assert_eq "$(field out KeyId)" "$arn_prefix:key/$old"
  assert_eq "$(field out Plaintext | base64 -d | wc -c)" 32
  trent decrypt --ciphertext-blob "$(field out CiphertextBlob)" --encryption-context a=1 >decrypted
  assert_eq "$(field decrypted Plaintext)" "$(field out Plaintext)"

  trent generate-data-key --key-id alias/old --key-spec AES_128 >out
  assert_eq "$(field out Plaintext | base64 -d | wc -c)" 16
  trent generate-data-key --key-id alias/old --number-of-bytes 33 >out
  assert_eq "$(field out Plaintext | base64 -d | wc -c)" 33

  trent generate-data-key-without-plaintext --key-id alias/old --key-spec AES_256 >out
  assert_eq "$(names out)" 'CiphertextBlob KeyId KeyMaterialId'
  trent generate-data-key-without-plaintext --key-id alias/old --number-of-bytes 5 --output raw >blob
  assert_eq "$(trent decrypt --ciphertext-blob fileb://blob --output raw | wc -c)" 5
}

data_keys_that_cannot_be() {
  fails 254 'ValidationException.*number of bytes or key spec' generate-data-key --key-id alias/old
  fails 254 'ValidationException' generate-data-key --key-id alias/old --key-spec AES_256 \
    --number-of-bytes 32
  for n in 0 1025 -1; do
    fails 254 'ValidationException' generate-data-key --key-id alias/old --number-of-bytes $n
  done
  fails 254 'ValidationException' generate-data-key --key-id alias/old --key-spec AES_192
  fails 252 'raw' generate-data-key --key-id alias/old --key-spec AES_256 --output raw
}

random_bytes() {
  trent generate-random --number-of-bytes 32 >a
  assert_eq "$(names a)" Plaintext
  assert_eq "$(field a Plaintext | base64 -d | wc -c)" 32
  trent generate-random --number-of-bytes 32 >b
  if cmp -s a b; then return 1; fi
  assert_eq "$(trent generate-random --number-of-bytes 1024 --output raw | wc -c)" 1024
  fails 254 'ValidationException.*NumberOfBytes is required' generate-random
  fails 254 'ValidationException' generate-random --number-of-bytes 1025
  fails 252 'takes a whole number' generate-random --number-of-bytes 12x
  for number in 99999999999999999999 -99999999999999999999; do
    fails 252 "number-of-bytes.*: $number is out of range" generate-random --number-of-bytes=$number
  done
}

sizes() {
  head -c 4096 /dev/urandom >largest
  trent encrypt --key-id alias/old --plaintext fileb://largest --output raw >blob
  trent decrypt --ciphertext-blob fileb://blob --output raw >out
  assert_same_file largest out
  head -c 4097 /dev/urandom >too-large
  fails 254 'ValidationException\) when calling the Encrypt operation: .*less than or equal to 4096' \
    encrypt --key-id alias/old --plaintext fileb://too-large
  : >empty
  fails 254 'ValidationException' encrypt --key-id alias/old --plaintext fileb://empty
  fails 254 'ValidationException' encrypt --key-id alias/old --plaintext ''
  fails 254 'ValidationException' encrypt --key-id alias/old --plaintext=
  fails 254 'ValidationException' decrypt --ciphertext-blob fileb://empty
  head -c 6145 /dev/urandom >too-large
  fails 254 'ValidationException' decrypt --ciphertext-blob fileb://too-large
  fails 254 'InvalidCiphertextException' decrypt --ciphertext-blob fileb://largest
}

algorithms() {
  trent encrypt --key-id alias/old --plaintext fileb://secret \
    --encryption-algorithm SYMMETRIC_DEFAULT --output raw >blob
  trent re-encrypt --ciphertext-blob fileb://blob --source-encryption-algorithm SYMMETRIC_DEFAULT \
    --destination-encryption-algorithm SYMMETRIC_DEFAULT --destination-key-id alias/new >out
  fails 254 'ValidationException' encrypt --key-id alias/old --plaintext fileb://secret \
    --encryption-algorithm ROT13
  fails 254 'InvalidKeyUsageException' decrypt --key-id alias/old --ciphertext-blob fileb://blob \
    --encryption-algorithm RSAES_OAEP_SHA_256
}

test_case 'what was encrypted is decrypted' round_trip
test_case 'the JSON of encrypt and decrypt' json
test_case 'encryption contexts in all their forms' contexts
test_case 'no context and an empty one are the same' no_context_and_an_empty_one_are_the_same
test_case 'a key that is not that of the ciphertext' wrong_key
test_case 'empty values are not left out' empty_values
test_case 're-encrypt' re_encrypt
test_case 'verbs in a pipe' pipes
test_case 'dry runs' dry_runs
test_case 'generate-data-key, with and without plaintext' data_keys
test_case 'data keys that cannot be made' data_keys_that_cannot_be
test_case 'generate-random' random_bytes
test_case 'the limits of plaintext and ciphertext' sizes
test_case 'algorithms by name' algorithms
done_testing
