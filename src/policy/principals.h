// SPDX-License-Identifier: Apache-2.0
// Whom a statement of a resource policy names: its Principal or NotPrincipal.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "policy/policy.h"

namespace trent::policy {

class Principals {
 public:
  // Throws Malformed.
  explicit Principals(const nlohmann::json& value);

  bool has_everybody() const { return everybody_; }
  // By name, by the role's name, or by "*".
  bool names(const Principal& principal) const;
  // By the account.
  bool names_account_of(const Principal& principal) const;
  // By each of its names: the account, the role and the session. As NotPrincipal it takes all of
  // them to be excepted.
  bool names_in_full(const Principal& principal) const;

 private:
  void add(const std::string& type, const std::string& name);

  bool everybody_ = false;
  std::vector<std::string> accounts_;
  std::vector<std::string> arns_;
  std::vector<std::string> services_;
};

// The root user of its account.
bool is_root(const Principal& principal);

}  // namespace trent::policy
