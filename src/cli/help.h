// SPDX-License-Identifier: Apache-2.0
// How `--help` looks.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace trent::cli {

class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(34); }

  // Names what has to be given.
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override;
  // Without the line break that begins a text in the source.
  std::string make_footer(const CLI::App* app) const override {
    return app->get_footer().substr(1);
  }
};

}  // namespace trent::cli
