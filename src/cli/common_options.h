// SPDX-License-Identifier: Apache-2.0
// The options that each verb of KMS has beside the fields of its operation: those of `aws` itself,
// and Trent's own.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/kms_endpoint.h"

namespace CLI {
class App;  // CLI11 itself takes long to compile
}

namespace trent::cli {

struct CommonOptions {
  EndpointOptions endpoint{};
  std::string output = "json";
  std::optional<std::string> output_file{};
  std::optional<std::string> query{};
  std::optional<std::string> input_json{};
  // "input" or "output".
  std::optional<std::string> skeleton{};
  // Binary values on the command line are text, and no base64.
  std::string binary_format = "base64";
  bool debug = false;
};

// A verb's, from `formats` for --output.
void common_options(CLI::App& verb, CommonOptions& options,
                    const std::vector<std::string>& formats);
// Those that all verbs have, local ones too if they take a configuration.
void config_option(CLI::App& app, CommonOptions& options);
// For the help of the command itself.
void options_before_the_verb(CLI::App& app, CommonOptions& options);

// Whether an option may stand before the verb too, and if so, whether it has a value.
enum class BeforeTheVerb { No, Flag, WithValue };
BeforeTheVerb before_the_verb(std::string_view option_name);

}  // namespace trent::cli
