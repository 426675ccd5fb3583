// Encrypt and Decrypt for keys that stay in the token: what C_WrapKey and C_UnwrapKey need. AWS KMS
// has no such operations; blobs, checks and errors are those of Encrypt and Decrypt.
#pragma once

#include <optional>
#include <string>

#include "hsm/wrapping.h"
#include "kms/service.h"

namespace trent::kms {

struct WrapKeyRequest {
  std::string key_id;
  EncryptionContext encryption_context;
  hsm::ApplicationObject object;  // in Service::token()
  // Of its value, in bytes; nullopt: not known, but the object is an AES key.
  std::optional<std::size_t> length;
};
// The ciphertext blob. Throws UnsupportedOperationException if the KMS key is in another token.
Bytes wrap_key(Service& service, const WrapKeyRequest& request);

struct UnwrapKeyRequest {
  std::string key_id;
  EncryptionContext encryption_context;
  Bytes ciphertext_blob;
};
// What the ciphertext says of its content: the length of the object that unwrap_key() makes.
// Throws UnsupportedOperationException if the token would make a longer one, because the content
// was filled up with zero bytes, and InvalidCiphertextException.
std::size_t unwrapped_length(ByteView ciphertext_blob);
hsm::ApplicationObject unwrap_key(Service& service, const UnwrapKeyRequest& request,
                                  const hsm::ApplicationTemplate& destination);

}  // namespace trent::kms
