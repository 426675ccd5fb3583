// SPDX-License-Identifier: Apache-2.0
// Templates of the keys that Trent makes in the token.
#include "hsm/key_kind.h"

namespace trent::hsm {

void add_key_attributes(Attributes& attributes, const KeyKind& kind, bool on_token) {
  attributes.number(CKA_CLASS, kind.object_class)
      .number(CKA_KEY_TYPE, kind.type)
      .number(CKA_VALUE_LEN, kind.length)
      .flag(CKA_TOKEN, on_token)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false);
  add_usage(attributes, kind.usage);
}

void add_allowed_mechanisms(Attributes& attributes, const KeyKind& kind) {
  attributes.bytes(
      CKA_ALLOWED_MECHANISMS,
      {reinterpret_cast<const std::uint8_t*>(&kind.use_mechanism), sizeof kind.use_mechanism});
}

}  // namespace trent::hsm
