// SPDX-License-Identifier: Apache-2.0
// What goes to standard output.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "kms/model/json.h"

namespace trent::cli {

// All of it, or throws Failure: a full disk must not pass for success, nor a closed pipe
// (ClosedPipe). `fault` begins what is said then.
void write_output(
    ByteView bytes,
    const char* fault = "The operation was done, but its result could not be written");

// What in KMS's answers is a date, in ISO 8601 (in UTC) as `aws kms` v2 has it.
void dates_to_iso8601(kms::Json& json);

// As `aws kms` v2 prints: four spaces.
SecretString indented(const kms::Json& json);
// The same, with dates.
SecretString json_text(kms::Json json);

// A line of `--output list`: with tabs between the fields, and - for an empty one.
// What could control the terminal is escaped.
std::string text_line(const std::vector<std::string_view>& fields);

// True if standard output is a terminal.
bool output_is_terminal();
// In columns; 80 if it is none.
std::size_t terminal_width();

// With escapes for what could control the terminal; line breaks and tabs stay.
SecretString for_terminal(std::string_view text);

// True if a terminal shows these bytes as text, without any control sequence.
bool is_printable(ByteView bytes);

}  // namespace trent::cli
