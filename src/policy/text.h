// SPDX-License-Identifier: Apache-2.0
// The texts of a policy that may hold variables: ${aws:username}, ${aws:username, 'nobody'}.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/request.h"

namespace trent::policy {

enum class Wildcards { No, Yes };

// How the texts of a document are read.
struct Syntax {
  bool has_variables;  // not before version 2012-10-17
  Keys& keys;
};

class Text {
 public:
  // Throws Malformed for a variable that is not well-formed.
  Text(std::string_view text, Wildcards wildcards, const Syntax& syntax);

  // With the values of the request for its variables, which stand for themselves: a * in them is
  // no wildcard. With wildcards it is a pattern. nullopt if a variable has no value, or several.
  // `buffer` has the text if it is not the policy's own.
  std::optional<std::string_view> expand(Request& request, std::string& buffer) const;

  bool has_variables() const { return !variables_.empty(); }
  // Up to the first variable.
  const std::string& beginning() const { return beginning_; }

 private:
  struct Variable {
    std::size_t key;
    std::optional<std::string> otherwise;
    std::string followed_by;
  };
  std::string beginning_;
  std::vector<Variable> variables_;
};

}  // namespace trent::policy
