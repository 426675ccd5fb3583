#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Key pairs and HMAC keys, checked by OpenSSL with the exported public key.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token_for_suite
printf 'a\0letter\377' >letter

new_key() { trent create-key --key-spec "$1" --key-usage "$2" --output raw; }
# public_key KEY: to public.pem
public_key() {
  trent get-public-key --key-id "$1" --output raw --output-file public.der
  openssl pkey -pubin -inform DER -in public.der -out public.pem
}

signatures() {
  for spec in RSA_2048 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1; do
    key=$(new_key $spec SIGN_VERIFY)
    public_key "$key"
    trent describe-key --key-id "$key" >described
    for algorithm in $(field described KeyMetadata SigningAlgorithms | grep -oE '[A-Z0-9_]{5,}'); do
      hash=sha${algorithm##*_}
      trent sign --key-id "$key" --message fileb://letter --signing-algorithm "$algorithm" \
        --output raw --output-file letter.sig
      set --
      case $algorithm in *_PSS_*)
        set -- -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -sigopt "rsa_mgf1_md:$hash" ;;
      esac
      openssl dgst "-$hash" -verify public.pem "$@" -signature letter.sig letter >out
      assert_eq "$(cat out)" 'Verified OK'
      trent verify --key-id "$key" --message fileb://letter --signing-algorithm "$algorithm" \
        --signature fileb://letter.sig >out
      assert_eq "$(field out SignatureValid)" true
      fails 254 'KMSInvalidSignatureException' verify --key-id "$key" --message YQ== \
        --signing-algorithm "$algorithm" --signature fileb://letter.sig
      openssl dgst "-$hash" -binary letter >digest
      trent verify --key-id "$key" --message fileb://digest --message-type DIGEST \
        --signing-algorithm "$algorithm" --signature fileb://letter.sig >out
    done
  done
  key=$(new_key ECC_NIST_EDWARDS25519 SIGN_VERIFY)
  public_key "$key"
  trent sign --key-id "$key" --message fileb://letter --signing-algorithm ED25519_SHA_512 \
    --output raw --output-file letter.sig
  openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in letter -sigfile letter.sig >out
  assert_eq "$(cat out)" 'Signature Verified Successfully'
}

encryption() {
  key=$(new_key RSA_2048 ENCRYPT_DECRYPT)
  public_key "$key"
  for hash in 1 256; do
    openssl pkeyutl -encrypt -pubin -inkey public.pem -in letter -out letter.rsa \
      -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha$hash -pkeyopt rsa_mgf1_md:sha$hash
    trent decrypt --key-id "$key" --encryption-algorithm RSAES_OAEP_SHA_$hash \
      --ciphertext-blob fileb://letter.rsa --output raw >out
    assert_same_file letter out
  done
  symmetric=$(trent create-key --output raw)
  openssl pkeyutl -encrypt -pubin -inkey public.pem -in letter -out letter.rsa \
    -pkeyopt rsa_padding_mode:oaep
  trent re-encrypt --source-key-id "$key" --source-encryption-algorithm RSAES_OAEP_SHA_1 \
    --ciphertext-blob fileb://letter.rsa --destination-key-id "$symmetric" --output raw >letter.blob
  trent decrypt --ciphertext-blob fileb://letter.blob --output raw >out
  assert_same_file letter out
  fails 254 'UnsupportedOperationException.*RSAES_OAEP_SHA_256' re-encrypt --source-key-id "$key" \
    --source-encryption-algorithm RSAES_OAEP_SHA_256 --ciphertext-blob fileb://letter.rsa \
    --destination-key-id "$symmetric"
  openssl pkeyutl -encrypt -pubin -inkey public.pem -in letter -out letter.rsa \
    -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256
  sed '1i host-reencrypt = "allow"' "$TRENT_CONF" >allow.toml
  trent re-encrypt --source-key-id "$key" --source-encryption-algorithm RSAES_OAEP_SHA_256 \
    --ciphertext-blob fileb://letter.rsa --destination-key-id "$symmetric" --output raw \
    --config allow.toml >letter.blob 2>said
  assert_contains "$(cat said)" 'host-reencrypt: plaintext is re-encrypted in the memory of this process'
  trent decrypt --ciphertext-blob fileb://letter.blob --output raw >out
  assert_same_file letter out
}

macs() {
  key=$(new_key HMAC_256 GENERATE_VERIFY_MAC)
  trent generate-mac --key-id "$key" --message fileb://letter --mac-algorithm HMAC_SHA_256 \
    --output raw --output-file letter.mac
  assert_eq "$(wc -c <letter.mac)" 32
  trent verify-mac --key-id "$key" --message fileb://letter --mac-algorithm HMAC_SHA_256 \
    --mac fileb://letter.mac >out
  assert_eq "$(field out MacValid)" true
  fails 254 'KMSInvalidMacException' verify-mac --key-id "$key" --message YQ== \
    --mac-algorithm HMAC_SHA_256 --mac fileb://letter.mac
}

agreement() {
  key=$(new_key ECC_NIST_P384 KEY_AGREEMENT)
  public_key "$key"
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out peer.pem
  openssl pkey -in peer.pem -pubout -outform DER -out peer.der
  trent derive-shared-secret --key-id "$key" --key-agreement-algorithm ECDH \
    --public-key fileb://peer.der --output raw >ours
  openssl pkeyutl -derive -inkey peer.pem -peerkey public.pem -out theirs
  assert_same_file ours theirs
}

data_key_pairs() {
  key=$(trent create-key --output raw)
  for operation in generate-data-key-pair generate-data-key-pair-without-plaintext; do
    trent $operation --key-id "$key" --key-pair-spec RSA_2048 >pair.json
    field pair.json PrivateKeyCiphertextBlob | base64 -d >private.blob
    trent decrypt --ciphertext-blob fileb://private.blob --output raw >private.der
    openssl pkey -inform DER -in private.der -pubout -outform DER -out derived.der
    field pair.json PublicKey | base64 -d | assert_same_file derived.der -
  done
}

all_is_well() {
  trent check >out
  assert_contains "$(cat out)" 'no problems'
}

test_case 'signatures that OpenSSL verifies' signatures
test_case 'RSA encryption, and out of it' encryption
test_case 'MACs' macs
test_case 'agreement' agreement
test_case 'data key pairs' data_key_pairs
test_case 'check' all_is_well
done_testing
