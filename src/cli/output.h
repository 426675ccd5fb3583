// SPDX-License-Identifier: Apache-2.0
// What goes to standard output.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "kms/model/json.h"

namespace trent::cli {

// All of it, or throws Failure: a full disk or a closed pipe must not pass for success.
void write_output(ByteView bytes);

// As `aws kms` v2 prints: four spaces, timestamps in ISO 8601 (in UTC).
SecretString json_text(kms::Json json);

// A line of `--output text`, as `aws` has it: with tabs between the fields, and - for an empty one.
// What could control the terminal is escaped.
std::string text_line(const std::vector<std::string_view>& fields);

// True if standard output is a terminal.
bool output_is_terminal();

// True if a terminal shows these bytes as text, without any control sequence.
bool is_printable(ByteView bytes);

}  // namespace trent::cli
