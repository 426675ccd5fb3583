// SPDX-License-Identifier: Apache-2.0
// Which keys are enforced in the token, for doors that show it, or that have to say beforehand how
// long a ciphertext will be. KMS's metadata do not tell.
#pragma once

#include "kms/service.h"

namespace trent::kms {

// `key`: what DescribeKey has just answered.
bool is_enforced(Service& service, const KeyMetadata& key);

}  // namespace trent::kms
