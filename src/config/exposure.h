// SPDX-License-Identifier: Apache-2.0
// Whether anybody but its user can read or replace a file.
#pragma once

#include <optional>
#include <string>

namespace trent {

// The end of a sentence that begins with the file's name: "can be read by others: chmod ...".
// nullopt: it cannot, or is not there.
std::optional<std::string> exposure(const std::string& path);

}  // namespace trent
