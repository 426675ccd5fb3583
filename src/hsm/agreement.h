// SPDX-License-Identifier: Apache-2.0
// ECDH (SP 800-56A, the raw x coordinate) with a private key in the token.
#pragma once

#include "base/public_key.h"
#include "hsm/attributes.h"
#include "hsm/session.h"

namespace trent::hsm {

// The shared secret as an object of these attributes. `point`: the peer's, uncompressed.
TemporaryObject derive_shared(const Session& session, CK_OBJECT_HANDLE private_key, ByteView point,
                              Attributes& attributes);

// The shared secret: as many bytes as the curve's field has.
SecretBytes agree(const Session& session, CK_OBJECT_HANDLE private_key, ByteView point);

// Whether the object agrees with others as the private key of `public_key` does.
bool agrees_with(const Session& session, CK_OBJECT_HANDLE private_key, const PublicKey& public_key);

}  // namespace trent::hsm
