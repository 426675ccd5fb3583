// SPDX-License-Identifier: Apache-2.0
// Decimal numbers, compared digit by digit: no two that differ are taken for one.
#include "policy/number.h"

#include <algorithm>

namespace trent::policy {

namespace {

bool are_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

std::strong_ordering compare_sizes(const Number& a, const Number& b) {
  if (const auto longer = a.whole.size() <=> b.whole.size(); std::is_neq(longer)) return longer;
  if (const auto whole = a.whole <=> b.whole; std::is_neq(whole)) return whole;
  return a.fraction <=> b.fraction;
}

}  // namespace

std::optional<Number> parse_number(std::string_view text) {
  Number number;
  if (text.starts_with('-') || text.starts_with('+')) {
    number.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const std::size_t point = text.find('.');
  std::string_view whole = text.substr(0, point);
  std::string_view fraction;
  if (!are_digits(whole)) return std::nullopt;
  if (point != text.npos) {
    fraction = text.substr(point + 1);
    if (!are_digits(fraction)) return std::nullopt;
  }
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  fraction = fraction.substr(0, fraction.find_last_not_of('0') + 1);
  number.whole = whole;
  number.fraction = fraction;
  if (number.whole.empty() && number.fraction.empty()) number.negative = false;
  return number;
}

std::strong_ordering operator<=>(const Number& a, const Number& b) {
  if (a.negative != b.negative)
    return a.negative ? std::strong_ordering::less : std::strong_ordering::greater;
  return a.negative ? compare_sizes(b, a) : compare_sizes(a, b);
}

}  // namespace trent::policy
