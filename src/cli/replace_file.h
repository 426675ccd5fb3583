// SPDX-License-Identifier: Apache-2.0
// Files that are replaced as a whole.
#pragma once

#include <string>

#include "base/new_file.h"

namespace trent::cli {

// Whatever happens, there is the old content or the new one, and no signal leaves anything beside
// it. Throws std::system_error.
void replace_file(const std::string& path, ByteView content, Readers readers = Readers::UserOnly);

// Throws UsageError if neither this nor NewFile can work; to be asked before anything is done.
void check_replaceable(const std::string& path);

}  // namespace trent::cli
