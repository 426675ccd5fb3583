// SPDX-License-Identifier: Apache-2.0
// Encrypt, Decrypt and ReEncrypt with KMS keys.
#pragma once

#include "pkcs11/session.h"

namespace trent::pkcs11 {

// For C_EncryptInit and C_DecryptInit on a KMS key.
KmsOperation start_kms_operation(Session& session, Kind kind, const CK_MECHANISM& mechanism,
                                 const KmsKey& key);

// The answer for what was collected so far; remembered, so that a caller who asks for its length
// first does not do it twice.
const SecretBytes& finish_kms_operation(Session& session, Kind kind, KmsOperation& operation);

// More input. Throws CKR_DATA_LEN_RANGE, CKR_ENCRYPTED_DATA_LEN_RANGE.
void add_input(Kind kind, KmsOperation& operation, ByteView input);

}  // namespace trent::pkcs11
