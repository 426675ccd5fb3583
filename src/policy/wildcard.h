// SPDX-License-Identifier: Apache-2.0
// Texts with * and ?.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/arn.h"

namespace trent::policy {

// In a pattern the wildcards are bytes that no UTF-8 text has, so that a * that stands for itself
// can be beside one that does not.
inline constexpr char kAnyText = '\xff';
inline constexpr char kAnyCharacter = '\xfe';

// `text`, whose * and ? become wildcards.
std::string to_pattern(std::string_view text);

enum class Case { Kept, Ignored };

// With Case::Ignored the pattern is in lower case.
bool matches(std::string_view pattern, std::string_view text, Case letters = Case::Kept);

// Part by part, so that a wildcard stays within its part. `pattern` is an ARN with wildcards, or a
// single *, which matches what is no ARN as well.
bool arn_matches(std::string_view pattern, const std::optional<Arn>& text);

// Of the letters of ASCII only, which names of actions and of condition keys are made of.
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string to_lower(std::string_view text);

}  // namespace trent::policy
