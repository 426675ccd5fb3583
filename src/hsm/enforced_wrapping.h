// SPDX-License-Identifier: Apache-2.0
// The token operations behind Encrypt and ReEncrypt with enforced keys. Secrets are wrapped with
// RFC 5649 under the key itself. There is none that unwraps to this process.
#pragma once

#include "base/bytes.h"
#include "hsm/enforced_key.h"
#include "hsm/wrapping.h"

namespace trent::hsm {

// Imports `secret` as a session object and wraps it.
Bytes wrap(Token& token, const EnforcedKeyRef& key, ByteView secret);

// Makes a random secret of `length` bytes in the token and wraps it.
Bytes wrap_new_secret(Token& token, const EnforcedKeyRef& key, std::size_t length);

// Moves a secret inside the token, from an enforced key or from a base key. Errors as for rewrap()
// of wrapping.h.
Bytes rewrap(Token& token, const EnforcedKeyRef& source, const WrappedSecret& payload,
             const EnforcedKeyRef& destination);
Bytes rewrap(Token& token, const WrappingKey& source, const WrappedSecret& payload,
             const EnforcedKeyRef& destination);

// HMAC-SHA-256, by the key's second object.
Bytes generate_tag(Token& token, const EnforcedKeyRef& key, ByteView message);

}  // namespace trent::hsm
