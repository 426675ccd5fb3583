// SPDX-License-Identifier: Apache-2.0
// Requests for policies to decide, with condition keys as a map has them.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "policy/policy.h"

namespace trent::test {

// null: nobody knows whether the request has the key. What is not in the map it does not have.
class MapContext : public policy::Context {
 public:
  explicit MapContext(const nlohmann::json& keys) {
    for (const auto& [name, value] : keys.items()) {
      Values values;
      if (value.is_null())
        values.known = false;
      else if (value.is_array())
        values.values = value.get<std::vector<std::string>>();
      else
        values.values = {{value.get<std::string>()}};
      keys_.emplace(lower(name), std::move(values));
    }
  }

  Values find(std::string_view key) const override {
    const auto found = keys_.find(lower(key));
    return found == keys_.end() ? Values() : found->second;
  }

 private:
  static std::string lower(std::string_view name) {
    std::string lowered(name);
    for (char& c : lowered)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return lowered;
  }

  std::map<std::string, Values> keys_;
};

}  // namespace trent::test
