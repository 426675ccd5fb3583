// SPDX-License-Identifier: Apache-2.0
// Finding the values of condition keys.
#include "policy/request.h"

#include <algorithm>

#include "policy/wildcard.h"

namespace trent::policy {

std::size_t Keys::number(std::string_view name) {
  std::string lower = to_lower(name);
  const auto known = std::find(lower_.begin(), lower_.end(), lower);
  if (known != lower_.end()) return static_cast<std::size_t>(known - lower_.begin());
  names_.emplace_back(name);
  lower_.push_back(std::move(lower));
  return names_.size() - 1;
}

const Context::Values& Request::find(std::size_t key) {
  if (found_.empty()) found_.resize(keys_.size());
  std::optional<Context::Values>& found = found_[key];
  if (!found) found = query.context.find(keys_.name(key));
  return *found;
}

}  // namespace trent::policy
