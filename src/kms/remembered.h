// SPDX-License-Identifier: Apache-2.0
// What the records of a token were, kept outside of it: for `trent check --remember`.
//
// Who can write to the token's storage can put an old object back, and a disabled key is enabled
// again. Nothing in the token can tell, but a memory outside of it can.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/record.h"

namespace trent::kms {

struct RememberedRecord {
  catalog::Revision revision;                    // the one that held
  std::optional<catalog::Timestamp> deletion{};  // of a key, if it was pending
};
using RememberedRecords = std::map<std::string, RememberedRecord>;  // by label
using Memory = std::map<std::string, RememberedRecords>;            // by serial number of the token

// JSON text, and back. The parser throws std::runtime_error that says what is wrong.
std::string to_text(const Memory& memory);
Memory parse_memory(std::string_view text);

// One sentence for each record that is gone, older or another one since; but for those of
// `unclear`, which are damaged, and for keys whose deletion date is past.
std::vector<std::string> what_went_back(const RememberedRecords& before,
                                        const RememberedRecords& now,
                                        const std::set<std::string>& unclear);

}  // namespace trent::kms
