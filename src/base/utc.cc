// SPDX-License-Identifier: Apache-2.0
// Points in time as text.
#include "base/utc.h"

namespace trent {

std::string format_utc(std::time_t seconds, const char* format) {
  std::tm parts{};
  char text[64];
  if (gmtime_r(&seconds, &parts) == nullptr) return "?";
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

}  // namespace trent
