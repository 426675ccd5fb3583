// SPDX-License-Identifier: Apache-2.0
// Key pairs whose private key never leaves the token: made, proven and used.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/public_key.h"
#include "hsm/base_key.h"
#include "hsm/key_ref.h"
#include "hsm/wrapping.h"

namespace trent::hsm {

class Connection;
class Token;

struct PrivateKeyRef : KeyRef {
  std::shared_ptr<const PublicKey> public_key;  // which proves it
};

// Makes a private and a public key as token objects with this label, whose CKA_ID is what `id_of`
// makes of the public key. Returns that, as DER SubjectPublicKeyInfo. Leaves nothing behind if it
// throws. Throws UnsupportedOperationException if the token has no such keys.
Bytes generate_key_pair(Token& token, const std::string& label, const KeyPairKind& pair,
                        PairUse use, const std::function<Fingerprint(ByteView)>& id_of);

// The two objects of one C_GenerateKeyPair.
struct MadePair {
  TemporaryObject public_key;
  TemporaryObject private_key;
};
MadePair generate_objects(const Session& session, const KeyPairKind& pair,
                          Attributes& public_attributes, Attributes& private_attributes);
// The template of the public half, without label and usage.
void add_public_key(Attributes& attributes, const KeyPairKind& pair, bool on_token);

// The public key that the token tells of an object of that kind, as DER SubjectPublicKeyInfo: a
// public key, or a private one that has what is public with it.
Bytes read_public_key(const Session& session, CK_OBJECT_HANDLE object, const KeyPairKind& pair);

// Whether the object is the private key of the public one.
bool is_private_key_of(const Session& session, CK_OBJECT_HANDLE object, const PrivateKeyRef& ref);

// Errors as for Connection::key().
CK_OBJECT_HANDLE private_key(Connection& connection, const Session& session,
                             const PrivateKeyRef& ref);

// Throws the same if it is not there, or not the private key of its public one.
void prove_private_key(Token& token, const PrivateKeyRef& ref);

// ECDH (SP 800-56A): the x coordinate of the shared point, as long as the curve's field. The peer's
// key is on the same curve.
SecretBytes agree(Token& token, const PrivateKeyRef& ref, const PublicKey& peer);

// A key pair for use outside: the public key in clear, and the private one (PKCS#8 DER) wrapped,
// but never in this process. `wrapping_key` is called once with the length of what is wrapped,
// which is the private key and, from a token that zero-pads, up to seven zero bytes. Throws
// UnsupportedOperationException if the token does not let go of such keys.
struct WrappedKeyPair {
  Bytes public_key;
  Bytes private_key;
};
WrappedKeyPair wrap_new_key_pair(
    Token& token, const KeyPairKind& pair,
    const std::function<WrappingKey(std::size_t length)>& wrapping_key);

// A signature of a digest of that hash, or of a message (Eddsa), in the form that
// PublicKey::verifies() takes.
Bytes sign(Token& token, const PrivateKeyRef& ref, SignatureScheme scheme, Hash hash,
           ByteView input);

}  // namespace trent::hsm
