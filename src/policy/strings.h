// SPDX-License-Identifier: Apache-2.0
// Members of a policy that are one text or a list of texts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "policy/policy.h"

namespace trent::policy {

// Throws Malformed unless there is one at least.
inline std::vector<std::string> one_or_more_strings(const nlohmann::json& value) {
  std::vector<std::string> strings;
  const auto add = [&strings](const nlohmann::json& element) {
    if (!element.is_string()) throw Malformed("it is neither a string nor a list of strings.");
    strings.push_back(element.get<std::string>());
  };
  if (value.is_array())
    for (const nlohmann::json& element : value) add(element);
  else
    add(value);
  if (strings.empty()) throw Malformed("it is an empty list.");
  return strings;
}

}  // namespace trent::policy
