// SPDX-License-Identifier: Apache-2.0
// What a person should know although nothing failed.
#pragma once

#include <string>

namespace trent::process {

// One line to standard error. TRENT_QUIET=1 keeps it silent.
void say(const std::string& text);
// The same, the first time in a process that it is said.
void say_once(const std::string& text);

}  // namespace trent::process
