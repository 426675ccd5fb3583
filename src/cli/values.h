// SPDX-License-Identifier: Apache-2.0
// Where the values of options come from: the command line, files, standard input.
#pragma once

#include <string>

#include "base/bytes.h"
#include "blob/context.h"
#include "cli/options.h"

namespace trent::cli {

// With $HOME for a tilde, which the shell does not expand behind a prefix; the AWS CLI does.
std::string expand_home(const std::string& path);

// The rules of the AWS CLI v2, and "-" for standard input:
//   fileb://PATH and -   the bytes themselves
//   file://PATH, others  base64 (in lines or in one; but no other white space, or "my secret",
//                        where fileb:// was forgotten, would pass)
// With --cli-binary-format raw-in-base64-out (Binary::AsTyped), the last are taken as they are.
SecretBytes binary_value(const std::string& argument, Binary binary = Binary::Base64);

// NAME of kms:NAME and kms://NAME, with the scheme in whatever case; anything else as it is.
std::string name_in_uri(const std::string& text);

// file://PATH and - for the text in a file or on standard input (without its last line break),
// otherwise the argument itself.
std::string text_value(const std::string& argument);

// A text_value() that is a JSON object, or the shorthand name=value,name=value.
blob::EncryptionContext context_value(const std::string& argument);

// These three throw UsageError; it never shows the value, which may be a secret.

}  // namespace trent::cli
