// SPDX-License-Identifier: Apache-2.0
// The JSON of records, for the files that read and write one type.
#pragma once

#include <initializer_list>
#include <string_view>

#include "base/json.h"
#include "catalog/record.h"

namespace trent::catalog {

// Of records that an earlier version of Trent must not take for what it knows.
inline constexpr int kSecondFormat = 2;

// The members that every record begins with, and back. They are of the first format.
nlohmann::json revision_members(const Revision& revision);
Revision revision_of(const nlohmann::json& record);

// Those that are neither `known` nor of the revision, and back.
OtherMembers other_members(const nlohmann::json& record,
                           std::initializer_list<std::string_view> known);
void add_other_members(nlohmann::json& record, const OtherMembers& others);

}  // namespace trent::catalog
