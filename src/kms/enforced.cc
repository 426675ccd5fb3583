// SPDX-License-Identifier: Apache-2.0
// Which keys are enforced: see enforced.h.
#include "kms/enforced.h"

namespace trent::kms {

bool is_enforced(Service& service, const KeyMetadata& key) {
  for (const auto& account : service.accounts()) {
    if (account->key_arn(key.key_id) != key.arn) continue;
    const auto record = account->catalog.key(key.key_id);
    return record && record->enforced;
  }
  return false;
}

}  // namespace trent::kms
