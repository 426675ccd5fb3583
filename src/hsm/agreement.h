// SPDX-License-Identifier: Apache-2.0
// ECDH (SP 800-56A, the raw x coordinate) with a private key in the token.
#pragma once

#include "base/public_key.h"
#include "hsm/session.h"

namespace trent::hsm {

// The shared secret: as many bytes as the curve's field has. `point`: the peer's, uncompressed.
SecretBytes agree(const Session& session, CK_OBJECT_HANDLE private_key, ByteView point);

// Whether the object agrees with others as the private key of `public_key` does.
bool agrees_with(const Session& session, CK_OBJECT_HANDLE private_key, const PublicKey& public_key);

}  // namespace trent::hsm
