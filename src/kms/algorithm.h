// SPDX-License-Identifier: Apache-2.0
// What KMS's names of algorithms mean.
#pragma once

#include <optional>
#include <string_view>

#include "base/public_key.h"

namespace trent::kms {

struct SigningAlgorithm {
  SignatureScheme scheme;
  Hash hash;
};

// One that a row of key_spec.h names; no other is asked for.
SigningAlgorithm signing_algorithm(std::string_view name);

// The hash of RSAES_OAEP_...; nullopt: SYMMETRIC_DEFAULT.
std::optional<Hash> oaep_hash(std::string_view encryption_algorithm);

}  // namespace trent::kms
