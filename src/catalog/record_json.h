// The JSON of records, for the files that read and write one type.
#pragma once

#include "base/json.h"
#include "catalog/record.h"

namespace trent::catalog {

// The members that every record begins with, and back.
nlohmann::json revision_members(const Revision& revision);
Revision revision_of(const nlohmann::json& record);

}  // namespace trent::catalog
