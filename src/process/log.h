// SPDX-License-Identifier: Apache-2.0
// TRENT_DEBUG: a log of what is done, to a file or to standard error.
#pragma once

#include <string_view>

namespace trent::process {

// True if $TRENT_DEBUG is "stderr" or "file:PATH" (ignored in set-user-ID programs).
bool log_enabled();

// "<time> <pid>/<thread> <text>". If log_enabled().
void log_line(std::string_view text);

}  // namespace trent::process
