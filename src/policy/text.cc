// SPDX-License-Identifier: Apache-2.0
// Reading and replacing policy variables.
#include "policy/text.h"

#include <algorithm>

#include "base/encoding.h"
#include "policy/wildcard.h"

namespace trent::policy {

namespace {

constexpr std::string_view kKeyEnds = " \t,'\"{}$*?";

[[noreturn]] void refuse(std::string_view text) {
  throw Malformed("a variable in " + quote_for_message(text) +
                  " is not written as ${KEY} or ${KEY, 'DEFAULT'}. Write ${$} for a $ that "
                  "begins none.");
}

void skip_spaces(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
}

}  // namespace

Text::Text(std::string_view text, Wildcards wildcards, const Syntax& syntax) {
  const auto literal = [wildcards](std::string_view part) {
    return wildcards == Wildcards::Yes ? to_pattern(part) : std::string(part);
  };
  std::string_view rest = text;
  std::string* end = &beginning_;
  while (true) {
    const std::size_t dollar = syntax.has_variables ? rest.find("${") : rest.npos;
    *end += literal(rest.substr(0, dollar));
    if (dollar == rest.npos) return;
    rest.remove_prefix(dollar + 2);
    // A character that stands for itself.
    if (rest.size() >= 2 && rest[1] == '}' &&
        (rest[0] == '*' || rest[0] == '?' || rest[0] == '$')) {
      *end += rest[0];
      rest.remove_prefix(2);
      continue;
    }
    const std::string_view key = rest.substr(0, rest.find_first_of(kKeyEnds));
    if (key.empty()) refuse(text);
    rest.remove_prefix(key.size());
    Variable variable{syntax.keys.number(key), {}, {}};
    skip_spaces(rest);
    if (rest.starts_with(',')) {
      rest.remove_prefix(1);
      skip_spaces(rest);
      const std::size_t quote = rest.find('\'', 1);
      if (!rest.starts_with('\'') || quote == rest.npos) refuse(text);
      variable.otherwise = rest.substr(1, quote - 1);
      rest.remove_prefix(quote + 1);
      skip_spaces(rest);
    }
    if (!rest.starts_with('}')) refuse(text);
    rest.remove_prefix(1);
    end = &variables_.emplace_back(std::move(variable)).followed_by;
  }
}

std::optional<std::string_view> Text::expand(Request& request, std::string& buffer) const {
  if (variables_.empty()) return beginning_;
  buffer = beginning_;
  for (const Variable& variable : variables_) {
    const Context::Values& found = request.find(variable.key);
    if (!found.known) return std::nullopt;
    if (found.values && !found.values->empty()) {
      // What is no UTF-8 could hold the bytes of wildcards.
      if (found.values->size() > 1 || !is_utf8(found.values->front())) return std::nullopt;
      buffer += found.values->front();
    } else if (variable.otherwise) {
      buffer += *variable.otherwise;
    } else {
      return std::nullopt;
    }
    buffer += variable.followed_by;
  }
  return buffer;
}

}  // namespace trent::policy
