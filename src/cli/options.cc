// SPDX-License-Identifier: Apache-2.0
// Options of a verb: what CLI11 is told of them, and how their values are read.
#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>

#include "cli/errors.h"
#include "cli/values.h"

namespace trent::cli {

namespace {

// CLI11 would take the largest number there is for one that is larger, and 0 for an empty text.
std::string refuse_other_than_number(const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  if (result.ec == std::errc::result_out_of_range) return text + " is out of range";
  if (result.ec == std::errc() && result.ptr == end) return {};
  return "it takes a whole number" + (text.empty() ? "" : ", and " + text + " is none");
}

// What `--help` shows behind the name of an option.
std::string option_text(const std::string& type, Need need) {
  return need == Need::Required ? type + " (required)" : type;
}

}  // namespace

std::string refuse_empty(const std::string& value) {
  return value.empty() ? "it is empty: give it a value, or leave the option out" : std::string();
}

void Options::value(const char* flag, const char* type, Need need, const char* help, Use use) {
  auto argument = std::make_shared<std::optional<std::string>>();
  app_.add_option_function<std::string>(
          flag, [argument](const std::string& text) { *argument = text; }, help)
      ->type_name(type)
      ->option_text(option_text(type, need))
      ->required(need == Need::Required);
  values_.emplace_back([this, argument, flag = std::string(flag), use = std::move(use)] {
    if (!*argument) return;
    if (**argument == "-") {
      if (!standard_input_.empty())
        throw UsageError("Both " + standard_input_ + " and " + flag +
                         " would be read from standard input: give one of them as a file.");
      standard_input_ = flag;
    }
    try {
      use(**argument);
    } catch (const UsageError& error) {
      throw UsageError("Error parsing parameter '" + flag + "': " + error.what());
    }
  });
}

void Options::text(std::string& target, const char* flag, Need need, const char* help) {
  value(flag, "TEXT", need, help,
        [&target](const std::string& argument) { target = text_value(argument); });
}

void Options::text(std::optional<std::string>& target, const char* flag, Need need,
                   const char* help) {
  value(flag, "TEXT", need, help,
        [&target](const std::string& argument) { target = text_value(argument); });
}

void Options::binary(SecretBytes& target, const char* flag, Need need, const char* help) {
  value(flag, "BLOB", need, help,
        [this, &target](const std::string& argument) { target = binary_value(argument, binary_); });
}

void Options::binary(Bytes& target, const char* flag, Need need, const char* help) {
  value(flag, "BLOB", need, help, [this, &target](const std::string& argument) {
    SecretBytes bytes = binary_value(argument, binary_);
    target.assign(bytes.begin(), bytes.end());
  });
}

void Options::context(blob::EncryptionContext& target, const char* flag, const char* help) {
  value(flag, "MAP", Need::Optional, help,
        [&target](const std::string& argument) { target = context_value(argument); });
}

void Options::choice(std::string& target, const char* flag, const std::vector<std::string>& choices,
                     const char* help) {
  app_.add_option(flag, target, help)
      ->check(CLI::IsMember(choices))
      ->option_text(CLI::detail::join(choices, "|"));
}

void Options::number(std::optional<std::int64_t>& target, const char* flag, Need need,
                     const char* help) {
  app_.add_option_function<std::int64_t>(
          flag, [&target](const std::int64_t& number) { target = number; }, help)
      ->check(refuse_other_than_number)
      ->type_name("NUMBER")
      ->option_text(option_text("NUMBER", need))
      ->required(need == Need::Required);
}

void Options::name(std::string& target, const char* flag, const char* help) {
  app_.add_option(flag, target, help)->option_text("TEXT")->check(refuse_empty);
}

void Options::name(std::optional<std::string>& target, const char* flag, const char* help) {
  app_.add_option_function<std::string>(
          flag, [&target](const std::string& argument) { target = argument; }, help)
      ->option_text("TEXT")
      ->check(refuse_empty);
}

void Options::flag(bool& target, const char* flags, const char* help) {
  app_.add_flag(flags, target, help);
}

void Options::list(std::vector<std::string>& target, const char* flag, Need need,
                   const char* help) {
  app_.add_option(flag, target, help)
      ->option_text(option_text("TEXT ...", need))
      ->required(need == Need::Required);
}

void Options::positional(std::string& target, const char* name, const char* help) {
  app_.add_option(name, target, help)->option_text(" ")->check(refuse_empty)->required();
}

void Options::positional(std::vector<std::string>& target, const char* name, const char* help) {
  app_.add_option(name, target, help)->option_text("...")->check(refuse_empty)->required();
}

void Options::path(std::string& target, const char* flag, const char* help) {
  app_.add_option(flag, target, help)->option_text("PATH")->check(refuse_empty);
}

void Options::path(std::optional<std::string>& target, const char* flag, const char* help) {
  app_.add_option_function<std::string>(
          flag, [&target](const std::string& argument) { target = argument; }, help)
      ->option_text("PATH")
      ->check(refuse_empty);
}

void Options::release(const std::string& required, const std::string& other) {
  app_.get_option(other)->each(
      [option = app_.get_option(required)](const std::string&) { option->required(false); });
}

bool Options::is_given(const std::string& flag) const {
  const CLI::Option* option = app_.get_option_no_throw(flag);
  return option != nullptr && option->count() > 0;
}

void Options::load(Binary binary) {
  binary_ = binary;
  for (const auto& read : values_) read();
}

}  // namespace trent::cli
