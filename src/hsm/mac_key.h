// SPDX-License-Identifier: Apache-2.0
// HMAC keys in the token.
#pragma once

#include <functional>
#include <string>

#include "hsm/base_key.h"
#include "hsm/key_kind.h"

namespace trent::hsm {

class Token;

// How an HMAC key is found in the token, and proven to be the right one.
struct MacKeyRef {
  std::string label;
  Fingerprint id;
  KeyKind kind;
  Sha256 trial;                                // of which the key's HMAC ...
  std::function<Fingerprint(ByteView)> id_of;  // ... makes this id
};

// Makes a key as a token object, whose CKA_ID is what id_of() makes of the HMAC of `trial`; `id` is
// not looked at. Returns the id. Leaves nothing behind if it throws.
Fingerprint generate_mac_key(Token& token, const MacKeyRef& ref);

bool is_mac_key_of(const Session& session, CK_OBJECT_HANDLE object, const MacKeyRef& ref);

// The HMAC of a message (RFC 2104) with the hash of the key's kind.
Bytes generate_mac(Token& token, const MacKeyRef& ref, ByteView message);

}  // namespace trent::hsm
