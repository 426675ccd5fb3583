// SPDX-License-Identifier: Apache-2.0
// True, false, or not to be found out: Kleene's three truth values.
#pragma once

#include <algorithm>
#include <cstdint>

namespace trent::policy {

enum class Truth : std::uint8_t { False, Unknown, True };

constexpr Truth truth(bool value) {
  return value ? Truth::True : Truth::False;
}
constexpr Truth operator&(Truth a, Truth b) {
  return std::min(a, b);
}
constexpr Truth operator|(Truth a, Truth b) {
  return std::max(a, b);
}
constexpr Truth operator!(Truth a) {
  return a == Truth::Unknown ? a : truth(a == Truth::False);
}

}  // namespace trent::policy
