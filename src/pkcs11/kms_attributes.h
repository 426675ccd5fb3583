// SPDX-License-Identifier: Apache-2.0
// What a KMS key looks like as an object, or as two.
#pragma once

#include <optional>
#include <span>

#include "base/bytes.h"
#include "kms/requests.h"
#include "pkcs11/object.h"
#include "pkcs11/slot.h"

namespace trent::pkcs11 {

// The objects of a key: one secret key, or a private and a public one.
std::span<const KeyPart> parts_of(const kms::KeyMetadata& key);

// nullopt: the object has no such attribute, or does not show it.
std::optional<Bytes> attribute_of(Slot& slot, const kms::KeyMetadata& key, KeyPart part,
                                  CK_ATTRIBUTE_TYPE type);

// Whether it is what no key shows.
bool is_secret_attribute(CK_ATTRIBUTE_TYPE type);

// What all symmetric keys have in common; nullopt for what depends on the key, or none has.
std::optional<Bytes> symmetric_attribute(CK_ATTRIBUTE_TYPE type);

// Whether any KMS key's object can have this value: only a search for what some have needs a
// listing.
bool may_match(const CK_ATTRIBUTE& wanted);

}  // namespace trent::pkcs11
