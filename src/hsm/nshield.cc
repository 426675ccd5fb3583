// SPDX-License-Identifier: Apache-2.0
// What nShield's library is told by its variables: see nshield.h.
#include "hsm/nshield.h"

#include <cstdlib>
#include <fstream>
#include <optional>

namespace trent::hsm {

namespace {

constexpr const char* kVariable = "CKNFAST_ASSUME_SINGLE_PROCESS";

// Of the last line NAME=VALUE.
std::optional<std::string> value_in(const std::filesystem::path& file, const std::string& name) {
  std::optional<std::string> value;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + "=")) value = line.substr(name.size() + 1);
  return value;
}

}  // namespace

std::string nshield_advice(const std::filesystem::path& module,
                           const std::filesystem::path& variables) {
  if (!module.filename().string().starts_with("libcknfast")) return {};
  const char* set = std::getenv(kVariable);
  const std::optional<std::string> value = set != nullptr ? set : value_in(variables, kVariable);
  if (value == "0" || value == "N" || value == "n") return {};
  return std::string(
             "nShield's library does not see the keys that another process makes, unless ") +
         kVariable + " is 0: set it in `environment` of the [[token]], or in " +
         variables.string() + ".";
}

}  // namespace trent::hsm
