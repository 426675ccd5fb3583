// SPDX-License-Identifier: Apache-2.0
// Users, as people call them.
#pragma once

#include <sys/types.h>

#include <string>

namespace trent {

// "trent"; its number if it has no name.
std::string user_name(uid_t user);

}  // namespace trent
