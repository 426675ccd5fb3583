// SPDX-License-Identifier: Apache-2.0
// Key material that a test brings, by the operations as the wire has them.
#pragma once

#include <string>

#include "base/public_key.h"
#include "key_pairs.h"
#include "known_key.h"

namespace trent::test {

inline constexpr const char* kOaep = "RSAES_OAEP_SHA_1";
inline constexpr const char* kKeyWrap = "RSA_AES_KEY_WRAP_SHA_1";

inline std::string create_external(Service& service, const kms::Json& more = kms::Json::object()) {
  kms::Json json = {{"Origin", "EXTERNAL"}};
  json.update(more);
  return request(service, "CreateKey", json)["KeyMetadata"]["KeyId"].get<std::string>();
}

// A material of 32 bytes, another for each seed.
inline SecretBytes material_of(std::uint8_t seed, std::size_t length = 32) {
  SecretBytes out(length);
  for (std::size_t i = 0; i < length; ++i) out[i] = static_cast<std::uint8_t>(seed + 3 * i);
  return out;
}

struct Parameters {
  Bytes token;
  Bytes public_key;
  std::string algorithm;
};
inline Parameters parameters_for(Service& service, const std::string& key,
                                 const std::string& algorithm = kOaep,
                                 const std::string& spec = "RSA_2048") {
  const kms::Json got =
      request(service, "GetParametersForImport",
              {{"KeyId", key}, {"WrappingAlgorithm", algorithm}, {"WrappingKeySpec", spec}});
  return {bytes_of(got["ImportToken"]), bytes_of(got["PublicKey"]), algorithm};
}

// As the owner of the material wraps it.
inline Bytes wrap(const Parameters& parameters, const SecretBytes& material) {
  const PublicKey key(parameters.public_key);
  const Hash hash = parameters.algorithm.ends_with("256") ? Hash::Sha256 : Hash::Sha1;
  if (!parameters.algorithm.starts_with("RSA_AES")) return key.encrypt_oaep(hash, material);
  const SecretBytes between = material_of(200);
  Bytes out = key.encrypt_oaep(hash, between);
  const SecretBytes wrapped = key_wrap_pad(between, material);
  out.insert(out.end(), wrapped.begin(), wrapped.end());
  return out;
}

inline kms::Json import_of(const std::string& key, const Parameters& parameters,
                           const Bytes& wrapped, const kms::Json& more = kms::Json::object()) {
  kms::Json json = {{"KeyId", key},
                    {"ImportToken", secret_to_base64(parameters.token)},
                    {"EncryptedKeyMaterial", secret_to_base64(wrapped)}};
  if (!more.contains("ValidTo") && !more.contains("ExpirationModel"))
    json["ExpirationModel"] = "KEY_MATERIAL_DOES_NOT_EXPIRE";
  json.update(more);
  return json;
}

// The id of the material.
inline std::string import(Service& service, const std::string& key, const Parameters& parameters,
                          const SecretBytes& material,
                          const kms::Json& more = kms::Json::object()) {
  return request(service, "ImportKeyMaterial",
                 import_of(key, parameters, wrap(parameters, material), more))["KeyMaterialId"]
      .get<std::string>();
}
inline std::string import(Service& service, const std::string& key, const SecretBytes& material,
                          const kms::Json& more = kms::Json::object()) {
  return import(service, key, parameters_for(service, key), material, more);
}

}  // namespace trent::test
