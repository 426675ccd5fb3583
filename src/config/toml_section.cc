// SPDX-License-Identifier: Apache-2.0
// The keys of a table in TOML, and what is said about those that are wrong.
#include "config/toml_section.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/encoding.h"
#include "base/error.h"

namespace trent {

toml::table parse_toml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& e) {
    throw Error(ErrorCode::Validation,
                file + ":" + std::to_string(e.source().begin.line) +
                    ": not valid TOML: " + std::string(e.description()) + ".",
                "Correct the line; strings stand in double quotes.");
  }
}

void Section::allow_only(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, node] : table_) {
    if (std::ranges::find(keys, key.str()) != keys.end()) continue;
    std::string list;
    for (std::string_view known : keys) list.append(list.empty() ? "" : ", ").append(known);
    refuse_at(node.source(), quote_for_message(key.str()), "is not a known key.",
              "Correct or remove it; the keys known here are " + list + ".");
  }
}

std::optional<std::string> Section::text(const char* key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_string();
  if (value == nullptr) refuse(key, "must be a string.", "Put the value in quotes.");
  const std::string& text = value->get();
  if (text.empty()) refuse(key, "is empty.", "Give it a value, or remove the line.");
  if (std::ranges::any_of(text, is_control))
    refuse(key, "holds a control character.", "Write it as one line of printable text.");
  return text;
}

std::optional<bool> Section::flag(const char* key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_boolean();
  if (value == nullptr) refuse(key, "must be true or false.", "Write it without quotes.");
  return value->get();
}

std::optional<std::int64_t> Section::number(const char* key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_integer();
  if (value == nullptr) refuse(key, "must be a whole number.", "Write it without quotes.");
  return value->get();
}

std::optional<std::chrono::system_clock::time_point> Section::time(const char* key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  constexpr const char* kAdvice =
      "Write date, time and zone: 2027-01-01T00:00:00Z, without quotes.";
  const auto* value = node->as_date_time();
  if (value == nullptr || !value->get().offset) refuse(key, "must be a point in time.", kAdvice);
  const toml::date_time& parsed = value->get();
  namespace chrono = std::chrono;
  const chrono::year_month_day day(chrono::year(parsed.date.year), chrono::month(parsed.date.month),
                                   chrono::day(parsed.date.day));
  // What the clock of the system can count, in nanoseconds.
  if (!day.ok() || parsed.date.year < 1700 || parsed.date.year > 2200)
    refuse(key, "is out of range.", kAdvice);
  return chrono::sys_days(day) + chrono::hours(parsed.time.hour) +
         chrono::minutes(parsed.time.minute - parsed.offset->minutes) +
         chrono::seconds(parsed.time.second);
}

std::vector<Section> Section::sections(const char* key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return {};
  const toml::array* tables = node->as_array();
  if (tables == nullptr || !tables->is_homogeneous<toml::table>())
    refuse(key, "is not a list of tables.",
           "Start each section with a line [[" + std::string(key) + "]], in double brackets.");
  std::vector<Section> out;
  for (const toml::node& table : *tables) out.emplace_back(*table.as_table(), file_);
  return out;
}

std::map<std::string, std::string> Section::texts(const char* key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return {};
  const toml::table* table = node->as_table();
  if (table == nullptr)
    refuse(key, "is not a table.", std::string("Write ") + key + R"( = { NAME = "value" }.)");
  const Section inner(*table, file_);
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : *table) {
    const std::string name_text(name.str());
    out.emplace(name_text, *inner.text(name_text.c_str()));
  }
  return out;
}

std::string Section::required_text(const char* key, const std::string& advice) const {
  std::optional<std::string> value = text(key);
  if (!value) refuse(key, "is missing.", advice);
  return *value;
}

void Section::refuse(const char* key, const std::string& fault, const std::string& advice) const {
  const toml::node* node = table_.get(key);
  refuse_at(node == nullptr ? table_.source() : node->source(), key, fault, advice);
}

std::string Section::absolute_path(const std::string& path) const {
  // Whoever runs a set-user-id program must not choose what is read.
  const char* home = path.starts_with("~/") ? secure_getenv("HOME") : nullptr;
  if (home != nullptr && *home == '/')
    return (std::filesystem::path(home) / path.substr(2)).lexically_normal().string();
  return (std::filesystem::path(file_).parent_path() / path).lexically_normal().string();
}

std::optional<std::string> Section::path_of_file(std::string_view text) const {
  if (!text.starts_with("file:")) return std::nullopt;
  text.remove_prefix(5);
  if (text.starts_with("///")) text.remove_prefix(2);
  if (text.empty() || text.starts_with("//") || text.ends_with("/")) return std::nullopt;
  return absolute_path(std::string(text));
}

void Section::refuse_at(const toml::source_region& where, const std::string& key,
                        const std::string& fault, const std::string& advice) const {
  std::string line = where.begin ? ":" + std::to_string(where.begin.line) : "";
  throw Error(ErrorCode::Validation, file_ + line + ": " + key + " " + fault, advice);
}

}  // namespace trent
