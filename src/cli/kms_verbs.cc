// SPDX-License-Identifier: Apache-2.0
// The verbs that are KMS operations: what their help says. Their options, output and everything
// else follow from the operations (kms_verb.h).
#include <algorithm>

#include "cli/kms_verb.h"
#include "kms/operations/operations.h"

namespace trent::cli {

namespace {

constexpr KmsVerb kVerbs[] = {
    {"create-key", "Keys", "Make a key in the token", R"(
The key never leaves the token. --output raw prints its key ID.
With the origin EXTERNAL it has no material until somebody imports it, and is pending
import: see trent get-parameters-for-import.
With the origin EXTERNAL_KEY_STORE it is a key that is in the token already:
it stays as it is there, and says itself what spec it is.
With --enforce-in-token, the token itself sees to it that nothing under the key can be
decrypted, whatever policies say, and also for who has the PIN: ciphertexts can be
made, and moved to another such key (trent re-encrypt). See docs/security.md.

Examples:
  trent create-key --description "customer data"
  KEY=$(trent create-key --output raw)
  trent create-alias --alias-name alias/app --target-key-id "$KEY"
  trent create-key --origin EXTERNAL_KEY_STORE --xks-key-id pkcs11:object=legacy-rsa \
      --key-usage SIGN_VERIFY
  trent create-key --enforce-in-token --so-pin-source file:so-pin
)"},
    {"describe-key", "Keys", "What is known of a key", R"(
--output raw prints the key ID.

Examples:
  trent describe-key --key-id alias/app
)"},
    {"list-keys", "Keys", "All keys", R"(
All pages are printed. --output list prints a line for each key: its ID, state,
spec, aliases and description, with tabs between them. --output raw prints the key
IDs, one a line.

Examples:
  trent list-keys
  trent list-keys --output list
  trent list-keys --max-items 10
)"},
    {"enable-key", "Keys", "Let a disabled key be used again", R"(
Examples:
  trent enable-key --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)"},
    {"disable-key", "Keys", "Refuse every use of a key, until it is enabled", R"(
Examples:
  trent disable-key --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)"},
    {"update-key-description", "Keys", "Say anew what a key is for", R"(
Examples:
  trent update-key-description --key-id 1234abcd-12ab-34cd-56ef-1234567890ab \
      --description "customer data, until 2027"
)"},
    {"tag-resource", "Keys", "Give a key tags", R"(
A tag that the key has already gets the new value.

Examples:
  trent tag-resource --key-id 1234abcd-12ab-34cd-56ef-1234567890ab \
      --tags TagKey=Team,TagValue=Payments TagKey=Env,TagValue=test
)"},
    {"untag-resource", "Keys", "Take tags from a key", R"(
A tag that the key does not have is no error.

Examples:
  trent untag-resource --key-id 1234abcd-12ab-34cd-56ef-1234567890ab --tag-keys Team Env
)"},
    {"list-resource-tags", "Keys", "The tags of a key", R"(
--output list prints a line for each tag, with a tab between name and value;
--output raw prints the names.

Examples:
  trent list-resource-tags --key-id 1234abcd-12ab-34cd-56ef-1234567890ab --output list
)"},
    {"list-key-policies", "Keys", "The names of the policies of a key", R"(
There is one, of the name default: see trent get-key-policy and put-key-policy.

Examples:
  trent list-key-policies --key-id 1234abcd-12ab-34cd-56ef-1234567890ab --output raw
)"},
    {"get-key-policy", "Keys", "The policy of a key", R"(
The default policy lets the account decide who may do what with the key, by the
policies of its principals. --output raw prints the policy.

Examples:
  trent get-key-policy --key-id 1234abcd-12ab-34cd-56ef-1234567890ab --output raw
)"},
    {"put-key-policy", "Keys", "Say who may do what with a key", R"(
The policy takes the place of the one that the key has. trent simulate-policy tells
beforehand what it would decide.

Examples:
  trent get-key-policy --key-id 1234abcd-12ab-34cd-56ef-1234567890ab \
      --output raw > policy.json
  trent put-key-policy --key-id 1234abcd-12ab-34cd-56ef-1234567890ab \
      --policy file://policy.json
)"},
    {"create-grant", "Grants", "Let a principal use a key, beside its policy", R"(
The response has a grant token: with it in --grant-tokens, the grant holds at once
everywhere. --output raw prints the grant ID.

Examples:
  trent create-grant --key-id 1234abcd-12ab-34cd-56ef-1234567890ab \
      --grantee-principal arn:aws:iam::111122223333:user/alice \
      --operations Decrypt ReEncryptFrom \
      --constraints 'EncryptionContextSubset={tenant=acme}'
)"},
    {"list-grants", "Grants", "The grants of a key", R"(
All pages are printed. --output raw prints the grant IDs.

Examples:
  trent list-grants --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)"},
    {"list-retirable-grants", "Grants", "The grants that a principal may retire", R"(
Examples:
  trent list-retirable-grants \
      --retiring-principal arn:aws:iam::111122223333:user/alice
)"},
    {"retire-grant", "Grants", "End a grant that is not needed any more", R"(
For the retiring principal of the grant, for its grantee if it has the operation
RetireGrant, for the account that made it, and for who has the permission.

Examples:
  trent retire-grant --key-id 1234abcd-12ab-34cd-56ef-1234567890ab \
      --grant-id "$GRANT"
)"},
    {"revoke-grant", "Grants", "Take a grant back", R"(
Other processes refuse what it allowed within the time that the configuration
calls refresh.

Examples:
  trent revoke-grant --key-id 1234abcd-12ab-34cd-56ef-1234567890ab \
      --grant-id "$GRANT"
)"},
    {"schedule-key-deletion", "Keys", "Delete a key after a waiting period", R"(
From now on the key cannot be used. Until the waiting period is over,
cancel-key-deletion brings it back; then it is gone for every operation.

Its material stays in the token until somebody runs `trent purge` after that date:
that destroys it, and nothing that was encrypted with it can ever be read again. No
other command does. conf/ has a systemd timer that runs it daily.

Examples:
  trent schedule-key-deletion --key-id 1234abcd-12ab-34cd-56ef-1234567890ab \
      --pending-window-in-days 7
)"},
    {"cancel-key-deletion", "Keys", "Keep a key that was to be deleted", R"(
The key is disabled afterwards: use enable-key to use it again.

Examples:
  trent cancel-key-deletion --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)"},
    {"get-parameters-for-import", "Keys", "What to wrap key material with, to import it", R"(
Of a key of the origin EXTERNAL. The public key wraps the material; the import token
says which one it was, and is good for 24 hours. Both are for this key only.

Examples:
  KEY=$(trent create-key --origin EXTERNAL --output raw)
  trent get-parameters-for-import --key-id "$KEY" \
      --wrapping-algorithm RSA_AES_KEY_WRAP_SHA_1 --wrapping-key-spec RSA_4096 > import.json
  jq -r .PublicKey import.json | base64 -d > wrapping.der
  jq -r .ImportToken import.json | base64 -d > import.token
)"},
    {"import-key-material", "Keys", "Bring key material that was made elsewhere", R"(
It is unwrapped in the token. The first one makes the key usable; later the same may be
brought again, when it has expired or was deleted, or to change when it expires. Other
material, with --import-type NEW_KEY_MATERIAL, waits for trent rotate-key-on-demand.
--output raw prints the ID of the material.

Examples:
  trent import-key-material --key-id 1234abcd-12ab-34cd-56ef-1234567890ab \
      --import-token fileb://import.token --encrypted-key-material fileb://wrapped.bin \
      --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
)"},
    {"delete-imported-key-material", "Keys", "Take imported key material out of the token", R"(
The key cannot be used until the same material is imported again. Whoever has no copy of
it loses all that was encrypted with it. --output raw prints the ID of the material.

Examples:
  trent delete-imported-key-material --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)"},
    {"rotate-key-on-demand", "Keys", "Give a key new material", R"(
New ciphertexts are made with it, from now on and everywhere; the old ones can be
decrypted as before. trent re-encrypt to the same key moves them. A key can be rotated
like this 25 times. Of a key whose material is imported, the new one is that which was
imported with --import-type NEW_KEY_MATERIAL.

Examples:
  trent rotate-key-on-demand --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)"},
    {"enable-key-rotation", "Keys", "Give a key new material every year", R"(
Or after another number of days. What is due is rotated by trent rotate-due, which
conf/ has a systemd timer for.

Examples:
  trent enable-key-rotation --key-id 1234abcd-12ab-34cd-56ef-1234567890ab \
      --rotation-period-in-days 180
)"},
    {"disable-key-rotation", "Keys", "Rotate a key no more", R"(
Examples:
  trent disable-key-rotation --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)"},
    {"get-key-rotation-status", "Keys", "Whether and when a key is rotated", R"(
Examples:
  trent get-key-rotation-status --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)"},
    {"list-key-rotations", "Keys", "The rotations of a key, and its materials", R"(
The oldest comes first. --output list prints a line for each: the IDs of the key and of
the material, its state, the date and the type of the rotation, with tabs between them.
--output raw prints the IDs of the materials.

Examples:
  trent list-key-rotations --key-id 1234abcd-12ab-34cd-56ef-1234567890ab \
      --include-key-material ALL_KEY_MATERIAL
)"},
    {"replicate-key", "Keys", "Put a multi-Region key into one more region", R"(
The replica has the ID and the material of the key; its policy, tags, aliases and
state are its own. What is encrypted in one region can be decrypted in the other. The
material goes from token to token wrapped, and is never in the computer's memory. The
configuration needs a [[token]] of the account in that region.
--output raw prints the key ID.

Examples:
  KEY=$(trent create-key --multi-region --output raw)
  trent replicate-key --key-id "$KEY" --replica-region eu-west-1
)"},
    {"update-primary-region", "Keys", "Make a replica the primary key", R"(
The primary key is the one that is replicated and rotated, and that cannot be deleted
as long as it has replicas. The one before becomes a replica.

Examples:
  trent update-primary-region --key-id mrk-1234abcd12ab34cd56ef1234567890ab \
      --primary-region eu-west-1
)"},
    {"create-alias", "Aliases", "Give a key a name", R"(
A key may have several aliases.

Examples:
  trent create-alias --alias-name alias/app \
      --target-key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)"},
    {"update-alias", "Aliases", "Let an alias name another key", R"(
New ciphertexts are then made with the other key. Old ones still need the old
key: move them with trent re-encrypt.

Examples:
  trent update-alias --alias-name alias/app \
      --target-key-id 0987dcba-09fe-87dc-65ba-ab0987654321
)"},
    {"delete-alias", "Aliases", "Take a name from a key", R"(
The key stays as it is.

Examples:
  trent delete-alias --alias-name alias/app
)"},
    {"list-aliases", "Aliases", "All aliases, or those of one key", R"(
All pages are printed. --output list prints a line for each alias: its name, and
the ID, state, spec and description of its key, with tabs between them.
--output raw prints the names, one a line.

Examples:
  trent list-aliases
  trent list-aliases --output list
  trent list-aliases --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)"},
    {"encrypt", "Encryption", "Encrypt up to 4096 bytes with a key", R"(
The ciphertext names its key, so decrypting needs only the same encryption
context. For more than 4096 bytes see trent generate-data-key.

Examples:
  trent encrypt --key-id alias/app --plaintext fileb://secret.txt \
      --encryption-context tenant=acme --output raw --output-file secret.blob
  printf %s "$PASSWORD" | trent encrypt --key-id alias/app --plaintext -
)"},
    {"decrypt", "Encryption", "Decrypt a ciphertext", R"(
The key is found by the ciphertext itself; with --key-id, any other key is an
error. The plaintext is printed in base64 unless --output raw is given.

Examples:
  trent decrypt --ciphertext-blob fileb://secret.blob \
      --encryption-context tenant=acme --output raw
  trent decrypt --key-id alias/app --ciphertext-blob - < secret.blob
)"},
    {"re-encrypt", "Encryption", "Move a ciphertext to another key or encryption context", R"(
The plaintext does not leave the token. Use it to change the key, to change the
encryption context, or (same key) to move to the newest key material. With
--output-file, the new ciphertext may take the place of the old one; with > it
cannot: the shell empties that file first.

Examples:
  trent re-encrypt --ciphertext-blob fileb://old.blob \
      --source-encryption-context tenant=acme \
      --destination-key-id alias/new \
      --destination-encryption-context tenant=acme --output raw --output-file new.blob
)"},
    {"generate-data-key", "Data keys", "Make a key for use outside, in plaintext and encrypted", R"(
Encrypt your data with the plaintext key, store the encrypted key beside it, and
forget the plaintext key; trent decrypt brings it back.

Examples:
  trent generate-data-key --key-id alias/app --key-spec AES_256 > data-key.json
  jq -r .CiphertextBlob data-key.json | base64 -d > data-key.blob
)"},
    {"generate-data-key-without-plaintext", "Data keys",
     "Make a key for use outside, encrypted only", R"(
For a program that hands out keys it must not see.

Examples:
  trent generate-data-key-without-plaintext --key-id alias/app --key-spec AES_256 \
      --encryption-context tenant=acme --output raw > data-key.blob
)"},
    {"generate-data-key-pair", "Data keys",
     "Make a key pair for use outside, the private key\nin plaintext and encrypted", R"(
The private key is PKCS#8 DER, the public key DER SubjectPublicKeyInfo. Store the
encrypted private key; trent decrypt brings it back.

Examples:
  trent generate-data-key-pair --key-id alias/app --key-pair-spec ECC_NIST_P256 > pair.json
  jq -r .PrivateKeyCiphertextBlob pair.json | base64 -d > private.blob
)"},
    {"generate-data-key-pair-without-plaintext", "Data keys",
     "Make a key pair for use outside, the private key\nencrypted only", R"(
The private key does not leave the token in plaintext.

Examples:
  trent generate-data-key-pair-without-plaintext --key-id alias/app \
      --key-pair-spec ECC_NIST_P256 > pair.json
)"},
    {"derive-shared-secret", "Signatures and MACs",
     "Agree on a secret with the owner of another key", R"(
Both get the same: the x coordinate of the shared point (ECDH). Derive keys from it
with a key derivation function; it is none itself.

Examples:
  trent create-key --key-spec ECC_NIST_P256 --key-usage KEY_AGREEMENT
  openssl pkey -pubin -in peer.pem -outform DER -out peer.der
  trent derive-shared-secret --key-id alias/agree --key-agreement-algorithm ECDH \
      --public-key fileb://peer.der --output raw > secret
)"},
    {"get-public-key", "Signatures and MACs", "The public key of an RSA or elliptic curve key", R"(
--output raw prints it as DER (SubjectPublicKeyInfo).

Examples:
  trent get-public-key --key-id alias/signer --output raw |
      openssl pkey -pubin -inform DER -out signer.pem
)"},
    {"sign", "Signatures and MACs", "Sign a message with a private key in the token", R"(
--output raw prints the signature, as OpenSSL takes it.

Examples:
  trent create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY
  trent sign --key-id alias/signer --message fileb://letter.txt \
      --signing-algorithm ECDSA_SHA_256 --output raw --output-file letter.sig
)"},
    {"verify", "Signatures and MACs", "Check a signature", R"(
A signature that is wrong is an error (KMSInvalidSignatureException, exit code 254).

Examples:
  trent verify --key-id alias/signer --message fileb://letter.txt \
      --signing-algorithm ECDSA_SHA_256 --signature fileb://letter.sig
)"},
    {"generate-mac", "Signatures and MACs", "The HMAC of a message", R"(
--output raw prints the MAC.

Examples:
  trent create-key --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC
  trent generate-mac --key-id alias/mac --message fileb://letter.txt \
      --mac-algorithm HMAC_SHA_256 --output raw --output-file letter.mac
)"},
    {"verify-mac", "Signatures and MACs", "Check an HMAC", R"(
A MAC that is wrong is an error (KMSInvalidMacException, exit code 254).

Examples:
  trent verify-mac --key-id alias/mac --message fileb://letter.txt \
      --mac-algorithm HMAC_SHA_256 --mac fileb://letter.mac
)"},
    {"generate-random", "Data keys", "Random bytes from the token's generator", R"(
Examples:
  trent generate-random --number-of-bytes 32
  trent generate-random --number-of-bytes 32 --output raw > seed
)"},
};

// "re_encrypt" of the list of operations against "re-encrypt".
constexpr bool names(std::string_view verb, std::string_view operation) {
  return std::ranges::equal(verb, operation,
                            [](char a, char b) { return a == b || (a == '-' && b == '_'); });
}

constexpr bool has_verb(std::string_view operation) {
  return std::ranges::any_of(kVerbs,
                             [&](const KmsVerb& verb) { return names(verb.name, operation); });
}

#define TRENT_REQUIRE_VERB(name) \
  static_assert(has_verb(#name), "The operation " #name " has no line of help here.");
TRENT_OPERATIONS(TRENT_REQUIRE_VERB)
#undef TRENT_REQUIRE_VERB

}  // namespace

std::span<const KmsVerb> kms_verbs() {
  return kVerbs;
}

}  // namespace trent::cli
