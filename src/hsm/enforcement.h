// SPDX-License-Identifier: Apache-2.0
// Whether a token does what enforced keys rest on: tried, and not believed.
#pragma once

#include <string>

#include "base/error.h"
#include "hsm/profile.h"
#include "hsm/session.h"

namespace trent::hsm {

// UnsupportedOperationException; `why` is a clause.
Error cannot_enforce(const std::string& why, CK_RV rv = CKR_OK);

// Tries with session objects what can be tried without the security officer: that nobody else makes
// a trusted key, and that CKA_WRAP_WITH_TRUSTED and CKA_UNWRAP_TEMPLATE are kept to. Throws
// UnsupportedOperationException that says what is not.
void require_enforcement(const Session& session, const Profile& profile);

// The same of an enforced key, with a secret that it wraps.
void require_enforcement_by(const Session& session, const Profile& profile,
                            CK_OBJECT_HANDLE wrapping);

}  // namespace trent::hsm
