// SPDX-License-Identifier: Apache-2.0
// What a person should know although nothing failed.
#pragma once

#include <string>

namespace trent::process {

// One line to standard error, the first time in a process that it is said. TRENT_QUIET=1 keeps it
// silent.
void say_once(const std::string& text);

}  // namespace trent::process
