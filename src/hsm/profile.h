// What a token really does, found out by trying it with session objects: the numbers that tokens
// advertise cannot be trusted (design section 5).
#pragma once

#include <p11-kit/pkcs11.h>

#include <string>
#include <utility>
#include <vector>

namespace trent::hsm {

class Session;

// 0x210A is what the PKCS#11 v3.0 header names CKM_AES_KEY_WRAP_PAD and SoftHSM takes for
// RFC 5649; 0x210B is CKM_AES_KEY_WRAP_KWP, which is RFC 5649 on NSS (there 0x210A is RFC 3394
// over PKCS#7 padding).
inline constexpr CK_MECHANISM_TYPE kAesKeyWrapPad = 0x210A;
inline constexpr CK_MECHANISM_TYPE kAesKeyWrapKwp = 0x210B;

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
