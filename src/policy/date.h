// SPDX-License-Identifier: Apache-2.0
// Dates of policies.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace trent::policy {

struct Date {
  std::int64_t seconds = 0;  // since 1970
  std::int32_t nanoseconds = 0;

  // NOLINTNEXTLINE(modernize-use-nullptr): a mistake of clang-tidy 14 about <=>
  auto operator<=>(const Date&) const = default;
};

// W3C's profile of ISO 8601, YYYY-MM[-DD[Thh:mm[:ss[.s]](Z|+hh:mm|-hh:mm)]], or whole seconds since
// 1970.
std::optional<Date> parse_date(std::string_view text);

}  // namespace trent::policy
