// SPDX-License-Identifier: Apache-2.0
// Sign, Verify, GenerateMac and VerifyMac with KMS keys, by the mechanisms of the standard.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "kms/requests.h"
#include "pkcs11/object.h"
#include "pkcs11/operation.h"
#include "pkcs11/session.h"

namespace trent::pkcs11 {

// Those by which a KMS key signs or makes MACs.
std::vector<CK_MECHANISM_TYPE> signing_mechanisms(const kms::KeyMetadata& key);

// For C_SignInit and C_VerifyInit. Throws CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID,
// CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED.
KmsSignature start_signature(Session& session, Kind kind, const CK_MECHANISM& mechanism,
                             const KmsKey& key);

// More of what is signed. Throws CKR_DATA_LEN_RANGE.
void add_signed(KmsSignature& signature, ByteView part);

// The signature of what was added; in the form of PKCS#11. Throws CKR_DATA_LEN_RANGE,
// CKR_DATA_INVALID.
Bytes make_signature(Session& session, KmsSignature& signature);
// Throws CKR_SIGNATURE_LEN_RANGE; CKR_SIGNATURE_INVALID comes by KMS's own error.
void check_signature(Session& session, KmsSignature& signature, ByteView value);

}  // namespace trent::pkcs11
