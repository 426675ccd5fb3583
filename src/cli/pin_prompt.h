// SPDX-License-Identifier: Apache-2.0
// Asking the person at the terminal for a token's PIN.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/bytes.h"

namespace trent::cli {

// A kms::PinPrompt on /dev/tty, without echo. nullopt if there is no terminal, empty if there is no
// answer.
class PinQuestion {
 public:
  std::optional<SecretBytes> operator()(const std::string& token_label);

 private:
  std::set<std::string> asked_;  // whoever is asked again gave a PIN that was refused
};

}  // namespace trent::cli
