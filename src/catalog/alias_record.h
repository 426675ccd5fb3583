// SPDX-License-Identifier: Apache-2.0
// What is stored about an alias.
#pragma once

#include <string>
#include <string_view>

#include "catalog/record.h"

namespace trent::catalog {

struct AliasRecord {
  Revision revision;
  std::string name;    // "alias/..."
  std::string target;  // key id
  Timestamp created;
  Timestamp updated;
  OtherMembers others{};

  static bool is_label(std::string_view label);
  std::string label() const;
  // Throws std::runtime_error that says what is wrong.
  static AliasRecord parse(std::string_view text);
};

std::string to_text(const AliasRecord& record);

// CKA_LABEL of an alias's record: trent/alias/<name without "alias/">
std::string alias_label(std::string_view name);

}  // namespace trent::catalog
