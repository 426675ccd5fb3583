// SPDX-License-Identifier: Apache-2.0
// What somebody may have meant by a word that there is not.
#include "cli/spelling.h"

#include <algorithm>
#include <iterator>

namespace trent::cli {

namespace {

// The least number of letters to add, take away, replace, or exchange with their neighbour, that
// makes one word of the other ("optimal string alignment").
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> near_misses(std::string_view word, const std::vector<std::string>& known) {
  std::size_t nearest = std::max<std::size_t>(1, word.size() / 4);
  std::vector<std::string> out;
  if (word.size() > 64) return out;
  for (const std::string& candidate : known) {
    std::size_t d = distance(word, candidate);
    if (d > nearest) continue;
    if (d < nearest) out.clear();
    nearest = d;
    out.push_back(candidate);
  }
  if (!out.empty() || word.size() < 3) return out;
  std::ranges::copy_if(known, std::back_inserter(out), [&](const std::string& candidate) {
    return candidate.find(word) != std::string::npos;
  });
  if (out.size() > 3) out.clear();
  return out;
}

std::string did_you_mean(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += (i == 0 ? "Did you mean " : i + 1 < words.size() ? ", " : " or ") + words[i];
  return out.empty() ? out : out + "?";
}

}  // namespace trent::cli
