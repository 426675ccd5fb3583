// SPDX-License-Identifier: Apache-2.0
// Staged materials: see staging.h.
#include "kms/staging.h"

#include "base/error.h"
#include "hsm/base_key_store.h"

namespace trent::kms {

void withdraw_staged(const hsm::ChangeLock& lock, Account& account, const std::string& key_id,
                     const blob::KeyMaterialId& material) {
  try {
    const auto now = account.catalog.key(lock, key_id);
    if (!now || !now->keeps_material(material))
      hsm::destroy_key(account.token, catalog::staged_label(key_id), material);
  } catch (const Error&) {  // the first failure is the one to report
  }
}

bool name_material(Account& account, const catalog::KeyRecord& record,
                   const blob::KeyMaterialId& material) {
  try {
    return hsm::rename_key(account.token, catalog::staged_label(record.key_id), record.label(),
                           material);
  } catch (const Error&) {  // `trent check --repair` does it
    return true;
  }
}

void destroy_material(Account& account, const std::string& key_id,
                      const blob::KeyMaterialId& material) {
  for (const std::string& label : {catalog::key_label(key_id), catalog::staged_label(key_id)})
    hsm::destroy_key(account.token, label, material);
  // Who was in the middle of using it may have made a copy in between.
  account.token.forget_base_key(material);
}

}  // namespace trent::kms
