// SPDX-License-Identifier: Apache-2.0
// KMS keys whose material has a value that the test knows.
#pragma once

#include <string>

#include "base/bytes.h"

namespace trent::test {

// Puts the AES-256 key `value` into the token by C_CreateObject, with the attributes that Trent
// gives its own, and the record of the KMS key `key_id`. Does nothing if the key is there.
void import_known_key(ByteView value, const std::string& key_id);

// AES-ECB(key, input): what the token derives. 16 or 32 bytes of key.
SecretBytes aes_ecb(ByteView key, ByteView input);
// RFC 5649 with AES-256: what the token wraps.
SecretBytes key_wrap_pad(ByteView key, ByteView input);

}  // namespace trent::test
