// SPDX-License-Identifier: Apache-2.0
// What the token tells of a key, and what is to be thought of it.
#pragma once

#include <p11-kit/pkcs11.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "hsm/key_ref.h"
#include "hsm/session.h"

namespace trent::hsm {

// Usages and secrecy, as key_attributes.cc lists them.
inline constexpr std::size_t kUsageFlags = 7;
inline constexpr std::size_t kSecrecyFlags = 2;

// As it stands in the token; nullopt: the token does not tell.
struct KeyFacts {
  std::string label;
  Bytes id;
  CK_KEY_TYPE type = CKK_VENDOR_DEFINED;
  std::optional<CK_ULONG> length;  // CKA_VALUE_LEN
  std::optional<bool> local;       // CKA_LOCAL: made in this token
  std::array<std::optional<bool>, kUsageFlags> usage;
  std::array<std::optional<bool>, kSecrecyFlags> secrecy;
  std::vector<CK_MECHANISM_TYPE> allowed;  // empty: any
};

// One call, for most keys. Throws CKR_OBJECT_HANDLE_INVALID if it is gone.
KeyFacts read_key_facts(const Session& session, CK_OBJECT_HANDLE key);

// One that is true or false; nullopt: the token does not tell.
std::optional<bool> read_flag(const Session& session, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE_TYPE type);

struct KeyAttributes {
  std::string label;
  Bytes id;
  CK_KEY_TYPE type = CKK_VENDOR_DEFINED;
  std::vector<std::string> unfit;    // why it is not of its kind, in words; empty: it is
  std::vector<std::string> exposed;  // what would let its value leave the token
  bool local = true;                 // made in this token, as far as that tells
  bool extractable = false;          // CKA_EXTRACTABLE
  bool restricted = false;           // CKA_ALLOWED_MECHANISMS names what it may do, and no more
};

// The facts compared with what the kind is to have.
KeyAttributes judge(KeyFacts facts, const KeyKind& kind);

// Throws UnsupportedOperationException if an adopted key says itself that it is not for this use
// (CKA_DECRYPT ...), which others of its kind have.
void require_use(const Session& session, CK_OBJECT_HANDLE object, const KeyRef& ref,
                 CK_ATTRIBUTE_TYPE type, const char* advice);

}  // namespace trent::hsm
