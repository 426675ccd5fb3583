// SPDX-License-Identifier: Apache-2.0
// --output yaml, as `aws` writes it; but long texts stay in one line.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/formats.h"

namespace trent::cli {

namespace {

using kms::Json;
using Name = Json::string_t;

bool contains(std::string_view characters, char c) {
  return characters.find(c) != characters.npos;
}

// Whether a text without quotes is this text, and no number, date, truth or mark of YAML's.
bool is_plain(std::string_view text) {
  constexpr std::array<std::string_view, 9> kWords = {"null", "true", "false", "yes", "no",
                                                      "on",   "off",  "y",     "n"};
  std::string lower;
  for (const char c : text) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (text.empty() || std::ranges::find(kWords, lower) != kWords.end()) return false;
  // Of what a number or a date is made.
  if (contains("0123456789+-.", text.front()) &&
      (text.starts_with("0x") || text.find_first_not_of("0123456789+-._:eEoTtZ ") == text.npos))
    return false;
  if (contains("-?:,[]{}#&*!|>'\"%@`=<~ .", text.front()) || contains(" :", text.back()))
    return false;
  return text.find(": ") == text.npos && text.find(" #") == text.npos;
}

bool is_one_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == 0x7f ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

void add_scalar(SecretString& out, const Json& json) {
  if (!json.is_string() || !is_one_line(json.get_ref<const Name&>())) {
    // JSON is YAML, too.
    out += json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  const Name& text = json.get_ref<const Name&>();
  if (is_plain(text)) {
    out += text;
    return;
  }
  out += '\'';
  for (const char c : text) {
    if (c == '\'') out += c;
    out += c;
  }
  out += '\'';
}

bool is_block(const Json& json) {
  return json.is_structured() && !json.empty();
}

// The cursor is where the value begins, behind `indent` spaces, or what takes their place.
void add(SecretString& out, const Json& json, std::size_t indent) {
  bool first = true;
  const auto begin = [&] {
    if (!std::exchange(first, false)) out += SecretString(indent, ' ');
  };
  if (!is_block(json)) {
    if (json.is_structured())
      out += json.is_array() ? "[]" : "{}";
    else
      add_scalar(out, json);
    out += '\n';
  } else if (json.is_array()) {
    for (const Json& each : json) {
      begin();
      out += "- ";
      add(out, each, indent + 2);
    }
  } else {
    std::set<Name> names;
    for (const auto& [name, value] : json.items()) names.insert(Name(name));
    for (const Name& name : names) {
      const Json& value = json[name];
      begin();
      add_scalar(out, Json(name));
      out += ':';
      // A list begins where the name of its member does.
      const std::size_t deeper = value.is_array() ? indent : indent + 2;
      out += is_block(value) ? SecretString("\n") + SecretString(deeper, ' ') : SecretString(" ");
      add(out, value, deeper);
    }
  }
}

}  // namespace

SecretString yaml_format(const Json& json) {
  SecretString out;
  if (json.is_structured())
    add(out, json, 0);
  else
    out = json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  return out;
}

}  // namespace trent::cli
