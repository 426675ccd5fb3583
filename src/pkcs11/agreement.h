// SPDX-License-Identifier: Apache-2.0
// DeriveSharedSecret with KMS keys: C_DeriveKey by CKM_ECDH1_DERIVE.
#pragma once

#include <array>

#include "pkcs11/object.h"
#include "pkcs11/session.h"
#include "pkcs11/template.h"

namespace trent::pkcs11 {

// The curves have no cofactor but 1, so both are the same.
inline constexpr std::array<CK_MECHANISM_TYPE, 2> kAgreementMechanisms{CKM_ECDH1_DERIVE,
                                                                       CKM_ECDH1_COFACTOR_DERIVE};

// The shared secret, or the end of it, as a key of the application's in the backend. It is no KMS
// key, and the token does not know it as one that was always sensitive, for it passes through here.
// Throws CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID,
// CKR_KEY_SIZE_RANGE, CKR_TEMPLATE_INCOMPLETE, CKR_TEMPLATE_INCONSISTENT.
CK_OBJECT_HANDLE derive_with_kms_key(Session& session, const CK_MECHANISM& mechanism,
                                     const KmsKey& key, Template attributes);

}  // namespace trent::pkcs11
