// SPDX-License-Identifier: Apache-2.0
// UUIDs (RFC 4122), as bytes and as text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trent {

using Uuid = std::array<std::uint8_t, 16>;

// Of version 4: random.
Uuid random_uuid();

// Lower case, with dashes.
std::string format_uuid(const Uuid& uuid);

// nullopt unless `text` is what format_uuid() writes.
std::optional<Uuid> parse_uuid(std::string_view text);

}  // namespace trent
