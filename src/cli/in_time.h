// SPDX-License-Identifier: Apache-2.0
// Work that is worth nothing if it takes too long.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace trent::cli {

// What `work` returns; nullopt if it throws, or takes longer than that. It is done in a process of
// its own, without terminal and standard streams, which goes on after that time and then ends:
// whoever cuts a login to SoftHSM off damages the token. The caller has no other threads.
std::optional<std::string> in_time(std::chrono::milliseconds patience,
                                   const std::function<std::string()>& work);

}  // namespace trent::cli
