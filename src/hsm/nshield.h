// SPDX-License-Identifier: Apache-2.0
// What nShield's library is told by its variables.
#pragma once

#include <filesystem>
#include <string>

namespace trent::hsm {

// Why a process with this module does not see the keys that another one makes, and what to do;
// empty: it does, or the module is not nShield's, as its file name says. By nShield's documentation
// the environment goes before its file of variables.
std::string nshield_advice(const std::filesystem::path& module,
                           const std::filesystem::path& variables = "/opt/nfast/cknfastrc");

}  // namespace trent::hsm
