// SPDX-License-Identifier: Apache-2.0
// A material that was put into the token under catalog::staged_label(), before the key's record
// named it, and what becomes of it then: the change of the record is what counts.
#pragma once

#include "kms/account.h"

namespace trent::kms {

// The record was not changed. Destroys the material, unless that cannot be told: then it is left to
// `trent check --repair`.
void withdraw_staged(const hsm::ChangeLock& lock, Account& account, const std::string& key_id,
                     const blob::KeyMaterialId& material);

// The record names the material, which gets its own name. It is found by the other one, too, but
// slower. Returns false if it is not in the token: a repair on another host took it for remains.
bool name_material(Account& account, const catalog::KeyRecord& record,
                   const blob::KeyMaterialId& material);

// Destroys a material that the record does not keep, under either name.
void destroy_material(Account& account, const std::string& key_id,
                      const blob::KeyMaterialId& material);

}  // namespace trent::kms
