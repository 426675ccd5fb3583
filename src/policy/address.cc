// SPDX-License-Identifier: Apache-2.0
// Reading and comparing IP addresses.
#include "policy/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace trent::policy {

namespace {

constexpr std::array<std::uint8_t, 12> kIpv4InIpv6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kBitsBeforeIpv4 = 8 * kIpv4InIpv6.size();

bool is_ipv4_in_ipv6(const AddressRange& range) {
  return range.bits >= kBitsBeforeIpv4 &&
         std::equal(kIpv4InIpv6.begin(), kIpv4InIpv6.end(), range.address.begin());
}

}  // namespace

std::optional<AddressRange> parse_address(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN] = "";
  if (text.size() >= sizeof terminated || text.find('\0') != text.npos) return std::nullopt;
  text.copy(terminated, text.size());
  AddressRange range;
  std::copy(kIpv4InIpv6.begin(), kIpv4InIpv6.end(), range.address.begin());
  if (inet_pton(AF_INET, terminated, range.address.data() + kIpv4InIpv6.size()) != 1 &&
      inet_pton(AF_INET6, terminated, range.address.data()) != 1)
    return std::nullopt;
  range.is_ipv4 = is_ipv4_in_ipv6(range);
  return range;
}

std::optional<AddressRange> parse_address_range(std::string_view text) {
  const std::size_t slash = text.find('/');
  auto range = parse_address(text.substr(0, slash));
  if (!range || slash == text.npos) return range;
  const std::string_view bits = text.substr(slash + 1);
  const bool written_as_ipv4 = text.substr(0, slash).find(':') == text.npos;
  unsigned value = 0;
  const auto [stopped, error] = std::from_chars(bits.data(), bits.data() + bits.size(), value);
  if (error != std::errc() || stopped != bits.data() + bits.size() || bits.size() > 3 ||
      value > (written_as_ipv4 ? 32U : 128U))
    return std::nullopt;
  range->bits = written_as_ipv4 ? kBitsBeforeIpv4 + value : value;
  range->is_ipv4 = is_ipv4_in_ipv6(*range);
  return range;
}

bool AddressRange::contains(const AddressRange& other) const {
  if (is_ipv4 != other.is_ipv4 || bits > other.bits) return false;
  const unsigned bytes = bits / 8;
  if (!std::equal(address.begin(), address.begin() + bytes, other.address.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (address[bytes] ^ other.address[bytes]) >> (8 - rest) == 0;
}

}  // namespace trent::policy
