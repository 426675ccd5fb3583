// SPDX-License-Identifier: Apache-2.0
// An operation of Trent's own: what the policies and grants that there are would decide of a
// request that nobody makes. For who may read the policy of the key (kms:GetKeyPolicy).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kms/authorization/authorization.h"
#include "kms/model/operation.h"

namespace trent::kms {

struct SimulatePolicyResponse {
  std::string resource;  // ARN of the key
  Verdict verdict;

  static model::Fields fields() { return {}; }
};

// Throws ValidationException for an action that is none of a key's.
struct SimulatePolicyRequest {
  std::string key_id;     // in any of the four forms
  std::string principal;  // ARN
  std::string action;     // kms:ReEncryptTo
  // Condition keys of the request; they go before what Trent finds out by itself.
  std::map<std::string, std::vector<std::string>> context = {};

  using Response = SimulatePolicyResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

}  // namespace trent::kms
