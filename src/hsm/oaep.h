// SPDX-License-Identifier: Apache-2.0
// RSAES-OAEP (RFC 8017) with private keys in the token, and secrets that are moved to and from it
// without leaving the token.
#pragma once

#include <functional>

#include "hsm/key_pair.h"
#include "hsm/wrapping.h"

namespace trent::hsm {

// A ciphertext, as long as the modulus of its key.
struct OaepSource {
  const PrivateKeyRef& key;
  Hash hash;
  ByteView ciphertext;
};
struct OaepDestination {
  const PublicKey& key;
  Hash hash;
};

// The same for who has the handle of the private key.
struct OaepCiphertext {
  const PublicKey& key;
  Hash hash;
  ByteView bytes;
};

// As PublicKey::encrypt_oaep(), by C_Encrypt. Throws UnsupportedOperationException where the token
// cannot do it with this hash.
Bytes encrypt_oaep(Token& token, const OaepDestination& destination, const SecretBytes& secret);

// The plaintext. Throws InvalidCiphertextException for whatever is wrong with the ciphertext, and
// KMSInternalException if it is the token that failed.
SecretBytes decrypt_oaep(Token& token, const OaepSource& source);

SecretBytes decrypt_oaep(const Session& session, CK_OBJECT_HANDLE key,
                         const OaepCiphertext& ciphertext);

// What the token unwraps: an object with these attributes. Throws as decrypt_oaep(), and
// UnsupportedOperationException where the token cannot do it with this hash.
TemporaryObject unwrap_oaep(const Session& session, CK_OBJECT_HANDLE key,
                            const OaepCiphertext& ciphertext, Attributes& attributes);
// Whether it can, found out with a secret of our own.
bool can_unwrap_oaep(const Session& session, const Profile& profile, CK_OBJECT_HANDLE key,
                     const PublicKey& public_key, Hash hash);

// What follows leaves the secret in the tokens (which may be one), as in wrapping.h. Throws
// UnsupportedOperationException where a token cannot do its part.

// To a symmetric key. `destination` is called once, with the length of the secret.
Bytes rewrap_from_oaep(Token& source_token, const OaepSource& source, Token& destination_token,
                       const std::function<WrappingKey(std::size_t length)>& destination);
// From a symmetric key. `payload` is exact: nothing was added to the secret.
Bytes rewrap_to_oaep(Token& source_token, const WrappingKey& source, const WrappedSecret& payload,
                     Token& destination_token, const OaepDestination& destination);
Bytes rewrap_oaep(Token& source_token, const OaepSource& source, Token& destination_token,
                  const OaepDestination& destination);

}  // namespace trent::hsm
