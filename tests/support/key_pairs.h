// SPDX-License-Identifier: Apache-2.0
// Asymmetric and HMAC keys of KMS, by the operations as the wire has them.
#pragma once

#include <string>
#include <string_view>

#include "base/encoding.h"
#include "request.h"

namespace trent::test {

inline std::string create(Service& service, const std::string& spec, const std::string& usage) {
  return request(service, "CreateKey",
                 {{"KeySpec", spec}, {"KeyUsage", usage}})["KeyMetadata"]["KeyId"]
      .get<std::string>();
}

inline kms::Json::string_t base64(std::string_view text) {
  return secret_to_base64(as_bytes(text));
}
// The bytes of a blob in a response.
inline Bytes bytes_of(const kms::Json& value) {
  const auto bytes = secret_from_base64(value.get_ref<const kms::Json::string_t&>()).value();
  return {bytes.begin(), bytes.end()};
}
inline std::string text_of(const kms::Json& value) {
  const Bytes bytes = bytes_of(value);
  return {bytes.begin(), bytes.end()};
}

inline kms::Json signing(const std::string& key, std::string_view message,
                         const std::string& algorithm, const std::string& type = "RAW") {
  return {{"KeyId", key},
          {"Message", base64(message)},
          {"SigningAlgorithm", algorithm},
          {"MessageType", type}};
}
inline Bytes sign(Service& service, const std::string& key, std::string_view message,
                  const std::string& algorithm, const std::string& type = "RAW") {
  return bytes_of(request(service, "Sign", signing(key, message, algorithm, type))["Signature"]);
}
inline kms::Json verify(Service& service, const std::string& key, std::string_view message,
                        const std::string& algorithm, const Bytes& signature,
                        const std::string& type = "RAW") {
  kms::Json json = signing(key, message, algorithm, type);
  json["Signature"] = secret_to_base64(signature);
  return request(service, "Verify", json);
}

// RSAES-OAEP
inline Bytes encrypt_with(Service& service, const std::string& key, std::string_view plaintext,
                          const std::string& algorithm) {
  return bytes_of(request(service, "Encrypt",
                          {{"KeyId", key},
                           {"Plaintext", base64(plaintext)},
                           {"EncryptionAlgorithm", algorithm}})["CiphertextBlob"]);
}
inline std::string decrypt_with(Service& service, const std::string& key, const Bytes& ciphertext,
                                const std::string& algorithm) {
  return text_of(request(service, "Decrypt",
                         {{"KeyId", key},
                          {"CiphertextBlob", secret_to_base64(ciphertext)},
                          {"EncryptionAlgorithm", algorithm}})["Plaintext"]);
}

// One end of a ReEncrypt.
struct End {
  std::string key;
  std::string algorithm = "SYMMETRIC_DEFAULT";
};
inline Bytes move(Service& service, const End& from, const Bytes& ciphertext, const End& to) {
  return bytes_of(request(service, "ReEncrypt",
                          {{"CiphertextBlob", secret_to_base64(ciphertext)},
                           {"SourceKeyId", from.key},
                           {"SourceEncryptionAlgorithm", from.algorithm},
                           {"DestinationKeyId", to.key},
                           {"DestinationEncryptionAlgorithm", to.algorithm}})["CiphertextBlob"]);
}

}  // namespace trent::test
