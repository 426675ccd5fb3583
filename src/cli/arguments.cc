// SPDX-License-Identifier: Apache-2.0
// The command line before the parser gets it, and what to say of one that it refuses.
#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <ranges>
#include <span>
#include <string_view>

#include "cli/common_options.h"
#include "cli/errors.h"
#include "cli/spelling.h"
#include "kms/operations/operations.h"

namespace trent::cli {

namespace {

// Verbs of `aws kms` that Trent did not begin with. One that it has by now is found before these.
constexpr std::string_view kVerbsOfAws[] = {
    "connect-custom-key-store",
    "create-custom-key-store",
    "create-grant",
    "delete-custom-key-store",
    "derive-shared-secret",
    "describe-custom-key-stores",
    "disable-key-rotation",
    "disconnect-custom-key-store",
    "enable-key-rotation",
    "generate-data-key-pair",
    "generate-data-key-pair-without-plaintext",
    "generate-mac",
    "get-key-last-usage",
    "get-key-policy",
    "get-key-rotation-status",
    "get-public-key",
    "list-grants",
    "list-key-policies",
    "list-key-rotations",
    "list-resource-tags",
    "list-retirable-grants",
    "put-key-policy",
    "retire-grant",
    "revoke-grant",
    "rotate-key-on-demand",
    "sign",
    "tag-resource",
    "untag-resource",
    "update-custom-key-store",
    "update-key-description",
    "verify",
    "verify-mac",
};

// Options of `aws` itself that only the verbs of KMS have.
constexpr std::string_view kOptionsOfKmsVerbs[] = {
    "--account",        "--ca-bundle",    "--cli-binary-format",
    "--cli-input-json", "--endpoint-url", "--profile",
    "--query",          "--region",       "--generate-cli-skeleton"};

bool is_any_of(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

// "--name" of "--name=value", "-n" of "-nvalue": what follows may be a secret.
std::string option_name(const std::string& argument) {
  if (argument.starts_with("--")) return argument.substr(0, argument.find('='));
  return argument.substr(0, 2);
}

bool looks_like_option(std::string_view argument) {
  return argument.size() > 1 && argument[0] == '-' &&
         (argument[1] == '-' || std::isalpha(static_cast<unsigned char>(argument[1])) != 0);
}

// CLI11's words for it are those of a programmer.
std::string wrong_count(const CLI::App& verb, const CLI::ArgumentMismatch& error) {
  std::string what = error.what();
  const std::string name = what.substr(0, what.find(':'));
  const CLI::Option* option = verb.get_option_no_throw(name);
  if (option == nullptr) return what;
  return name + (option->count() == 0 ? " takes a value, and there is none."
                                      : " is given more than once.");
}

[[noreturn]] void refuse_verb(const std::string& verb, const std::vector<std::string>& verbs) {
  if (is_any_of(verb, kVerbsOfAws))
    throw UsageError("`aws kms` has the verb " + verb + ", Trent has not.");
  // KMS has no such operation, and it is what everybody looks for first.
  std::vector<std::string> meant = near_misses(verb, verbs);
  if (verb == "delete-key") meant = {"schedule-key-deletion"};
  std::string hint = did_you_mean(meant);
  throw UsageError("There is no verb of this name." + (hint.empty() ? "" : " " + hint));
}

// How many of the words at the beginning are the verb.
std::size_t words_of_verb(const std::vector<std::string>& words,
                          const std::vector<VerbName>& verbs) {
  const auto is_word = [&](std::size_t i) {
    return words.size() > i && !words[i].starts_with('-');
  };
  if (!is_word(0)) return 0;
  const auto verb = std::ranges::find(verbs, words[0], &VerbName::name);
  if (verb == verbs.end()) {
    std::vector<std::string> names;
    names.reserve(verbs.size());
    for (const VerbName& each : verbs) names.push_back(each.name);
    refuse_verb(words[0], names);
  }
  if (verb->verbs.empty() || !is_word(1) || words[1] == "help") return 1;
  if (std::ranges::find(verb->verbs, words[1]) == verb->verbs.end()) {
    const std::string hint = did_you_mean(near_misses(words[1], verb->verbs));
    throw UsageError(
        "`trent " + verb->name + "` has no verb of this name. " +
        (hint.empty() ? "It has " + CLI::detail::join(verb->verbs, ", ") + "." : hint));
  }
  return 2;
}

std::string unknown_option(const std::string& name) {
  return "Unknown option: " + name + ".";
}

// --- what CLI11 could not use ---

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

bool is_key_id(std::string_view text) {
  if (text.starts_with("mrk-")) text.remove_prefix(4);
  return (text.size() == 36 || text.size() == 32) &&
         text.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos;
}

// "--name VALUE" for the first of these options that the verb has, and that was not given.
std::string option_for(const CLI::App& verb, std::initializer_list<const char*> names,
                       const std::string& value) {
  for (const char* name : names) {
    const CLI::Option* option = verb.get_option_no_throw(name);
    if (option != nullptr && option->count() == 0) return std::string(name) + " " + value;
  }
  return {};
}

std::string stray_argument(const CLI::App& verb, const std::string& argument) {
  bool has_secrets = std::ranges::any_of(verb.get_options(), [](const CLI::Option* option) {
    return option->get_type_name() == "BLOB";
  });
  bool alias = argument.starts_with("alias/");
  bool file = argument.starts_with("file://") || argument.starts_with("fileb://");
  std::error_code unreachable;
  std::string path = "fileb://" + argument;
  std::string meant;
  if (alias && verb.get_option_no_throw("--alias-name") != nullptr)
    meant = option_for(verb, {"--alias-name"}, argument);
  else if (alias || argument.starts_with("arn:") || is_key_id(argument))
    meant = option_for(verb, {"--key-id", "--destination-key-id", "--target-key-id"}, argument);
  else if (file || std::filesystem::exists(argument, unreachable))
    meant = option_for(verb, {"--ciphertext-blob", "--plaintext"}, file ? argument : path);
  else if (has_secrets)
    return "There is an argument that belongs to no option. (It is not shown, for it may be a "
           "secret. A value with spaces has to be put in quotes.)";
  return quoted(argument) + " belongs to no option" +
         (meant.empty() ? "." : "; did you mean " + meant + "?");
}

// Why there is no option for a member that KMS has. Null if KMS has none either.
const char* reason_for_missing(const std::string& verb, const std::string& option) {
  for (const kms::model::Operation* operation : kms::operations::all()) {
    if (kms::model::hyphenated(operation->name) != verb) continue;
    for (const kms::model::Missing& missing : operation->missing)
      if ("--" + kms::model::hyphenated(missing.name) == option) return missing.reason;
  }
  return nullptr;
}

// In the words of `aws`.
std::string missing_options(const CLI::App& verb) {
  std::string out = "the following arguments are required:";
  const char* separator = " ";
  for (const CLI::Option* option : verb.get_options())
    if (option->get_required() && option->count() == 0) {
      out += separator + option->get_name();
      separator = ", ";
    }
  return out;
}

}  // namespace

std::vector<std::string> arrange(std::vector<std::string> arguments,
                                 const std::vector<VerbName>& verbs) {
  std::vector<std::string> before;  // the verb
  auto next = arguments.begin();
  const auto take_options = [&] {
    for (; next != arguments.end() && next->starts_with('-'); ++next) {
      std::string name = option_name(*next);
      before.push_back(*next);
      const BeforeTheVerb may_be = before_the_verb(name);
      if (may_be == BeforeTheVerb::WithValue) {
        if (name == *next && next + 1 != arguments.end()) before.push_back(*++next);
      } else if (may_be == BeforeTheVerb::No && name != "--help" && name != "-h" &&
                 name != "--version") {
        throw UsageError(unknown_option(name) +
                         " The options of a verb stand behind it: trent VERB " + name);
      }
    }
  };
  take_options();
  // As with aws: `aws kms VERB`, `aws help`, `aws kms VERB help`.
  if (next != arguments.end() && *next == "kms") {
    ++next;
    take_options();
  }
  std::vector<std::string> rest(next, arguments.end());
  bool help = !rest.empty() && rest[0] == "help";
  if (help) rest.erase(rest.begin());
  const std::size_t verb = words_of_verb(rest, verbs);
  if (verb > 0 && rest.size() == verb + 1 && rest[verb] == "help") {
    rest.pop_back();
    help = true;
  }
  if (help) before.insert(before.begin(), "--help");
  rest.insert(rest.begin() + static_cast<std::ptrdiff_t>(verb), before.begin(), before.end());

  std::vector<std::string> out;
  for (std::string& argument : rest) {
    // CLI11 takes "--name=" for a --name that has its value in the next argument.
    if (argument.size() > 3 && argument.starts_with("--") &&
        argument.find('=') == argument.size() - 1) {
      out.push_back(argument.substr(0, argument.size() - 1));
      out.emplace_back();
    } else {
      out.push_back(std::move(argument));
    }
  }
  std::ranges::reverse(out);
  return out;
}

void complete_option_names(const CLI::App& app, std::vector<std::string>& arguments) {
  const CLI::App* verb = &app;
  for (std::size_t left = arguments.size(); left > 0; --left) {
    const std::string& word = arguments[left - 1];
    const auto nested =
        verb->get_subcommands([&](const CLI::App* each) { return each->get_name() == word; });
    if (nested.empty()) break;
    verb = nested.front();
  }
  for (std::string& argument : arguments) {
    const std::string name = option_name(argument);
    if (!name.starts_with("--") || name.size() < 4 || verb->get_option_no_throw(name) != nullptr)
      continue;
    std::vector<std::string> meant;
    for (const CLI::Option* option : verb->get_options())
      for (const std::string& known : option->get_lnames())
        if (known.starts_with(name.substr(2))) meant.push_back("--" + known);
    if (meant.size() == 1) argument.replace(0, name.size(), meant.front());
  }
}

const CLI::App& given_verb(const CLI::App& app) {
  const std::vector<CLI::App*> given = app.get_subcommands();
  return given.empty() ? app : given_verb(*given.front());
}

std::string explanation(const CLI::App& app, const CLI::ParseError& error) {
  std::vector<std::string> extras = app.remaining(true);
  const CLI::App& verb = given_verb(app);
  if (&verb == &app) return error.what();
  if (const auto* mismatch = dynamic_cast<const CLI::ArgumentMismatch*>(&error))
    return wrong_count(verb, *mismatch);
  if (extras.empty())
    return dynamic_cast<const CLI::RequiredError*>(&error) == nullptr ? error.what()
                                                                      : missing_options(verb);
  auto unknown = std::ranges::find_if(extras, looks_like_option);
  if (unknown == extras.end()) return stray_argument(verb, extras.front());

  std::string name = option_name(*unknown);
  std::string out = unknown_option(name);
  if (const char* reason = reason_for_missing(verb.get_name(), name))
    return name + " is not available. " + reason;
  if (is_any_of(name, kOptionsOfKmsVerbs) && !verb.get_option_no_throw("--query"))
    return out + " It is for the verbs of KMS: the others are about the token itself.";
  std::vector<std::string> known;
  for (const CLI::Option* option : verb.get_options())
    for (const std::string& long_name : option->get_lnames()) known.push_back("--" + long_name);
  std::string hint = did_you_mean(near_misses(name, known));
  return hint.empty() ? out : out + " " + hint;
}

}  // namespace trent::cli
