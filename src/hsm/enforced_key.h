// SPDX-License-Identifier: Apache-2.0
// Enforced keys: code with the user's PIN can move what they protect, and cannot read it.
//
// An enforced key is two objects of one name: an AES-256 key that wraps secrets directly, and an
// HMAC key whose tag binds them to a header and a context. The first one only the security officer
// can make: it is CKA_TRUSTED, and its CKA_UNWRAP_TEMPLATE makes of whatever it unwraps an object
// that cannot be read and that nothing but a trusted key wraps (CKA_WRAP_WITH_TRUSTED).
// docs/security.md says what that is worth.
#pragma once

#include <p11-kit/pkcs11.h>

#include <functional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "hsm/key_ref.h"
#include "hsm/session.h"

namespace trent::hsm {

class Connection;

// `kind` is kEnforcedKey.
struct EnforcedKeyRef : KeyRef {
  Sha256 trial;                                // of which the wrap and the HMAC ...
  std::function<Fingerprint(ByteView)> id_of;  // ... one behind the other, make this id
};

struct EnforcedKey {
  CK_OBJECT_HANDLE wrapping = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE mac = CK_INVALID_HANDLE;
};

// HMAC-SHA-256.
inline constexpr KeyKind kEnforcedMacKey = [] {
  KeyKind kind = kHmac256Key;
  kind.has_companion = true;
  return kind;
}();

// The CKA_UNWRAP_TEMPLATE of the wrapping key, and its CKA_WRAP_TEMPLATE.
void add_unwrap_template(Attributes& attributes);
void add_wrap_template(Attributes& attributes);

// What ref.id_of() makes of the two; `ref.id` is not looked at.
Fingerprint enforced_key_id(const Session& session, const EnforcedKey& key,
                            const EnforcedKeyRef& ref);

// Why the wrapping key would not keep what it protects from whoever has the PIN, beside its usage
// and its own secrecy, in words that follow "the key". Empty: it does.
std::vector<std::string> weaknesses(const Session& session, CK_OBJECT_HANDLE wrapping);

// Finds the two, and proves them. Throws as Connection::find_key(), and KMSInternalException if the
// wrapping key has a weakness.
EnforcedKey find_enforced_key(const Connection& connection, const Session& session,
                              const EnforcedKeyRef& ref);

// Whether the object is one of the two that the token has by the name of `ref`, and these have its
// id.
bool is_enforced_key_of(const Session& session, CK_OBJECT_HANDLE object, const EnforcedKeyRef& ref);

}  // namespace trent::hsm
