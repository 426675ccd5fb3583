// SPDX-License-Identifier: Apache-2.0
// How a key is found in the token.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/encoding.h"
#include "hsm/key_kind.h"

namespace trent::hsm {

// 32 bytes by which a key is proven to be the right one.
using Fingerprint = std::array<std::uint8_t, 32>;

// What an object is called in the token. Both together name one key of a class.
struct ObjectName {
  std::string label;  // CKA_LABEL
  Bytes id;           // CKA_ID

  bool operator==(const ObjectName&) const = default;
  // For a person.
  std::string text() const { return label.empty() ? "with CKA_ID " + to_hex(id) : label; }
};

// What every kind of key adds to says how its value proves `id`.
struct KeyRef {
  ObjectName name;
  Fingerprint id;  // of a key that Trent made, its CKA_ID
  KeyKind kind;
};

// Of a key that Trent made.
inline KeyRef own_key_ref(std::string label, const Fingerprint& id, const KeyKind& kind) {
  return {{std::move(label), Bytes(id.begin(), id.end())}, id, kind};
}

}  // namespace trent::hsm
