// SPDX-License-Identifier: Apache-2.0
// One condition of a statement: an operator, a condition key, and values.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "policy/operators.h"

namespace trent::policy {

class Condition {
 public:
  // `operator_name` as it is written: "ForAnyValue:StringLikeIfExists". Throws Malformed.
  Condition(std::string_view operator_name, std::string_view key, const nlohmann::json& values,
            const Syntax& syntax);

  std::size_t key() const { return key_; }
  Truth holds(Request& request) const;

 private:
  // What has to hold of the request's values if it may have several.
  enum class Quantifier { None, All, Any };

  Truth holds_for(std::string_view value, Request& request) const;

  Quantifier quantifier_ = Quantifier::None;
  bool if_exists_ = false;
  bool is_null_ = false;
  bool negated_ = false;
  std::size_t key_;
  Matcher matches_;
};

// Those of a statement's Condition member, all of which have to hold.
std::vector<Condition> read_conditions(const nlohmann::json& value, const Syntax& syntax);

}  // namespace trent::policy
