// SPDX-License-Identifier: Apache-2.0
// A key of one token, made in another one as well.
#pragma once

#include <functional>
#include <string>

#include "hsm/import.h"
#include "hsm/key_ref.h"

namespace trent::hsm {

class Token;

// Makes the secret key `ref` of `from`, whose kind is extractable, a token object of `to` with this
// label and the same id. It travels wrapped under a key that both tokens agree on for it alone, and
// its value is never in this process. Throws UnsupportedOperationException if a token cannot do
// that. Leaves nothing behind if it throws.
void copy_key(Token& from, const KeyRef& ref, Token& to, const ImportedKind& wanted,
              const std::string& label);

}  // namespace trent::hsm
