// SPDX-License-Identifier: Apache-2.0
// The base keys of a token: made, found, surveyed, destroyed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hsm/base_key.h"

namespace trent::hsm {

class Token;

// Makes an AES-256 base key: a token object with this label, whose CKA_ID is its fingerprint for
// `fingerprint_input`. Returns the fingerprint. Leaves nothing behind if it throws.
Fingerprint generate_base_key(Token& token, const std::string& label,
                              const Sha256& fingerprint_input);

// Destroys the base key with this label and id, if there is one.
void destroy_base_key(Token& token, const std::string& label, ByteView id);

// Label of the token's base key with this id; nullopt if there is none.
std::optional<std::string> label_of_base_key(Token& token, const Fingerprint& id);

struct BaseKeyState : KeyAttributes {
  bool proven = false;  // its value is the one that its id names
};
struct BaseKeySurvey {
  std::vector<BaseKeyState> keys;
  std::vector<std::string> unreadable;  // why, one for each secret key that cannot be read
};
// Looks at all secret keys of the token for whose label there is a fingerprint's input, each by its
// handle: in a token of many objects, nothing costs more than to look for one of them.
BaseKeySurvey survey_base_keys(
    Token& token,
    const std::function<std::optional<Sha256>(const std::string& label)>& fingerprint_input);

}  // namespace trent::hsm
