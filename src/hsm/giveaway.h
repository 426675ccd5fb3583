// SPDX-License-Identifier: Apache-2.0
// Mechanisms by which whoever has the PIN gets at the value of a base key.
#pragma once

#include <string>
#include <vector>

namespace trent::hsm {

class Token;

// Names of derive mechanisms of which a part of the result is the base key's own value.
struct Giveaways {
  // They work with a base key that says nothing of mechanisms.
  std::vector<std::string> unrestricted;
  // They work, or nobody could show that they do not, in spite of CKA_ALLOWED_MECHANISMS.
  std::vector<std::string> restricted;
};

// Tries each of them, with base keys that are session objects. For `trent check`.
Giveaways try_giveaways(Token& token);

}  // namespace trent::hsm
