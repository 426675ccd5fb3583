// SPDX-License-Identifier: Apache-2.0
// Key material that somebody else has made (KMS Developer Guide, "Importing key material for AWS
// KMS keys"): brought, deleted, and brought again.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/config.h"
#include "hsm/import.h"
#include "kms/account.h"
#include "kms/key.h"
#include "kms/key_spec.h"

namespace trent::kms {

// Throws UnsupportedOperationException unless the key is of origin EXTERNAL.
void require_external(const catalog::KeyRecord& record, const std::string& key_arn);

// What host-reencrypt says.
inline hsm::HostImport host_import(const Config& config) {
  return config.host_reencrypt ? hsm::HostImport::Allowed : hsm::HostImport::Never;
}

// Throws UnsupportedOperationException if Trent imports no keys of this spec.
void require_importable(catalog::KeySpec spec);

// What one request says of the material.
struct ImportWish {
  std::optional<bool> is_new;  // ImportType; default: the first one is
  std::optional<std::string> id;
  std::optional<catalog::Timestamp> valid_to;
  std::optional<std::string> description;
};

// Brings the material in: into the token, and then into the record, which makes it count. Throws
// IncorrectKeyMaterialException or KMSInvalidStateException if it cannot be the key's. Returns its
// id, and whether this process has seen it.
hsm::ImportedId import_material(const hsm::ChangeLock& lock, const Key& key,
                                const hsm::WrappedMaterial& material, const ImportWish& wish,
                                hsm::HostImport host);

// Marks the material as deleted, if `condition` holds for it as it is at that moment, and then
// destroys it. Returns false if it does not hold, or there is no such material.
bool delete_material(const hsm::ChangeLock& lock, Account& account, const std::string& key_id,
                     const blob::KeyMaterialId& id,
                     const std::function<bool(const catalog::KeyMaterial& material)>& condition);

// Removes the wrapping keys whose time is over. Returns how many.
std::size_t remove_expired_parameters(const hsm::ChangeLock& lock, Account& account);

}  // namespace trent::kms
