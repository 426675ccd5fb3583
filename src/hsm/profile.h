// SPDX-License-Identifier: Apache-2.0
// What a token really does, found out by trying it with session objects: what tokens advertise and
// what they promise cannot be trusted.
#pragma once

#include <p11-kit/pkcs11.h>

#include "hsm/mechanism_names.h"
#include "hsm/promise.h"

namespace trent::hsm {

class Session;

// How the template of C_UnwrapKey has to look.
struct UnwrapTemplate {
  bool brief = false;   // without EXTRACTABLE=true and SENSITIVE=false, which it refuses to be told
  bool length = false;  // with CKA_VALUE_LEN, although RFC 5649 gives the length
};

struct Profile {
  CK_MECHANISM_TYPE kwp = kAesKeyWrapPad;  // which number is RFC 5649
  UnwrapTemplate unwrap_template;          // the first that works
  Promise one_time_keys = Promise::Kept;   // SENSITIVE and not EXTRACTABLE, when derived
  Promise payloads = Promise::Kept;        // SENSITIVE, when unwrapped
  bool zero_pads = false;                  // C_WrapKey fills a secret up to a multiple of 8 bytes
  bool value_len = false;                  // CKA_VALUE_LEN of an unwrapped secret is its length
  bool public_temporaries = false;         // one-time keys may have CKA_PRIVATE=false
  bool session_copies = false;             // C_CopyObject of a base key works
};

// Whether what is to stay in the token is safe from this process.
bool keeps_secrets(const Profile& profile);

// Runs the self-test in `session`, which is closed afterwards by the caller if this throws.
// Throws UnsupportedOperationException if the token lacks what Trent cannot do without.
Profile test_token(const Session& session);

// The parts of the self-test, each by itself. They throw as test_token() does.

// A base key as a session object, and that it is secret.
TemporaryObject make_base_key(const Session& session);
// `session_copies`; returns why not.
CK_RV try_copies(const Session& session, CK_OBJECT_HANDLE base_key, Profile& profile);
struct OneTimeKeys {
  TemporaryObject wrapping;
  TemporaryObject unwrapping;
};
// `public_temporaries` and `one_time_keys`
OneTimeKeys try_derivation(const Session& session, CK_OBJECT_HANDLE base_key, Profile& profile);
// Everything else; the two keys have the same value.
void try_key_wrap(const Session& session, CK_OBJECT_HANDLE wrapping_key,
                  CK_OBJECT_HANDLE unwrapping_key, Profile& profile);

}  // namespace trent::hsm
