// SPDX-License-Identifier: Apache-2.0
// Keys in the token that somebody else made, looked for by a PKCS#11 URI (RFC 7512).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/public_key.h"
#include "hsm/key_attributes.h"

namespace trent::hsm {

class Token;

// A secret key, or the private one of a pair.
struct FoundKey {
  CK_OBJECT_CLASS object_class;
  KeyFacts facts;
  bool is_private;            // nobody uses it without the PIN: CKA_PRIVATE
  bool always_authenticates;  // it asks for the PIN at each use: CKA_ALWAYS_AUTHENTICATE
  // Of a private key; null if the token does not show it.
  std::shared_ptr<const PublicKey> public_key;

  ObjectName name() const { return {facts.label, facts.id}; }
  // "an RSA key of 2048 bits"
  std::string description() const;
  bool is_of(const KeyKind& kind) const;  // as far as the token tells the length
  bool is_of(const KeyPairKind& pair) const;
};

// The keys of the token that the URI names. Throws ValidationException if it is none, or does not
// name a key by `object` or `id`.
std::vector<FoundKey> find_keys(Token& token, const std::string& uri);

}  // namespace trent::hsm
