#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `openssl pkeyutl` on KMS keys: encrypt, decrypt, reencrypt, and what goes wrong.
. "$TRENT_SOURCE/tests/provider/keys.sh"

ossl pkeyutl -encrypt -inkey kms:alias/old -in secret -out old.blob -pkeyopt "$acme" ||
  bail_out 'cannot encrypt'

decrypts() { # KEY BLOB PLAINTEXT [PKEYOPT...]
  key=$1 blob=$2 plaintext=$3
  shift 3
  for option; do
    set -- "$@" -pkeyopt "$option"
    shift
  done
  ossl pkeyutl -decrypt -inkey "kms:$key" -in "$blob" -out back "$@"
  assert_same_file back "$plaintext"
}

secret_comes_back() { decrypts alias/old old.blob secret "$acme"; }

secret_moves() {
  ossl pkeyutl -encrypt -inkey kms:alias/new -pkeyopt reencrypt:1 -in old.blob -out new.blob \
    -pkeyopt 'source-encryption-context:{"tenant":"acme"}'
  decrypts alias/new new.blob secret
}

secret_moves_with_new_context() {
  ossl pkeyutl -encrypt -inkey kms:alias/new -pkeyopt reencrypt:1 -in old.blob -out umbrella.blob \
    -pkeyopt 'source-encryption-context:{"tenant":"acme"}' -pkeyopt source-key-id:alias/old \
    -pkeyopt 'encryption-context:{"tenant":"umbrella","url":"a:b=c"}'
  decrypts alias/new umbrella.blob secret \
    'encryption-context:{"url":"a:b=c","tenant":"umbrella"}'
  assert_fails_with 'Decrypt:InvalidCiphertextException:' \
    ossl pkeyutl -decrypt -inkey kms:alias/new -in umbrella.blob
}

same_key_takes_new_context() {
  ossl pkeyutl -encrypt -inkey kms:alias/old -pkeyopt reencrypt:1 -in old.blob -out same.blob \
    -pkeyopt 'source-encryption-context:{"tenant":"acme"}'
  decrypts alias/old same.blob secret
}

wrong_context_is_refused() {
  for context in '{}' '{"tenant":"Acme"}' '{"tenant":"acme","more":"x"}' '{"acme":"tenant"}'; do
    assert_fails_with 'Decrypt:InvalidCiphertextException:.*every pair of the encryption context' \
      ossl pkeyutl -decrypt -inkey kms:alias/old -in old.blob \
      -pkeyopt "encryption-context:$context"
    assert_fails_with 'ReEncrypt:InvalidCiphertextException:' \
      ossl pkeyutl -encrypt -inkey kms:alias/new -in old.blob -pkeyopt reencrypt:1 \
      -pkeyopt "source-encryption-context:$context"
  done
}

shorthand_is_a_context() {
  ossl pkeyutl -encrypt -inkey kms:alias/old -in secret -out shorthand.blob \
    -pkeyopt 'encryption-context:tenant=acme,url="a:b,c"'
  decrypts alias/old shorthand.blob secret 'encryption-context:{"url":"a:b,c","tenant":"acme"}'
}

# Else the ciphertext would be bound to the last one only.
context_given_twice_is_refused() {
  for name in encryption-context source-encryption-context; do
    assert_fails_with "ValidationException:.*The parameter $name is given twice" \
      ossl pkeyutl -encrypt -inkey kms:alias/old -in old.blob -pkeyopt reencrypt:1 \
      -pkeyopt "$name:tenant=acme" -pkeyopt "$name:purpose=db"
  done
}

wrong_key_is_refused() {
  expected='IncorrectKeyException:.*:The key ID in the request does not identify a CMK'
  assert_fails_with "Decrypt:$expected" \
    ossl pkeyutl -decrypt -inkey kms:alias/new -in old.blob -pkeyopt "$acme"
  assert_fails_with "ReEncrypt:$expected" \
    ossl pkeyutl -encrypt -inkey kms:alias/new -in old.blob -pkeyopt reencrypt:1 \
    -pkeyopt source-key-id:alias/new -pkeyopt 'source-encryption-context:{"tenant":"acme"}'
}

trent_reads_what_openssl_wrote() {
  "$trent" decrypt --ciphertext-blob fileb://old.blob --encryption-context tenant=acme \
    --output raw >back
  assert_same_file back secret
}

openssl_reads_what_trent_wrote() {
  "$trent" encrypt --key-id alias/old --plaintext fileb://secret --encryption-context tenant=acme \
    --output raw >trent.blob
  decrypts alias/old trent.blob secret "$acme"
}

sizes_come_back() {
  for size in 1 8 32 513 4096; do
    head -c $size /dev/urandom >plain
    ossl pkeyutl -encrypt -inkey kms:alias/old -in plain -out plain.blob
    decrypts alias/old plain.blob plain
  done
}

sizes_out_of_range_are_refused() {
  for size in 0 4097; do
    head -c $size /dev/zero >plain
    assert_fails_with "Encrypt:ValidationException:.*1 validation error detected.*'plaintext'" \
      ossl pkeyutl -encrypt -inkey kms:alias/old -in plain -out plain.blob
  done
  for size in 0 6145; do
    head -c $size /dev/zero >blob
    assert_fails_with "Decrypt:ValidationException:.*1 validation error detected" \
      ossl pkeyutl -decrypt -inkey kms:alias/old -in blob
    assert_fails_with "ReEncrypt:ValidationException:.*1 validation error detected" \
      ossl pkeyutl -encrypt -inkey kms:alias/old -pkeyopt reencrypt:1 -in blob
  done
}

damaged_blob_is_refused() {
  head -c 100 old.blob >cut.blob
  base64 old.blob >base64.blob
  for blob in secret cut.blob base64.blob; do
    assert_fails_with 'Decrypt:InvalidCiphertextException:' \
      ossl pkeyutl -decrypt -inkey kms:alias/old -in $blob -pkeyopt "$acme"
    assert_fails_with 'ReEncrypt:InvalidCiphertextException:' \
      ossl pkeyutl -encrypt -inkey kms:alias/old -in $blob -pkeyopt reencrypt:1
  done
}

public_key_encrypts_and_does_not_decrypt() {
  ossl pkeyutl -encrypt -pubin -inkey kms:alias/old -in secret -out public.blob
  decrypts alias/old public.blob secret
  assert_fails_with 'private key is needed' \
    ossl pkeyutl -decrypt -pubin -inkey kms:alias/old -in public.blob
}

missing_key_is_named() {
  assert_fails_with 'NotFoundException:.*alias/missing' \
    ossl pkeyutl -encrypt -inkey kms:alias/missing -in secret
  assert_fails_with "NotFoundException:.*Invalid keyId 'nonsense'" \
    ossl pkeyutl -encrypt -inkey kms:nonsense -in secret
  assert_fails_with 'NotFoundException:.*11111111-2222-3333-4444-555555555555' \
    ossl pkeyutl -encrypt -inkey kms:11111111-2222-3333-4444-555555555555 -in secret
  # One clear error, and not those of the file store before it.
  assert_eq "$(ossl pkeyutl -encrypt -inkey kms:nonsense -in secret 2>&1 | grep -c error:)" 1
}

unusable_key_says_why() {
  make_key unusable
  ossl pkeyutl -encrypt -inkey kms:alias/unusable -in secret -out unusable.blob
  "$trent" disable-key --key-id "$(cat unusable.id)"
  expected="DisabledException:.*$(arn_of unusable) is disabled"
  assert_fails_with "Encrypt:$expected" ossl pkeyutl -encrypt -inkey kms:alias/unusable -in secret
  assert_fails_with "Decrypt:$expected" \
    ossl pkeyutl -decrypt -inkey kms:alias/unusable -in unusable.blob
  assert_fails_with "ReEncrypt:$expected" \
    ossl pkeyutl -encrypt -inkey kms:alias/new -pkeyopt reencrypt:1 -in unusable.blob
}

bad_options_are_refused() {
  while IFS='|' read -r option expected; do
    assert_fails_with "$expected" \
      ossl pkeyutl -encrypt -inkey kms:alias/old -in old.blob -pkeyopt "$option"
  done <<'OPTIONS'
no-such:1|command not supported.*name=no-such
reencrypt:yes|ValidationException:.*The parameter reencrypt must be 0 or 1
dry-run:2|ValidationException:.*The parameter dry-run must be 0 or 1
rsa_padding_mode:oaep|ValidationException:.*A symmetric KMS key has no padding mode
pad-mode:oaep|ValidationException:.*A symmetric KMS key has no padding mode
encryption-context:tenant|ValidationException:.*The parameter encryption-context: Expected '='
encryption-context:|ValidationException:.*The parameter encryption-context: .*is written [{][}]
source-key-id:|ValidationException:.*1 validation error detected: Value at 'sourceKeyId' failed to satisfy constraint: Member must have length greater than or equal to 1
source-encryption-algorithm:|ValidationException:.*Value '' at 'sourceEncryptionAlgorithm' failed
grant-tokens:|ValidationException:.*Value at 'grantTokens.1.member' failed
encryption-context:{"a":"1","a":"2"}|ValidationException
encryption-context:{"a":1}|ValidationException
source-key-id:alias/old|ValidationException:.*The parameter source-key-id is for ReEncrypt only
dry-run:1|DryRunOperationException:.*The request would have succeeded, but the DryRun option is set
OPTIONS
  assert_fails_with 'The parameter reencrypt is for encryption only' \
    ossl pkeyutl -decrypt -inkey kms:alias/old -in old.blob -pkeyopt reencrypt:1
}

other_operations_are_refused() {
  assert_fails_with 'UnsupportedOperationException:.*no signatures with keys of spec SYMMETRIC_DEFAULT' \
    ossl pkeyutl -sign -inkey kms:alias/old -in secret
  assert_fails_with 'operation not supported for this keytype' \
    ossl pkeyutl -derive -inkey kms:alias/old -peerkey kms:alias/new
  assert_fails_with 'there is no public key' ossl req -new -key kms:alias/old -subj /CN=x
  assert_fails_with . ossl dgst -sha256 -sign kms:alias/old secret
}

data_arrives_by_pipe() {
  assert_eq "$(ossl pkeyutl -encrypt -inkey kms:alias/old <secret |
    ossl pkeyutl -decrypt -inkey kms:alias/old)" "$(cat secret)"
}

test_case 'a secret comes back' secret_comes_back
test_case 'a secret moves to another key' secret_moves
test_case 'a secret moves to another key and context' secret_moves_with_new_context
test_case 'a secret moves to another context of its key' same_key_takes_new_context
test_case 'a wrong context is refused' wrong_context_is_refused
# Its ciphertexts are longer, and OpenSSL asks for their size first.
enforced_key_encrypts_and_moves() {
  printf 12345678 >so-pin
  vault=$("$trent" create-key --enforce-in-token --so-pin-source file:so-pin --output raw)
  ossl pkeyutl -encrypt -inkey "kms:$vault" -in secret -out vault.blob
  ossl pkeyutl -encrypt -inkey "kms:$vault" -in vault.blob -out moved.blob -pkeyopt reencrypt:1
  ossl pkeyutl -encrypt -inkey "kms:$vault" -in old.blob -out brought.blob -pkeyopt reencrypt:1 \
    -pkeyopt 'source-encryption-context:{"tenant":"acme"}'
  for blob in vault moved brought; do
    assert_eq "$(wc -c <$blob.blob)" $(($(wc -c <old.blob) + 34))
  done
  assert_fails_with 'Decrypt:UnsupportedOperationException:.*cannot be decrypted' \
    ossl pkeyutl -decrypt -inkey "kms:$vault" -in vault.blob
  assert_fails_with 'ReEncrypt:UnsupportedOperationException:' \
    ossl pkeyutl -encrypt -inkey kms:alias/new -in vault.blob -pkeyopt reencrypt:1
}

test_case 'a context may be written as shorthand' shorthand_is_a_context
test_case 'a context that is given twice is refused' context_given_twice_is_refused
test_case 'a wrong key is refused' wrong_key_is_refused
test_case 'trent reads what openssl wrote' trent_reads_what_openssl_wrote
test_case 'openssl reads what trent wrote' openssl_reads_what_trent_wrote
test_case 'sizes up to 4096 come back' sizes_come_back
test_case 'sizes out of range are refused' sizes_out_of_range_are_refused
test_case 'a damaged ciphertext is refused' damaged_blob_is_refused
test_case 'a public key encrypts and does not decrypt' public_key_encrypts_and_does_not_decrypt
test_case 'a key that does not exist is named' missing_key_is_named
test_case 'a key that cannot be used says why' unusable_key_says_why
test_case 'bad options are refused' bad_options_are_refused
test_case 'other operations are refused' other_operations_are_refused
test_case 'data arrives by pipe' data_arrives_by_pipe
test_case 'a key that is enforced in the token encrypts and moves' enforced_key_encrypts_and_moves
done_testing
