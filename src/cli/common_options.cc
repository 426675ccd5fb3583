// SPDX-License-Identifier: Apache-2.0
// The options that each verb of KMS has.
#include "cli/common_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/options.h"

namespace trent::cli {

namespace {

constexpr const char* kGroup = "Options of every verb";

constexpr std::string_view kWithValue[] = {
    "--account", "--ca-bundle",   "--cli-binary-format", "--color", "--config", "--endpoint-url",
    "--output",  "--output-file", "--profile",           "--query", "--region"};
constexpr std::string_view kFlags[] = {"--debug", "--no-cli-pager", "--no-paginate"};

void text(CLI::App& app, const char* flag, std::string& target, const char* type,
          const char* help) {
  app.add_option(flag, target, help)->option_text(type)->check(refuse_empty)->group(kGroup);
}

void text(CLI::App& app, const char* flag, std::optional<std::string>& target, const char* type,
          const char* help) {
  app.add_option_function<std::string>(
         flag, [&target](const std::string& argument) { target = argument; }, help)
      ->option_text(type)
      ->group(kGroup);
}

void choice(CLI::App& app, const char* flag, std::string& target,
            const std::vector<std::string>& choices, const char* help) {
  app.add_option(flag, target, help)
      ->check(CLI::IsMember(choices))
      ->option_text(CLI::detail::join(choices, "|"))
      ->group(kGroup);
}

// What is taken for the sake of scripts, and changes nothing.
void ignored_flag(CLI::App& app, const char* flag, const char* help) {
  app.add_flag_function(
         flag, [](std::int64_t) {}, help)
      ->group(kGroup);
}

// No option that is missing is missed.
void release_required(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) option->required(false);
}

void skeleton_option(CLI::App& app, CommonOptions& options) {
  app.add_option_function<std::string>(
         "--generate-cli-skeleton",
         [&](const std::string& argument) { options.skeleton = argument; },
         "Print JSON for --cli-input-json, or what a result looks like, and do nothing")
      ->expected(0, 1)
      ->option_text("[input|output]")
      ->default_str("input")
      ->check(CLI::IsMember({"input", "output"}))
      ->each([&app](const std::string& which) {
        if (which != "output") release_required(app);
      })
      ->group(kGroup);
}

}  // namespace

BeforeTheVerb before_the_verb(std::string_view option_name) {
  if (std::ranges::find(kWithValue, option_name) != std::end(kWithValue))
    return BeforeTheVerb::WithValue;
  if (std::ranges::find(kFlags, option_name) != std::end(kFlags)) return BeforeTheVerb::Flag;
  return BeforeTheVerb::No;
}

void config_option(CLI::App& app, CommonOptions& options) {
  text(app, "--config", options.endpoint.config, "PATH", "Configuration file");
}

void common_options(CLI::App& verb, CommonOptions& options,
                    const std::vector<std::string>& formats) {
  choice(verb, "--output", options.output, formats,
         formats.back() == "list" ? "raw: only the identifiers; list: a line for each, for people"
                                  : "raw: only the blob, the plaintext or the identifier");
  text(verb, "--query", options.query, "JMESPATH", "What of the result to print");
  text(verb, "--cli-input-json", options.input_json, "JSON",
       "The values of options, as the API has them; options go before it");
  verb.get_option("--cli-input-json")->each([&verb](const std::string&) {
    release_required(verb);
  });
  skeleton_option(verb, options);
  choice(verb, "--cli-binary-format", options.binary_format, {"base64", "raw-in-base64-out"},
         "How binary values are given that are not in fileb://");
  config_option(verb, options);
  text(verb, "--account", options.endpoint.account, "ACCOUNT",
       "Whose keys and aliases are meant, if the configuration has several tokens");
  text(verb, "--region", options.endpoint.region, "REGION",
       "Region of the token, or to sign requests for");
  text(verb, "--endpoint-url", options.endpoint.url, "URL", "Server to use in place of the token");
  text(verb, "--profile", options.endpoint.profile, "NAME",
       "Credentials for the server, in ~/.aws/credentials");
  text(verb, "--ca-bundle", options.endpoint.ca_file, "PATH",
       "Whose certificate the server has (PEM)");
  verb.add_flag("--debug", options.debug, "Log what is asked of the token (TRENT_DEBUG=stderr)")
      ->group(kGroup);
  ignored_flag(verb, "--no-cli-pager", "Taken from scripts for aws: there is no pager");
  verb.add_option_function<std::string>(
          "--color", [](const std::string&) {}, "Taken from scripts for aws: there are no colors")
      ->check(CLI::IsMember({"on", "off", "auto"}))
      ->option_text("on|off|auto")
      ->group(kGroup);
}

void options_before_the_verb(CLI::App& app, CommonOptions& options) {
  config_option(app, options);
  text(app, "--endpoint-url", options.endpoint.url, "URL", "Server to use in place of the token");
  app.add_option("--output", options.output, "How to print: see the verb")->option_text("FORMAT");
  text(app, "--query", options.query, "JMESPATH", "What of the result to print");
  for (CLI::Option* option : app.get_options())
    if (option->get_group() == kGroup) option->group("Options");
}

}  // namespace trent::cli
