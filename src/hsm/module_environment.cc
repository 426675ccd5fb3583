// SPDX-License-Identifier: Apache-2.0
// Setting the environment of a PKCS#11 module.
#include "hsm/module_environment.h"

#include <cstdlib>

#include "hsm/softhsm_files.h"

namespace trent::hsm {

void set_module_environment(const std::map<std::string, std::string>& environment) {
  for (const auto& [name, value] : environment) {
    const char* present = std::getenv(name.c_str());
    if (present == nullptr || *present == '\0') {
      setenv(name.c_str(), value.c_str(), 1);
    } else if (present != value) {
      continue;  // somebody else's
    }
    if (name == "SOFTHSM2_CONF") follow_directory(value);
  }
}

}  // namespace trent::hsm
