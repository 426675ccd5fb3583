// SPDX-License-Identifier: Apache-2.0
// IP addresses, and ranges of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace trent::policy {

// ADDRESS or ADDRESS/BITS, of IPv4 or IPv6. An IPv4 address that is written in IPv6
// (::ffff:192.0.2.1, as a socket that takes both says it) is the IPv4 address.
struct AddressRange {
  std::array<std::uint8_t, 16> address{};  // an IPv4 address as IPv6 writes it
  unsigned bits = 128;                     // of `address` that matter
  bool is_ipv4 = false;

  bool contains(const AddressRange& other) const;
};

std::optional<AddressRange> parse_address_range(std::string_view text);
// Without BITS.
std::optional<AddressRange> parse_address(std::string_view text);

}  // namespace trent::policy
