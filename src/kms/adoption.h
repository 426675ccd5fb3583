// SPDX-License-Identifier: Apache-2.0
// A KMS key from a key that somebody else has made in the token: CreateKey with the origin
// EXTERNAL_KEY_STORE. docs/adopt.md says what works with which of the object's attributes.
#pragma once

#include "catalog/key_record.h"
#include "kms/account.h"
#include "kms/requests.h"

namespace trent::kms {

// Whether the request names a key to adopt. Throws ValidationException if it says it by halves.
bool is_adoption(const CreateKeyRequest& request);

// Fills in what the object that is named says of the record: spec, usage, object and material.
// Throws XksKeyNotFoundException, XksKeyInvalidConfigurationException or ValidationException if it
// can be no such key.
void adopt(Account& account, const CreateKeyRequest& request, catalog::KeyRecord& record);

// Throws XksKeyAlreadyInUseException if another key has the record's object or public key.
void require_unused(Account& account, const catalog::KeyRecord& record);

}  // namespace trent::kms
