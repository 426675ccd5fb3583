// SPDX-License-Identifier: Apache-2.0
// From what OpenSSL says of RSA encryption (padding, hashes) to KMS's algorithms.
#pragma once

#include <openssl/core.h>

#include <optional>
#include <string>

#include "base/hash.h"

namespace trent::provider {

struct OaepSettings {
  bool padding_given = false;
  Hash hash = Hash::Sha1;           // OpenSSL's default
  std::optional<Hash> mgf1_hash{};  // without one, `hash`
};

// Takes a parameter of EVP_ASYM_CIPHER-RSA(7): padding, hash, label. False if it is none; throws if
// KMS has no such encryption.
bool set_oaep_param(OaepSettings& settings, const OSSL_PARAM& param);

// KMS's EncryptionAlgorithm. Throws if no padding was given: OpenSSL's default is one that KMS does
// not have.
std::string kms_algorithm(const OaepSettings& settings);

}  // namespace trent::provider
