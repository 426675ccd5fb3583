// SPDX-License-Identifier: Apache-2.0
// Points in time as text.
#pragma once

#include <ctime>
#include <string>

namespace trent {

// By strftime()'s format, in UTC; "?" for a time whose year no calendar has.
std::string format_utc(std::time_t seconds, const char* format);

}  // namespace trent
