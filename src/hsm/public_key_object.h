// SPDX-License-Identifier: Apache-2.0
// Public keys as session objects of a token, for who wants the token to do what needs no secret.
#pragma once

#include "base/public_key.h"
#include "hsm/session.h"

namespace trent::hsm {

class Token;

// DER OCTET STRING of up to 255 bytes, as CKA_EC_POINT has its point.
Bytes octet_string(ByteView content);

// `use`: CKA_VERIFY, CKA_ENCRYPT or CKA_WRAP.
TemporaryObject import_public_key(const Session& session, const PublicKey& key,
                                  CK_ATTRIBUTE_TYPE use);

// As PublicKey::verifies(), by C_Verify.
bool verifies(Token& token, const PublicKey& key, SignatureScheme scheme, Hash hash, ByteView input,
              ByteView signature);

}  // namespace trent::hsm
