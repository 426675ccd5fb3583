// SPDX-License-Identifier: Apache-2.0
// Which key pair of KMS's the templates of C_GenerateKeyPair ask for, if there is one.
#pragma once

#include <optional>
#include <string>

#include "pkcs11/failure.h"
#include "pkcs11/template.h"

namespace trent::pkcs11 {

struct NewKeyPair {
  std::string spec;   // KMS's KeySpec
  std::string usage;  // KMS's KeyUsage
  ByteView label;     // empty: none
};

// Throws Failure with what is in the way: CKR_MECHANISM_INVALID, CKR_KEY_SIZE_RANGE,
// CKR_DOMAIN_PARAMS_INVALID, CKR_TEMPLATE_INCONSISTENT, CKR_TEMPLATE_INCOMPLETE,
// CKR_ATTRIBUTE_READ_ONLY, CKR_ATTRIBUTE_TYPE_INVALID. A pair may get more protection than is asked
// for, but no use that KMS keys do not have, and one use only.
NewKeyPair requested_key_pair(CK_MECHANISM_TYPE mechanism, Template public_key,
                              Template private_key);

}  // namespace trent::pkcs11
