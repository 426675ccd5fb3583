// SPDX-License-Identifier: Apache-2.0
// One statement of a policy.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "policy/condition.h"
#include "policy/principals.h"

namespace trent::policy {

class Statement {
 public:
  // Throws Malformed.
  Statement(const nlohmann::json& value, Kind kind, const Syntax& syntax);

  const std::string& sid() const { return sid_; }
  bool denies() const { return denies_; }

  // For whom it says so.
  struct Reach {
    bool principal = false;
    bool account = false;  // which may pass it on to the principal
  };
  Reach reach(const Query& query) const;
  // Whether it is about such a request, whoever asks.
  Truth concerns(Request& request) const;

 private:
  // Action, Resource and Principal have a counterpart each that means all others.
  template <class T>
  struct Element {
    T value;
    bool excepted = false;
  };

  bool concerns_action(std::string_view action) const;
  Truth concerns_resource(Request& request) const;

  std::string sid_;
  bool denies_ = false;
  std::optional<Element<Principals>> principals_;  // not in identity policies
  Element<std::vector<std::string>> actions_;      // patterns in lower case
  Element<std::vector<Text>> resources_;           // patterns
  std::vector<Condition> conditions_;
};

}  // namespace trent::policy
