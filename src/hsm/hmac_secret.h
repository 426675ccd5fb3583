// SPDX-License-Identifier: Apache-2.0
// Secrets that are known elsewhere as well, kept in the token: it computes their HMAC-SHA-256, and
// nobody can read them there.
#pragma once

#include <string>

#include "base/bytes.h"

namespace trent::hsm {

class Token;

// Leaves nothing behind if it throws.
void create_hmac_secret(Token& token, const std::string& label, ByteView value);

bool has_hmac_secret(Token& token, const std::string& label);

// The HMAC, 32 bytes. Throws KeyUnavailableException if the secret is not there.
SecretBytes sign_with_hmac_secret(Token& token, const std::string& label, ByteView message);

// Destroys it, if it is there.
void destroy_hmac_secret(Token& token, const std::string& label);

}  // namespace trent::hsm
