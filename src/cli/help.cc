// SPDX-License-Identifier: Apache-2.0
// How `--help` looks: usage and names of options.
#include "cli/help.h"

namespace trent::cli {

std::string HelpFormatter::make_usage(const CLI::App* app, std::string name) const {
  std::string out = "Usage: " + name;
  for (const CLI::Option* option : app->get_options())
    if (option->get_required())
      out += " " + (option->get_positional() ? option->get_name(true)
                                             : option->get_name() + " " + option->get_type_name());
  if (!app->get_subcommands({}).empty()) out += " VERB";
  return out + " [OPTIONS]\n";
}

std::string HelpFormatter::make_option_name(const CLI::Option* option, bool is_positional) const {
  std::string name = option->get_name(is_positional, !is_positional);
  // CLI11 shows the value that a negated flag stands for.
  return CLI::detail::find_and_replace(name, "{false}", "");
}

}  // namespace trent::cli
