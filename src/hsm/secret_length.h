// SPDX-License-Identifier: Apache-2.0
// How long a secret in the token is, where nothing outside tells it.
#pragma once

#include "hsm/profile.h"
#include "hsm/session.h"

namespace trent::hsm {

// In bytes, without learning anything else of it. Throws UnsupportedOperationException if the token
// gives no way to find out.
std::size_t secret_length(const Session& session, const Profile& profile, CK_OBJECT_HANDLE secret);

// A private key, as the secret that it is wrapped as (PKCS#8), with zero bytes behind it if the
// token zero-pads. `length` gets that of the secret. Throws UnsupportedOperationException if the
// token does not wrap such keys.
TemporaryObject private_key_as_secret(const Session& session, const Profile& profile,
                                      CK_OBJECT_HANDLE private_key, std::size_t& length);

}  // namespace trent::hsm
