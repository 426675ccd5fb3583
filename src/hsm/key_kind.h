// SPDX-License-Identifier: Apache-2.0
// What keys are in the token, in the words of PKCS#11. One row for each kind that Trent makes.
#pragma once

#include <p11-kit/pkcs11.h>

#include <string_view>

#include "hsm/attributes.h"

namespace trent::hsm {

struct KeyKind {
  CK_OBJECT_CLASS object_class;
  CK_KEY_TYPE type;
  std::string_view type_name;       // as it is told to a person
  CK_ULONG length;                  // CKA_VALUE_LEN
  CK_MECHANISM_TYPE generation;     // C_GenerateKey
  Usage usage;                      // what it may do, and nothing else
  CK_MECHANISM_TYPE use_mechanism;  // by which it does it, and by no other
};

inline constexpr KeyKind kBaseKey{.object_class = CKO_SECRET_KEY,
                                  .type = CKK_AES,
                                  .type_name = "AES",
                                  .length = 32,
                                  .generation = CKM_AES_KEY_GEN,
                                  .usage = {.derive = true},
                                  .use_mechanism = CKM_AES_ECB_ENCRYPT_DATA};

// The template of a new key, without label, id and restriction.
void add_key_attributes(Attributes& attributes, const KeyKind& kind, bool on_token);

// CKA_ALLOWED_MECHANISMS. `kind` must outlive the template.
void add_allowed_mechanisms(Attributes& attributes, const KeyKind& kind);

}  // namespace trent::hsm
