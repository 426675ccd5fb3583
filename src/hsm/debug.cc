// SPDX-License-Identifier: Apache-2.0
// A line of the log for a token call.
#include "hsm/debug.h"

#include <cstdio>
#include <string>

#include "hsm/rv.h"

namespace trent::hsm {

void debug_call(std::string_view function, std::string_view arguments, CK_RV rv,
                std::chrono::nanoseconds duration) {
  char took[64];
  std::snprintf(took, sizeof took, " %.1f us", static_cast<double>(duration.count()) / 1000.0);
  std::string line(function);
  line.append("(").append(arguments).append(") ").append(rv_name(rv)).append(took);
  process::log_line(line);
}

}  // namespace trent::hsm
