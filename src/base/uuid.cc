// SPDX-License-Identifier: Apache-2.0
// UUIDs (RFC 4122), as bytes and as text.
#include "base/uuid.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/openssl.h"

namespace trent {

Uuid random_uuid() {
  Uuid uuid{};
  fill_random(uuid);
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | 0x40);  // the version
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80);  // the variant
  return uuid;
}

std::string format_uuid(const Uuid& uuid) {
  std::string text = to_hex(uuid);
  for (std::size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
  return text;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '-');
  const auto bytes = from_hex(digits);
  Uuid uuid{};
  if (!bytes || bytes->size() != uuid.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), uuid.begin());
  if (format_uuid(uuid) != text) return std::nullopt;
  return uuid;
}

}  // namespace trent
