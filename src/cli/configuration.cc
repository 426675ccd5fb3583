// SPDX-License-Identifier: Apache-2.0
// The configuration as a command sees it, and the service on it.
#include <cstdlib>

#include "base/error.h"
#include "cli/errors.h"
#include "cli/pin_prompt.h"
#include "cli/verb.h"

namespace trent::cli {

Config configuration(const std::string& config_option) {
  // For load_config() the environment comes first, but an option is meant for this one command.
  if (!config_option.empty()) unsetenv("TRENT_CONF");
  try {
    return load_config(config_option);
  } catch (const Error& error) {
    throw ConfigurationError(error.text());
  }
}

kms::Service open_service(const std::string& config_option) {
  return kms::Service(configuration(config_option), PinQuestion());
}

}  // namespace trent::cli
