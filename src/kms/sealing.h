// SPDX-License-Identifier: Apache-2.0
// What is encrypted under a KMS key is sealed in a ciphertext blob: here are the headers and
// suites, and what the token is told to do. Operations see keys, encryption contexts and secrets.
#pragma once

#include <cstddef>
#include <optional>

#include "base/hash.h"
#include "blob/blob.h"
#include "blob/context.h"
#include "hsm/key_kind.h"
#include "hsm/wrapping.h"
#include "kms/key.h"

namespace trent::kms {

// In canonical form. Throws ValidationException if it is too large.
class SealingContext {
 public:
  explicit SealingContext(const EncryptionContext& context)
      : canonical_(blob::canonical_context(context)) {}
  ByteView canonical() const { return canonical_; }

 private:
  Bytes canonical_;
};

// The blob of a secret, under the current material of the key.
// Throws UnsupportedOperationException if the token cannot unwrap secrets of that length again.
Bytes seal(const Key& key, const SealingContext& context, blob::Kind kind,
           const SecretBytes& secret);
// Of a random secret that is made in the token and stays there.
Bytes seal_new(const Key& key, const SealingContext& context, blob::Kind kind, std::size_t length);
// Of the private key of a new pair that is made in the token (PKCS#8 DER) and stays there. The
// public key comes in clear.
struct SealedKeyPair {
  Bytes public_key;
  Bytes blob;
};
SealedKeyPair seal_new_key_pair(const Key& key, const SealingContext& context,
                                const hsm::KeyPairKind& pair);
// Of an object in the key's token. `length` in bytes; nullopt: not known, but it is an AES key.
// Throws ValidationException if it has another length.
Bytes seal_object(const Key& key, const SealingContext& context, hsm::ApplicationObject object,
                  std::optional<std::size_t> length);

// The secret in a blob of the key. Throws InvalidCiphertextException, and
// UnsupportedOperationException if the key is enforced in the token.
SecretBytes open(const Key& key, const SealingContext& context, const blob::Blob& blob);
// The same, as an object in the key's token.
hsm::ApplicationObject open_object(const Key& key, const SealingContext& context,
                                   const blob::Blob& blob,
                                   const hsm::ApplicationTemplate& destination);
// What the blob says of its content: the length of the object that open_object() makes. Throws
// UnsupportedOperationException if the token would make a longer one, because the content was
// filled up with zero bytes.
std::size_t length_of_object(const blob::Blob& blob);

// Under the public key of an RSA key, in this process or in the token: an RSAES-OAEP string without
// any header, and without an encryption context. Throws ValidationException if the secret is too
// long.
Bytes seal_oaep(const Key& key, Hash hash, const SecretBytes& secret, bool in_token);
// Throws InvalidCiphertextException.
SecretBytes open_oaep(const Key& key, Hash hash, ByteView ciphertext);
// An encryption context that is given for an RSA key would bind nothing. Throws
// ValidationException.
void require_no_context(const EncryptionContext& context);

// What a secret is under, and what it is to be under.
struct Source {
  const Key& key;
  std::optional<Hash> oaep;
  const SealingContext& context;
  ByteView ciphertext;
  const blob::Blob& blob;  // if not `oaep`
};
struct Destination {
  const Key& key;
  std::optional<Hash> oaep;
  const SealingContext& context;
};
// Takes the secret from one key to another, inside the token (or from token to token), and gives
// the new ciphertext. Throws InvalidCiphertextException, and UnsupportedOperationException where a
// token cannot do that.
Bytes move(const Source& source, const Destination& destination);
// The same in this process's memory.
Bytes move_in_host(const Source& source, const Destination& destination);

}  // namespace trent::kms
