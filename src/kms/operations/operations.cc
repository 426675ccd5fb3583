// SPDX-License-Identifier: Apache-2.0
// The list of all operations, by name.
#include "kms/operations/operations.h"

#include <algorithm>
#include <array>

namespace trent::kms::operations {

std::span<const model::Operation* const> all() {
#define TRENT_ADDRESS(name) &name(),
  static const std::array list{TRENT_OPERATIONS(TRENT_ADDRESS)};
#undef TRENT_ADDRESS
  return list;
}

const model::Operation* find(std::string_view name) {
  const auto list = all();
  const auto found =
      std::ranges::find_if(list, [&](const model::Operation* each) { return each->name == name; });
  return found == list.end() ? nullptr : *found;
}

}  // namespace trent::kms::operations
