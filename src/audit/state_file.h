// SPDX-License-Identifier: Apache-2.0
// The small file beside an audit log that says how far its chain has come, across rotations and for
// all processes that write to it; and that they lock while they do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/chain.h"

namespace trent::audit {

struct State {
  Chain chain;
  std::uint64_t lost = 0;  // records that could not be written since
  // The log when the last record was written: which file, and how long it was.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
};

// Of the log of that path.
std::string state_path(const std::string& log);

// Of one length, so that a state replaces another one at once.
std::string to_text(const State& state);
// nullopt if it is none.
std::optional<State> parse_state(std::string_view text);

inline constexpr std::size_t kStateSize = 384;

}  // namespace trent::audit
