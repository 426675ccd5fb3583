// SPDX-License-Identifier: Apache-2.0
// The name of JSON, for headers: each file that includes the whole library takes a second longer to
// compile.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "base/bytes.h"

namespace trent::kms {

// A response may hold plaintext, so what it is made of, and what dump() returns, is wiped.
using Json = nlohmann::basic_json<nlohmann::ordered_map, std::vector, SecretString, bool,
                                  std::int64_t, std::uint64_t, double, CleansingAllocator>;

}  // namespace trent::kms
