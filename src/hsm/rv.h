// SPDX-License-Identifier: Apache-2.0
// CK_RV: names, and what a failed token call means to a KMS caller.
#pragma once

#include <p11-kit/pkcs11.h>

#include <string>

#include "base/error.h"

namespace trent::hsm {

// "CKR_DEVICE_ERROR"; numbers that PKCS#11 does not name come as "CKR 0x80000001".
std::string rv_name(CK_RV rv);

// The error for a `function` ("C_WrapKey") that failed with `rv`, whatever it was doing.
// Never InvalidCiphertext: only the caller of C_UnwrapKey can know that (see wrapping.cc).
Error token_error(const std::string& function, CK_RV rv);

// The token said that it made the object `label`, and does not have it: SoftHSM on a full disk.
Error not_kept(const std::string& label);

// The session, the login or a handle is gone, and a fresh connection may well work.
bool is_lost(CK_RV rv);

// The token failed, which says nothing of what it can do.
bool is_fault(CK_RV rv);

}  // namespace trent::hsm
