// SPDX-License-Identifier: Apache-2.0
// Matching with * and ?.
#include "policy/wildcard.h"

#include <algorithm>

namespace trent::policy {

namespace {

// Where the character of UTF-8 ends that begins at `at`.
std::size_t next_character(std::string_view text, std::size_t at) {
  do ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
  return at;
}

}  // namespace

std::string to_pattern(std::string_view text) {
  std::string pattern(text);
  std::replace(pattern.begin(), pattern.end(), '*', kAnyText);
  std::replace(pattern.begin(), pattern.end(), '?', kAnyCharacter);
  return pattern;
}

// Only the last * that was passed is ever tried again: what an earlier one could reach, it reaches
// too. So the time is that of the lengths multiplied, whatever the pattern.
bool matches(std::string_view pattern, std::string_view text, Case letters) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t after_star = std::string_view::npos;
  std::size_t star_ends = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == kAnyText) {
      after_star = ++p;
      star_ends = t;
    } else if (p < pattern.size() && pattern[p] == kAnyCharacter) {
      ++p;
      t = next_character(text, t);
    } else if (p < pattern.size() &&
               pattern[p] == (letters == Case::Ignored ? lower(text[t]) : text[t])) {
      ++p;
      ++t;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      t = star_ends = next_character(text, star_ends);
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == kAnyText) ++p;
  return p == pattern.size();
}

bool arn_matches(std::string_view pattern, const std::optional<Arn>& text) {
  if (pattern.size() == 1 && pattern[0] == kAnyText) return true;
  const auto parts = parse_arn(pattern);
  return parts && text && matches(parts->partition, text->partition) &&
         matches(parts->service, text->service) && matches(parts->region, text->region) &&
         matches(parts->account, text->account) && matches(parts->resource, text->resource);
}

std::string to_lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), lower);
  return lowered;
}

}  // namespace trent::policy
