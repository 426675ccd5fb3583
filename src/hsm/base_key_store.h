// SPDX-License-Identifier: Apache-2.0
// The base keys of a token: made, found, destroyed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hsm/base_key.h"

namespace trent::hsm {

class Token;

// Makes an AES-256 base key: a token object with this label, whose CKA_ID is its fingerprint for
// `fingerprint_input`. Returns the fingerprint. Leaves nothing behind if it throws. `kind`:
// kBaseKey, which may be extractable.
Fingerprint generate_base_key(Token& token, const std::string& label,
                              const Sha256& fingerprint_input, const KeyKind& kind = kBaseKey);

// The fingerprint of an object that is found by its name; `id` is not looked at.
Fingerprint base_key_id(Token& token, const BaseKeyRef& ref);

// Destroys whatever has this label and id: a secret key, or both of a pair.
void destroy_key(Token& token, const std::string& label, ByteView id);

// Gives what has this label and id the other label. Returns false if it is there under neither.
bool rename_key(Token& token, const std::string& from, const std::string& to, ByteView id);

// Whether a key is there. Throws KMSInternalException if what has its name is not the one.
bool has_key(Token& token, const KeyRef& ref,
             const std::function<bool(const Session& session, CK_OBJECT_HANDLE key)>& is_right);

// Label of the token's base key with this id; nullopt if there is none.
std::optional<std::string> label_of_base_key(Token& token, const Fingerprint& id);

}  // namespace trent::hsm
