// SPDX-License-Identifier: Apache-2.0
// Where the PIN comes from.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace trent::hsm {

// Asks a person; nullopt if there is nobody to ask, empty if no PIN is given. The argument
// describes the token.
using PinPrompt = std::function<std::optional<SecretBytes>(const std::string& token)>;

// The PIN of "file:/path" (without the newline at its end) or "env:NAME".
// Throws ValidationException that names the source and what is wrong with it.
SecretBytes read_pin(const std::string& pin_source);

// What may be wrong with one that a token refuses, as its source has it: "it ends in a space".
// Empty: nothing that can be seen.
std::string doubt_of_pin(const SecretBytes& pin);

}  // namespace trent::hsm
