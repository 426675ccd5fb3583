// SPDX-License-Identifier: Apache-2.0
// A query that is being decided, and the condition keys that policies name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arn.h"
#include "policy/policy.h"

namespace trent::policy {

// The condition keys of one document, each once, so that a request is asked once for each.
class Keys {
 public:
  // Its number; names are the same without regard to case.
  std::size_t number(std::string_view name);
  const std::string& name(std::size_t number) const { return names_[number]; }
  std::size_t size() const { return names_.size(); }

 private:
  std::vector<std::string> names_;  // as they were first written
  std::vector<std::string> lower_;
};

class Request {
 public:
  Request(const Query& asked, const Keys& keys)
      : query(asked), resource(parse_arn(asked.resource)), keys_(keys) {}

  const Context::Values& find(std::size_t key);

  const Query& query;
  const std::optional<Arn> resource;

 private:
  const Keys& keys_;
  std::vector<std::optional<Context::Values>> found_;  // empty until the first is asked for
};

}  // namespace trent::policy
