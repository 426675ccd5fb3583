// SPDX-License-Identifier: Apache-2.0
// Numbers of policies, which are decimal and have any number of digits.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace trent::policy {

struct Number {
  bool negative = false;  // never of 0
  std::string whole;      // without zeros at its beginning
  std::string fraction;   // without zeros at its end
};

// [+-]DIGITS[.DIGITS]
std::optional<Number> parse_number(std::string_view text);

std::strong_ordering operator<=>(const Number& a, const Number& b);
inline bool operator==(const Number& a, const Number& b) {
  return (a <=> b) == std::strong_ordering::equal;
}

}  // namespace trent::policy
