// SPDX-License-Identifier: Apache-2.0
// Encryption context: the public name-value pairs that a ciphertext is bound to.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace trent::blob {

// Ordered by the keys' bytes, as the canonical form wants it. Absent and empty are the same.
using EncryptionContext = std::map<std::string, std::string>;

// Largest canonical form, in bytes (what AWS KMS demands of external key stores as AAD).
inline constexpr std::size_t kMaxCanonicalContext = 8192;

// From a JSON object of strings, e.g. {"tenant":"acme"}.
// Throws ValidationException: empty (as from a variable that is not set), not JSON, not an object,
// a value that is no string, a name that occurs twice, bytes that are not UTF-8, canonical form
// above kMaxCanonicalContext.
EncryptionContext parse_encryption_context(std::string_view json);

// The form that is hashed (docs/blob-format.md): u32 n, then for each pair u32 |k|, k, u32 |v|, v.
// Throws ValidationException above kMaxCanonicalContext, or for text that is not UTF-8.
Bytes canonical_context(const EncryptionContext& context);

}  // namespace trent::blob
