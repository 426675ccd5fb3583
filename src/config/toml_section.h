// SPDX-License-Identifier: Apache-2.0
// A file in TOML, read key by key. Its complaints name the file, the line and the key, but never
// show a value: it may be a secret that was written into the wrong place.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// toml++ 3.3.0 takes for granted that no file holds "[[[token]]]": an assertion in its headers, an
// assumption in its compiled form. Not asserted, it is a parse error like any other
// (https://github.com/marzer/tomlplusplus/issues/294).
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

namespace trent {

// Throws ValidationException that names the line; so do all functions of a Section.
toml::table parse_toml(std::string_view text, const std::string& file);

// A table of the file. Both must outlive it.
class Section {
 public:
  Section(const toml::table& table, const std::string& file) : table_(table), file_(file) {}

  void allow_only(std::initializer_list<std::string_view> keys) const;

  // nullopt if the key is absent.
  std::optional<std::string> text(const char* key) const;
  std::optional<bool> flag(const char* key) const;
  std::optional<std::int64_t> number(const char* key) const;
  std::optional<std::chrono::system_clock::time_point> time(const char* key) const;
  // The tables of [[key]]. None if the key is absent.
  std::vector<Section> sections(const char* key) const;

  // The texts in the table at this key. None if the key is absent.
  std::map<std::string, std::string> texts(const char* key) const;

  std::string required_text(const char* key, const std::string& advice) const;

  // Where the key is, or the table if it is absent.
  [[noreturn]] void refuse(const char* key, const std::string& fault,
                           const std::string& advice) const;

  // A relative path is meant from where the file is, not from wherever the application runs; ~/ is
  // the home directory of the user.
  std::string absolute_path(const std::string& path) const;
  // The absolute path in "file:PATH"; nullopt if the text is of another form. "file:///PATH" is the
  // same, as RFC 8089 has it.
  std::optional<std::string> path_of_file(std::string_view text) const;

  const std::string& file() const { return file_; }
  // Where the table begins.
  std::size_t line() const { return table_.source().begin.line; }

 private:
  [[noreturn]] void refuse_at(const toml::source_region& where, const std::string& key,
                              const std::string& fault, const std::string& advice) const;

  const toml::table& table_;
  const std::string& file_;
};

}  // namespace trent
