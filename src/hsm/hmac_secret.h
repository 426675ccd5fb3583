// SPDX-License-Identifier: Apache-2.0
// Secrets that are known elsewhere as well, kept in the token: it computes their HMAC-SHA-256, and
// nobody can read them there.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

namespace trent::hsm {

class Token;

// Leaves nothing behind if it throws.
void create_hmac_secret(Token& token, const std::string& label, ByteView value);

bool has_hmac_secret(Token& token, const std::string& label);

// The HMAC, 32 bytes; nullopt if the secret is not there, but the token is.
std::optional<SecretBytes> sign_with_hmac_secret(Token& token, const std::string& label,
                                                 ByteView message);

// Destroys it, if it is there.
void destroy_hmac_secret(Token& token, const std::string& label);

}  // namespace trent::hsm
