// What a token really does, found out by trying it with session objects: the numbers that tokens
// advertise cannot be trusted.
#pragma once

#include <p11-kit/pkcs11.h>

#include <string>
#include <utility>
#include <vector>

#include "hsm/mechanism_names.h"

namespace trent::hsm {

class Session;

struct Profile {
  CK_MECHANISM_TYPE kwp = kAesKeyWrapPad;  // which number is RFC 5649
  bool zero_pads = false;                  // C_WrapKey fills a secret up to a multiple of 8 bytes
  bool value_len = false;                  // CKA_VALUE_LEN of an unwrapped secret is its length
  bool public_temporaries = false;         // one-time keys may have CKA_PRIVATE=false
  bool session_copies = false;             // C_CopyObject of a base key works

  // Property and value, for `trent check`.
  std::vector<std::pair<std::string, std::string>> describe() const;
};

// What Trent does not need for every key, tried with session objects; for `trent check`.
std::vector<std::pair<std::string, std::string>> try_abilities(const Session& session,
                                                               CK_SLOT_ID slot);

// Runs the self-test in `session`, which is closed afterwards by the caller if this throws.
// Throws UnsupportedOperationException if the token lacks what Trent cannot do without.
Profile test_token(const Session& session);

}  // namespace trent::hsm
