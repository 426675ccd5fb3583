// SPDX-License-Identifier: Apache-2.0
// Short ways to say the usual things to a kms::Service.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kms/service.h"
#include "softhsm.h"

namespace trent::test {

// A service with a name for each operation, as the principal of the configuration.
class Service : public kms::Service {
 public:
  using kms::Service::Service;

  kms::Account& home() { return accounts().home(caller().account); }

  kms::CreateKeyResponse create_key(const kms::CreateKeyRequest& r) { return call(r); }
  kms::DescribeKeyResponse describe_key(const kms::DescribeKeyRequest& r) { return call(r); }
  kms::ListKeysResponse list_keys(const kms::ListKeysRequest& r) { return call(r); }
  void enable_key(const kms::EnableKeyRequest& r) { call(r); }
  void disable_key(const kms::DisableKeyRequest& r) { call(r); }
  kms::ScheduleKeyDeletionResponse schedule_key_deletion(const kms::ScheduleKeyDeletionRequest& r) {
    return call(r);
  }
  kms::CancelKeyDeletionResponse cancel_key_deletion(const kms::CancelKeyDeletionRequest& r) {
    return call(r);
  }
  void create_alias(const kms::CreateAliasRequest& r) { call(r); }
  void update_alias(const kms::UpdateAliasRequest& r) { call(r); }
  void delete_alias(const kms::DeleteAliasRequest& r) { call(r); }
  kms::ListAliasesResponse list_aliases(const kms::ListAliasesRequest& r) { return call(r); }
  kms::EncryptResponse encrypt(const kms::EncryptRequest& r) { return call(r); }
  kms::DecryptResponse decrypt(const kms::DecryptRequest& r) { return call(r); }
  kms::ReEncryptResponse re_encrypt(const kms::ReEncryptRequest& r) { return call(r); }
  kms::GenerateDataKeyResponse generate_data_key(const kms::GenerateDataKeyRequest& r) {
    return call(r);
  }
  kms::GenerateDataKeyWithoutPlaintextResponse generate_data_key_without_plaintext(
      const kms::GenerateDataKeyRequest& r) {
    return call(kms::GenerateDataKeyWithoutPlaintextRequest{r});
  }
  kms::GenerateRandomResponse generate_random(const kms::GenerateRandomRequest& r) {
    return call(r);
  }
};

inline SecretBytes secret(std::string_view text) {
  return {text.begin(), text.end()};
}
inline std::string text_of(const SecretBytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

inline std::string create_key(Service& service) {
  return service.create_key({}).key_metadata.key_id;
}
inline Bytes encrypt(Service& service, const std::string& key_id, std::string_view plaintext,
                     const kms::EncryptionContext& context = {}) {
  kms::EncryptRequest request;
  request.key_id = key_id;
  request.plaintext = secret(plaintext);
  request.encryption_context = context;
  return service.encrypt(request).ciphertext_blob;
}
inline std::string decrypt(Service& service, const Bytes& blob,
                           const kms::EncryptionContext& context = {},
                           const std::optional<std::string>& key_id = {}) {
  kms::DecryptRequest request;
  request.ciphertext_blob = blob;
  request.encryption_context = context;
  request.key_id = key_id;
  return text_of(service.decrypt(request).plaintext);
}
inline Bytes re_encrypt(Service& service, const Bytes& blob, const std::string& destination,
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
