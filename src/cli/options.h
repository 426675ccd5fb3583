// SPDX-License-Identifier: Apache-2.0
// The options of one verb. CLI11 parses the command line; the values are read (files, standard
// input) by load(), once the whole line is known to be good.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "blob/context.h"

namespace CLI {
class App;  // CLI11 itself takes long to compile
}

namespace trent::cli {

enum class Need { Optional, Required };

// How binary values are given that are in no file and not on standard input.
enum class Binary { Base64, AsTyped };

// For CLI11: what is wrong. An empty value is a script's variable that was not set, and not "the
// usual one".
std::string refuse_empty(const std::string& value);

// Targets must live as long as the Options. Flags are names such as "--key-id".
class Options {
 public:
  explicit Options(CLI::App& app) : app_(app) {}
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  void text(std::string& target, const char* flag, Need need, const char* help);
  // nullopt if the option is not given; given empty, it is there and empty.
  void text(std::optional<std::string>& target, const char* flag, Need need, const char* help);
  void choice(std::string& target, const char* flag, const std::vector<std::string>& choices,
              const char* help);
  void number(std::optional<std::int64_t>& target, const char* flag, Need need, const char* help);
  // What is looked up as it is: the URL of a server, a profile. Not empty.
  void name(std::string& target, const char* flag, const char* help);
  void name(std::optional<std::string>& target, const char* flag, const char* help);
  void flag(bool& target, const char* flags, const char* help);
  void list(std::vector<std::string>& target, const char* flag, Need need, const char* help);
  void binary(SecretBytes& target, const char* flag, Need need, const char* help);
  void binary(Bytes& target, const char* flag, Need need, const char* help);
  void context(blob::EncryptionContext& target, const char* flag, const char* help);
  // A directory or file of the command's own: taken as it is, and not empty.
  void positional(std::string& target, const char* name, const char* help);
  void positional(std::vector<std::string>& target, const char* name, const char* help);
  void path(std::string& target, const char* flag, const char* help);
  void path(std::optional<std::string>& target, const char* flag, const char* help);

  // An option that is required is not, if the other one is given.
  void release(const std::string& required, const std::string& other);

  // Throws UsageError that names the option.
  void load(Binary binary = Binary::Base64);

  // Once the command line is parsed.
  bool is_given(const std::string& flag) const;
  Binary binary() const { return binary_; }

 private:
  using Use = std::function<void(const std::string& argument)>;
  void value(const char* flag, const char* type, Need need, const char* help, Use use);

  CLI::App& app_;
  std::vector<std::function<void()>> values_;
  Binary binary_ = Binary::Base64;
  std::string standard_input_;  // the option that reads it
};

}  // namespace trent::cli
