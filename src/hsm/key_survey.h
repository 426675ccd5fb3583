// SPDX-License-Identifier: Apache-2.0
// All keys of a token that are Trent's, each looked at by its handle: in a token of many objects,
// nothing costs more than to look for one of them.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hsm/key_attributes.h"

namespace trent::hsm {

class Token;

struct KeyState : KeyAttributes {
  CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
  bool proven = false;  // its value is the one that its id names
};
struct KeySurvey {
  std::vector<KeyState> keys;
  std::vector<std::string> unreadable;  // why, one for each key that cannot be read
};

// What a key is to be.
struct Expectation {
  KeyKind kind;
  std::function<bool(const Session& session, CK_OBJECT_HANDLE key, ByteView id)> is_proven;
  // What is exposed of it beside that which its usage and secrecy tell; may be empty.
  std::function<std::vector<std::string>(const Session& session, CK_OBJECT_HANDLE key)> weaknesses;
};
// nullopt: it is none of Trent's.
using Expect =
    std::function<std::optional<Expectation>(CK_OBJECT_CLASS object_class, const KeyFacts& facts)>;

// Looks at all keys of these classes of which `expect` knows what they are to be.
KeySurvey survey_keys(Token& token, std::span<const CK_OBJECT_CLASS> classes, const Expect& expect);

}  // namespace trent::hsm
