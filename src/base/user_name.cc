// SPDX-License-Identifier: Apache-2.0
// The name of a user, from the system's list.
#include "base/user_name.h"

#include <pwd.h>

namespace trent {

std::string user_name(uid_t user) {
  passwd entry{};
  passwd* found = nullptr;
  char text[4096];
  const bool is_named =
      getpwuid_r(user, &entry, text, sizeof text, &found) == 0 && found != nullptr;
  return is_named ? entry.pw_name : std::to_string(user);
}

}  // namespace trent
