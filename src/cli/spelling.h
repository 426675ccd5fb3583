// SPDX-License-Identifier: Apache-2.0
// What somebody may have meant by a word that there is not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trent::cli {

// Those of `known` that are nearest to `word`, if they are near enough to be meant by it: words of
// which a few letters are missing, added, wrong or exchanged; or else the few that have it in them.
std::vector<std::string> near_misses(std::string_view word, const std::vector<std::string>& known);

// "Did you mean a, b or c?"; empty if there are none.
std::string did_you_mean(const std::vector<std::string>& words);

}  // namespace trent::cli
