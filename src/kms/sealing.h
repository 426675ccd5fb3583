// SPDX-License-Identifier: Apache-2.0
// What is encrypted under a KMS key is sealed in a ciphertext blob: here are the headers and
// suites, and what the token is told to do. Operations see keys, encryption contexts and secrets.
#pragma once

#include <cstddef>
#include <optional>

#include "blob/blob.h"
#include "blob/context.h"
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
// Of an object in the key's token. `length` in bytes; nullopt: not known, but it is an AES key.
// Throws ValidationException if it has another length.
Bytes seal_object(const Key& key, const SealingContext& context, hsm::ApplicationObject object,
                  std::optional<std::size_t> length);

// The secret in a blob of the key. Throws InvalidCiphertextException.
SecretBytes open(const Key& key, const SealingContext& context, const blob::Blob& blob);
// The same, as an object in the key's token.
hsm::ApplicationObject open_object(const Key& key, const SealingContext& context,
                                   const blob::Blob& blob,
                                   const hsm::ApplicationTemplate& destination);
// What the blob says of its content: the length of the object that open_object() makes. Throws
// UnsupportedOperationException if the token would make a longer one, because the content was
// filled up with zero bytes.
std::size_t length_of_object(const blob::Blob& blob);

// Takes the secret in `blob` from one key to another, inside the token (or from token to token),
// and gives the new blob. Throws InvalidCiphertextException.
Bytes move(const Key& source, const SealingContext& source_context, const blob::Blob& blob,
           const Key& destination, const SealingContext& destination_context);

}  // namespace trent::kms
