// SPDX-License-Identifier: Apache-2.0
// The token operations behind Encrypt, Decrypt, ReEncrypt and data keys: secrets wrapped with
// RFC 5649 under one-time keys that are derived from base keys.
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "hsm/base_key.h"
#include "hsm/secret.h"

namespace trent::hsm {

class Token;

// A base key and the 32 bytes from which this use of it derives its one-time key.
struct WrappingKey {
  const BaseKeyRef& base_key;
  const Sha256& derivation_data;
};

// Imports `secret` as a session object and wraps it.
Bytes wrap(Token& token, const WrappingKey& key, ByteView secret);

// The wrapped secret's value. Throws InvalidCiphertextException if `payload` was not wrapped under
// this key, and KMSInternalException if it is the token that failed.
SecretBytes unwrap(Token& token, const WrappingKey& key, const WrappedSecret& payload);

// For what is to stay in the token: throws UnsupportedOperationException if it does not keep it.
void require_secrecy(const Profile& profile);

// What follows leaves the secret in the token, and throws UnsupportedOperationException where the
// self-test has shown that the token does not keep secret what it is told to.

// Makes a random secret of `length` bytes in the token and wraps it; its value never leaves.
Bytes wrap_new_secret(Token& token, const WrappingKey& key, std::size_t length);

// Moves a secret from one key to another inside the token: derive, C_UnwrapKey, derive, C_WrapKey,
// and three C_DestroyObject. No readable object, no value in this process. Errors as for unwrap();
// a wrong length is one of them where the token tells it (Profile::value_len).
Bytes rewrap(Token& token, const WrappingKey& source, const WrappedSecret& payload,
             const WrappingKey& destination);

// rewrap() from one token to another, through a transport key that both agree on. Zero bytes that
// the source's token fills up with stay (Profile::zero_pads).
Bytes rewrap_across(Token& source_token, const WrappingKey& source, const WrappedSecret& payload,
                    Token& destination_token, const WrappingKey& destination);

// An object of an application's in the token. Opaque to those who know no PKCS#11.
struct ApplicationObject {
  unsigned long handle = 0;
  std::uint64_t generation = 0;  // Module::generation() in which the handle means something
};
// It is not there any more, which is not the connection's fault.
class ApplicationObjectGone : public Error {
 public:
  ApplicationObjectGone()
      : Error(ErrorCode::NotFound, "The object to be wrapped is not in the token any more.") {}
};
// Where an unwrapped secret is to live: in an application's session, as it wants it.
struct ApplicationTemplate {
  const Session& session;
  CK_ATTRIBUTE_PTR attributes;
  CK_ULONG count;
};

// Wraps an object that is there; its value stays in the token. Throws ApplicationObjectGone.
Bytes wrap(Token& token, const WrappingKey& key, ApplicationObject object);

// Makes an object from what `payload` wraps; its value stays in the token, and it is as SENSITIVE
// and as little EXTRACTABLE as the template says. Errors as for unwrap(); those that the template
// causes come with the token's own CK_RV.
ApplicationObject unwrap(Token& token, const WrappingKey& key, const WrappedSecret& payload,
                         const ApplicationTemplate& destination);

// Longest secret that the token can wrap and unwrap again, in bytes, up to 4096; found by trying.
std::size_t longest_secret(Token& token);

}  // namespace trent::hsm
