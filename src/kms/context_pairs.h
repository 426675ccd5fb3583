// SPDX-License-Identifier: Apache-2.0
// Encryption contexts that hold others.
#pragma once

#include <algorithm>

#include "blob/context.h"

namespace trent::kms {

// Whether `all` has each of the pairs.
inline bool has_pairs(const blob::EncryptionContext& all, const blob::EncryptionContext& pairs) {
  return std::ranges::all_of(pairs, [&](const auto& pair) {
    const auto found = all.find(pair.first);
    return found != all.end() && found->second == pair.second;
  });
}

}  // namespace trent::kms
