// SPDX-License-Identifier: Apache-2.0
// The command line before the parser gets it, and what to say of one that it refuses.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;  // CLI11 itself takes long to compile
class ParseError;
}  // namespace CLI

namespace trent::cli {

// A verb, and those of its own if it has any: `trent credential create`.
struct VerbName {
  std::string name;
  std::vector<std::string> verbs;
};

// The arguments of main(), but its first, as CLI11 takes them: the verb first, and the last one
// first. The verb is looked at before all else: throws UsageError if there is no such verb.
std::vector<std::string> arrange(std::vector<std::string> arguments,
                                 const std::vector<VerbName>& verbs);

// As for `aws`, the beginning of an option's name will do if no other begins so: --tag-key.
// `arguments` are what arrange() gives.
void complete_option_names(const CLI::App& app, std::vector<std::string>& arguments);

// The verb that the command line names, or the command itself.
const CLI::App& given_verb(const CLI::App& app);

// What was wrong with the command line. Arguments that are not understood may
// be secrets (the value of an option that was misspelt): only what certainly is none is repeated.
std::string explanation(const CLI::App& app, const CLI::ParseError& error);

}  // namespace trent::cli
