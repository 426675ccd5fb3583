// SPDX-License-Identifier: Apache-2.0
// The condition operators of IAM, as a table.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/text.h"
#include "policy/truth.h"

namespace trent::policy {

// Whether a value of the request is as one of the policy's values says. Unknown if the request's
// value is not of the operator's type, or a variable of the policy's has no value.
using Matcher = std::function<Truth(std::string_view value, Request& request)>;

struct Operator {
  std::string_view name;
  // Throws Malformed if one of `operands`, the values of the policy, is not of the operator's type.
  Matcher (*read)(const std::vector<std::string>& operands, const Syntax& syntax);
  bool negated = false;
};

// Without ForAllValues:, ForAnyValue: and IfExists; nullptr if there is none of that name. Null is
// among them: its value is "true" if the request does not have the key, else "false".
const Operator* find_operator(std::string_view name);

}  // namespace trent::policy
