// Asking the person at the terminal for a token's PIN.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

namespace trent::cli {

// A kms::PinPrompt on /dev/tty, without echo. nullopt if there is no terminal, or no answer.
std::optional<SecretBytes> ask_pin(const std::string& token_label);

}  // namespace trent::cli
