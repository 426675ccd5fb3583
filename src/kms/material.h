// SPDX-License-Identifier: Apache-2.0
// What a key is made of in the token, whatever its spec: made, and found again.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "catalog/key_record.h"
#include "hsm/base_key.h"
#include "hsm/change_lock.h"
#include "hsm/enforced_key.h"
#include "hsm/import.h"
#include "hsm/key_pair.h"
#include "hsm/key_survey.h"
#include "hsm/mac_key.h"

namespace trent::kms {

// Makes a material of the key in the token, under this label; its id proves it. Leaves nothing
// behind if it throws.
catalog::KeyMaterial make_material(hsm::Token& token, const catalog::KeyRecord& record,
                                   const std::string& label);

// The same of an enforced key, which the security officer has to make.
catalog::KeyMaterial make_enforced_material(const hsm::ChangeLock& lock, hsm::Token& token,
                                            const catalog::KeyRecord& record,
                                            const SecretBytes& so_pin);

// The same of the object that the record was adopted from. `public_key`: the one that was found.
// Throws what makes the token not use the object so.
catalog::KeyMaterial adopt_material(hsm::Token& token, const catalog::KeyRecord& record,
                                    std::shared_ptr<const PublicKey> public_key);

// What is made of a material that somebody brings.
hsm::ImportedKind imported_kind(const catalog::KeyRecord& record);

// Whether the token has an object of this material, proven to be it. Throws KMSInternalException if
// an object has its name only.
bool has_material_object(hsm::Token& token, const catalog::KeyRecord& record,
                         const hsm::ImportedId& material);

// The id of a material that Trent made, from CKA_ID; nullopt: it is none.
std::optional<blob::KeyMaterialId> material_id(ByteView id);

// What the key is in the token.
hsm::KeyKind key_kind(const catalog::KeyRecord& record);

// How the token finds a material, by the kind of the key.
hsm::BaseKeyRef base_key_ref(const catalog::KeyRecord& record, const blob::KeyMaterialId& id);
hsm::KeyRef material_ref(const catalog::KeyRecord& record, const blob::KeyMaterialId& id);
hsm::EnforcedKeyRef enforced_key_ref(const catalog::KeyRecord& record,
                                     const blob::KeyMaterialId& id);
hsm::PrivateKeyRef private_key_ref(const catalog::KeyRecord& record);  // the current one
hsm::MacKeyRef mac_key_ref(const catalog::KeyRecord& record, const blob::KeyMaterialId& id);

// What is expected of an object of this type that is named as a material of the key.
hsm::Expectation expectation(const catalog::KeyRecord& record, CK_KEY_TYPE type);

}  // namespace trent::kms
