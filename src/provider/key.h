// SPDX-License-Identifier: Apache-2.0
// What an EVP_PKEY of type KMS stands for: a KMS key in a token, by name.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "kms/service.h"
#include "provider/core.h"

namespace trent::provider {

inline constexpr const char* kKeyType = "KMS";

// Never changes after it was made, so that threads may share it.
struct Key {
  const Core* core;  // the provider's, which OpenSSL keeps as long as there is an EVP_PKEY of it
  std::shared_ptr<kms::Service> service;
  // As the application named it. Operations pass it on, so that an alias means, as in KMS, the key
  // that it points to at the time of the operation.
  std::string id;
  std::string arn;  // of the key that `id` named when it was loaded
  // False in a key that was asked for as a public key (-pubin): such a one only encrypts.
  bool decrypts;
};

// How the store hands a key to keymgmt's load, which makes a copy.
struct KeyReference {
  const Key* key;
};

inline void require_private(const Key& key) {
  if (!key.decrypts)
    throw Error(ErrorCode::Validation, "The key was loaded as a public key, which cannot decrypt.",
                "Load it as a private key (without -pubin).");
}

}  // namespace trent::provider
