// Short ways to say the usual things to a kms::Service.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kms/service.h"
#include "softhsm.h"

namespace trent::test {

inline SecretBytes secret(std::string_view text) {
  return {text.begin(), text.end()};
}
inline std::string text_of(const SecretBytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

inline std::string create_key(kms::Service& service) {
  return service.create_key({}).key_metadata.key_id;
}
inline Bytes encrypt(kms::Service& service, const std::string& key_id, std::string_view plaintext,
                     const kms::EncryptionContext& context = {}) {
  kms::EncryptRequest request;
  request.key_id = key_id;
  request.plaintext = secret(plaintext);
  request.encryption_context = context;
  return service.encrypt(request).ciphertext_blob;
}
inline std::string decrypt(kms::Service& service, const Bytes& blob,
                           const kms::EncryptionContext& context = {},
                           const std::optional<std::string>& key_id = {}) {
  kms::DecryptRequest request;
  request.ciphertext_blob = blob;
  request.encryption_context = context;
  request.key_id = key_id;
  return text_of(service.decrypt(request).plaintext);
}
inline Bytes re_encrypt(kms::Service& service, const Bytes& blob, const std::string& destination,
                        const kms::EncryptionContext& source_context = {},
                        const kms::EncryptionContext& destination_context = {},
                        const std::optional<std::string>& source_key_id = {}) {
  kms::ReEncryptRequest request;
  request.ciphertext_blob = blob;
  request.destination_key_id = destination;
  request.source_encryption_context = source_context;
  request.destination_encryption_context = destination_context;
  request.source_key_id = source_key_id;
  return service.re_encrypt(request).ciphertext_blob;
}

}  // namespace trent::test
