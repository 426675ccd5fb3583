// SPDX-License-Identifier: Apache-2.0
// How `--help` looks: usage and names of options.
#include "cli/help.h"

#include <algorithm>
#include <sstream>

namespace trent::cli {

namespace {

constexpr std::size_t kWidth = 80;

// Lines of at most `width` columns, where words allow it. Line breaks in the text do not count.
std::string wrapped(const std::string& text, std::size_t width, std::size_t indent) {
  std::istringstream words(text);
  std::string out;
  std::size_t column = 0;
  for (std::string word; words >> word; column += word.size()) {
    if (column > 0 && column + 1 + word.size() > width) {
      out += '\n' + std::string(indent, ' ');
      column = 0;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += word;
  }
  return out;
}

// A command in lines that the shell puts together again.
std::string continued(std::string line) {
  std::string out;
  while (line.size() > kWidth) {
    std::size_t at = 0;
    for (const char* before : {" --", " > ", " | "})
      if (const auto found = line.rfind(before, kWidth - 2); found != line.npos)
        at = std::max(at, found);
    if (line.find_first_not_of(' ') >= at) break;
    out += line.substr(0, at) + " \\\n";
    line = "      " + line.substr(at + 1);
  }
  return out + line;
}

}  // namespace

// Begins with a line break in the source. Paragraphs are filled; what is indented is a command.
std::string HelpFormatter::make_footer(const CLI::App* app) const {
  std::istringstream lines(app->get_footer().substr(1));
  std::string out;
  std::string paragraph;
  const auto end_paragraph = [&] {
    if (!paragraph.empty()) out += wrapped(paragraph, kWidth, 0) + '\n';
    paragraph.clear();
  };
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.front() != ' ') {
      paragraph += line + ' ';
      continue;
    }
    end_paragraph();
    out += continued(line) + '\n';
  }
  end_paragraph();
  return out;
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  const std::string name =
      "  " + make_option_name(option, is_positional) + make_option_opts(option);
  return entry(name, make_option_desc(option));
}

std::string HelpFormatter::make_subcommand(const CLI::App* verb) const {
  return entry("  " + verb->get_name(), verb->get_description());
}

std::string HelpFormatter::entry(const std::string& name, const std::string& about) const {
  const std::size_t column = get_column_width();
  std::string out = name;
  if (about.empty()) return out + '\n';
  out += name.size() < column ? std::string(column - name.size(), ' ')
                              : '\n' + std::string(column, ' ');
  return out + wrapped(about, kWidth - column, column) + '\n';
}

std::string HelpFormatter::make_usage(const CLI::App* app, std::string name) const {
  std::string out = name;
  for (const CLI::Option* option : app->get_options())
    if (option->get_required())
      out += " " + (option->get_positional() ? option->get_name(true)
                                             : option->get_name() + " " + option->get_type_name());
  if (!app->get_subcommands({}).empty()) out += " VERB";
  return "Usage: " + wrapped(out + " [OPTIONS]", kWidth - 7, 7) + "\n";
}

std::string HelpFormatter::make_option_name(const CLI::Option* option, bool is_positional) const {
  std::string name = option->get_name(is_positional, !is_positional);
  // CLI11 shows the value that a negated flag stands for.
  return CLI::detail::find_and_replace(name, "{false}", "");
}

}  // namespace trent::cli
