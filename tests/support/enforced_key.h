// SPDX-License-Identifier: Apache-2.0
// Enforced keys whose two values the test knows, made by the ceremony of enforced_key_store.h, or
// with something left out of it.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace trent::test {

struct KnownEnforcedKey {
  std::string key_id;
  Bytes wrapping;
  Bytes mac;
  // What the wrapping key is not.
  bool trusted = true;
  bool unwrap_template = true;
  bool wrap_template = true;
  bool allowed_mechanisms = true;
  bool fixed = true;  // CKA_MODIFIABLE=false
};

// Puts them into the token, with the records of their KMS keys. To be called before Trent uses the
// token in this process: nobody else may be logged in with the security officer.
void import_enforced_keys(const std::vector<KnownEnforcedKey>& keys);

}  // namespace trent::test
