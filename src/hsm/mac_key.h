// SPDX-License-Identifier: Apache-2.0
// HMAC keys in the token.
#pragma once

#include <functional>
#include <string>

#include "hsm/base_key.h"
#include "hsm/key_ref.h"

namespace trent::hsm {

class Token;

struct MacKeyRef : KeyRef {
  Sha256 trial;                                // of which the key's HMAC ...
  std::function<Fingerprint(ByteView)> id_of;  // ... makes this id
};

// Makes a key as a token object, whose CKA_ID is what id_of() makes of the HMAC of `trial`; `id` is
// not looked at. Returns the id. Leaves nothing behind if it throws.
Fingerprint generate_mac_key(Token& token, const MacKeyRef& ref);

// What id_of() makes of the HMAC of an object that is found by its name; `id` is not looked at.
Fingerprint mac_key_id(Token& token, const MacKeyRef& ref);

// The same of an object whose handle is known.
Fingerprint mac_key_id(const Session& session, CK_OBJECT_HANDLE object, const MacKeyRef& ref);

bool is_mac_key_of(const Session& session, CK_OBJECT_HANDLE object, const MacKeyRef& ref);

// The HMAC of a message (RFC 2104) with the hash of the key's kind.
Bytes generate_mac(Token& token, const MacKeyRef& ref, ByteView message);

}  // namespace trent::hsm
