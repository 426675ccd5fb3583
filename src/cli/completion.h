// SPDX-License-Identifier: Apache-2.0
// What may stand at the cursor of a command line, for the completion of shells: conf/completion.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;  // CLI11 itself takes long to compile
}

namespace trent::cli {

// The verb that is in no help: `trent __complete WORD...`. The words are those behind the command,
// the last one as far as it is typed.
inline constexpr const char* kCompletionVerb = "__complete";

// A line for each candidate: the word, a tab, and what it is. Where a file comes next, there is
// only the line ":files", a tab, and what stands before the path in the word ("fileb://"). Keys and
// aliases are looked up as the command line says, if that asks nobody for a PIN and is quick.
// Nothing that goes wrong is an error, and nothing is written to standard error from here on.
int complete(const CLI::App& app, std::vector<std::string> words);

}  // namespace trent::cli
