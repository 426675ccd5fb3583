// SPDX-License-Identifier: Apache-2.0
// The command: from the command line to one verb, and from its end to an exit code.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/error.h"
#include "cli/arguments.h"
#include "cli/common_options.h"
#include "cli/completion.h"
#include "cli/errors.h"
#include "cli/help.h"
#include "cli/kms_verb.h"
#include "cli/output.h"
#include "cli/perform.h"
#include "cli/process.h"
#include "cli/service_error.h"
#include "cli/verb.h"
#include "kms/operations/operations.h"

namespace trent::cli {

namespace {

constexpr const char* kHelp = R"(
Start here:
  trent init ~/kms && . ~/kms/env      make a token of your own, and use it
  KEY=$(trent create-key --output raw)
  trent create-alias --alias-name alias/app --target-key-id "$KEY"
  trent encrypt --key-id alias/app --plaintext fileb://secret \
      --output raw > secret.blob
  trent decrypt --ciphertext-blob fileb://secret.blob --output raw

The verbs, their options and their JSON are those of `aws kms`. Binary values
are given as fileb://PATH, - (standard input) or base64; text also as
file://PATH. A key is named by its ID, its ARN or alias/NAME, each with or
without kms: before it.

The configuration is --config, $TRENT_CONF, ~/.config/trent/trent.toml or
/etc/trent/trent.toml, whichever comes first. None is needed with --endpoint-url
or $TRENT_ENDPOINT, which name a running `trent serve`: http://HOST:PORT,
https://HOST:PORT or unix:PATH.

Exit codes: 0 success, 252 usage error, 253 no configuration or a wrong one,
254 KMS error, 255 other failures, 141 nobody reads the output.

"trent VERB --help" shows the options of a verb. See also trent(1).
)";

// What the parser fills in, for whichever verb was given.
struct CommandLine {
  CommonOptions common;
  std::vector<std::unique_ptr<Options>> options;
  std::function<int()> action;
};

Options& add_verb(CLI::App& app, const char* name, const char* summary, const char* help,
                  const char* group, CommandLine& line) {
  CLI::App* sub = app.add_subcommand(name, summary)->group(group);
  sub->footer(help);
  return *line.options.emplace_back(std::make_unique<Options>(*sub));
}

void add_kms_verb(CLI::App& app, const KmsVerb& verb, const kms::model::Operation& operation,
                  CommandLine& line) {
  const std::string name(verb.name);
  Options& options = add_verb(app, name.c_str(), verb.summary, verb.help, verb.group, line);
  auto command = std::make_shared<KmsCommand>(operation, options);
  std::vector<std::string> formats = {"json", "text", "table", "yaml", "raw"};
  if (operation.is_paged()) formats.emplace_back("list");
  CLI::App* sub = app.get_subcommand(name);
  // What all of `aws` has: there is nothing in pages here.
  if (!operation.is_paged()) sub->add_flag("--no-paginate")->group("");
  if (operation.has_response())
    options.path(line.common.output_file, "--output-file",
                 "Write the result to this file, which is replaced as a whole if all went well");
  common_options(*sub, line.common, formats);
  sub->callback([&line, &options, command] {
    line.action = [&line, &options, command] {
      if (line.common.debug) setenv("TRENT_DEBUG", "stderr", 0);
      options.load(line.common.binary_format == "base64" ? Binary::Base64 : Binary::AsTyped);
      return perform(*command, line.common);
    };
  });
}

void add_local_verb(CLI::App& app, const LocalVerb& verb, CommandLine& line) {
  Options& options = add_verb(app, verb.name, verb.summary, verb.help, verb.group, line);
  auto action = verb.define(options);
  CLI::App* sub = app.get_subcommand(verb.name);
  if (verb.takes_config) config_option(*sub, line.common);
  sub->callback([&line, &options, action] {
    line.action = [&line, &options, action] {
      options.load();
      return action(line.common.endpoint.config);
    };
  });
}

void add_verb_group(CLI::App& app, const VerbGroup& group, CommandLine& line) {
  CLI::App* sub = app.add_subcommand(group.name, group.summary)->group("Setup");
  sub->footer(group.help);
  sub->require_subcommand(0, 1);
  for (const LocalVerb& verb : group.verbs) add_local_verb(*sub, verb, line);
}

// The verbs, as they were defined.
std::vector<VerbName> names_of_verbs(const CLI::App& app) {
  std::vector<VerbName> names;
  for (const CLI::App* verb : app.get_subcommands({})) {
    names.push_back({verb->get_name(), {}});
    for (const CLI::App* nested : verb->get_subcommands({}))
      names.back().verbs.push_back(nested->get_name());
  }
  return names;
}

int complain(const CLI::App& app, const std::string& what, int exit_code) {
  std::string name = "trent";
  for (const CLI::App* verb = &app; !verb->get_subcommands().empty();) {
    verb = verb->get_subcommands().front();
    name += " " + verb->get_name();
  }
  std::cerr << name << ": " << printable(what) << '\n';
  if (exit_code == kUsage)
    std::cerr << "Run \"" << name << " --help\" for the options and examples.\n";
  return exit_code;
}

// Nothing but `trent`, or `trent credential`.
int ask_for_verb(const CLI::App& app) {
  const CLI::App& given = given_verb(app);
  std::cerr << app.help() << '\n';
  return complain(app,
                  "Give a verb, such as " +
                      (&given == &app ? "encrypt" : given.get_subcommands({}).front()->get_name()) +
                      ".",
                  kUsage);
}

int command(int argc, char** argv) {
  CLI::App app("Keys in an HSM, used as with AWS KMS", "trent");
  app.footer(kHelp);
  app.set_version_flag("--version", std::string("trent ") + TRENT_VERSION);
  app.formatter(std::make_shared<HelpFormatter>());

  CommandLine line;
  // The help names them; where they are given before the verb, the verb gets them.
  options_before_the_verb(app, line.common);
  app.require_subcommand(0, 1);
  const LocalVerb local_verbs[] = {init_verb(),         check_verb(),        purge_verb(),
                                   rotate_due_verb(),   serve_verb(),        simulate_policy_verb(),
                                   encrypt_file_verb(), decrypt_file_verb(), re_encrypt_file_verb(),
                                   version_verb()};
  for (const LocalVerb& verb : local_verbs) add_local_verb(app, verb, line);
  add_verb_group(app, audit_verbs(), line);
  add_verb_group(app, credential_verbs(), line);
  for (const KmsVerb& verb : kms_verbs())
    for (const kms::model::Operation* operation : kms::operations::all())
      if (kms::model::hyphenated(operation->name) == verb.name)
        add_kms_verb(app, verb, *operation, line);

  try {
    if (argc > 1 && argv[1] == std::string_view(kCompletionVerb))
      return complete(app, {argv + 2, argv + argc});
    try {
      std::vector<std::string> arguments = arrange({argv + 1, argv + argc}, names_of_verbs(app));
      complete_option_names(app, arguments);
      app.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
      write_output(as_bytes(app.help()));
      return kSuccess;
    } catch (const CLI::CallForVersion& version) {
      write_output(as_bytes(std::string(version.what()) + "\n"));
      return kSuccess;
    } catch (const CLI::ParseError& error) {
      throw UsageError(explanation(app, error));
    }
    if (!line.action) return ask_for_verb(app);
    return line.action();
  } catch (const ServiceError& error) {
    std::cerr << error.what() << '\n';
    return error.exit_code;
  } catch (const UsageError& error) {
    return complain(app, error.what(), kUsage);
  } catch (const ClosedPipe&) {
    return kClosedPipe;
  } catch (const ConfigurationError& error) {
    return complain(app, error.what(), kConfiguration);
  } catch (const Error& error) {
    return complain(app, error.text(), error.is_in_configuration() ? kConfiguration : kFailure);
  } catch (const std::exception& error) {
    return complain(app, error.what(), kFailure);
  }
}

}  // namespace

}  // namespace trent::cli

int main(int argc, char** argv) {
  trent::cli::prepare_process();
  return trent::cli::command(argc, argv);
}
