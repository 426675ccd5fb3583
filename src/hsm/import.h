// SPDX-License-Identifier: Apache-2.0
// Key material from outside: it arrives wrapped under an RSA key pair whose private half is in the
// token, and is unwrapped there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/public_key.h"
#include "hsm/key_ref.h"
#include "hsm/session.h"

namespace trent::hsm {

class Token;

// Whether this process may see what the token cannot unwrap itself.
enum class HostImport { Never, Allowed };

// Makes the pair, keeps the private half as a token object of that name, which unwraps and does
// nothing else, and returns the public one, as DER SubjectPublicKeyInfo. Where the token does not
// unwrap with this hash, the key decrypts as well if that is allowed; otherwise this throws
// UnsupportedOperationException. Leaves nothing behind if it throws.
Bytes make_import_key(Token& token, const std::string& label, const Fingerprint& id,
                      const KeyPairKind& pair, Hash hash, HostImport host);

// The name of the one with this CKA_ID; nullopt if there is none.
std::optional<ObjectName> find_import_key(Token& token, const Fingerprint& id);
// Of all whose labels begin so.
std::vector<ObjectName> list_import_keys(Token& token, std::string_view prefix);

// The key itself (a secret key), or its PKCS#8 DER (RFC 5958; a private key).
struct WrappedMaterial {
  ObjectName import_key;
  Hash hash;
  bool aes_between;  // first an AES key by RSAES-OAEP, then the material by RFC 5649 under it
  ByteView bytes;
};

// The key that is to be made of it.
struct ImportedKind {
  KeyKind kind;
  // Of a secret key: what its value makes of its id.
  std::function<Fingerprint(const Session& session, CK_OBJECT_HANDLE key)> id_of;
  // Of a private key: which pair it is of, and what the public key (DER) makes of its id.
  const KeyPairKind* pair = nullptr;
  std::function<Fingerprint(ByteView public_key)> id_of_public{};
};

struct ImportedId {
  Fingerprint id{};
  std::shared_ptr<const PublicKey> public_key{};  // of a private key
  bool in_host = false;  // this process has seen the material, or the key that it was under
};
// The id of the key that the material makes. Leaves nothing in the token. Throws
// InvalidCiphertextException if it does not unwrap, and IncorrectKeyMaterialException if it is no
// such key.
ImportedId imported_id(Token& token, const WrappedMaterial& material, const ImportedKind& wanted,
                       HostImport host);

// Makes the key that imported_id() has found a token object with this label and its id. Leaves
// nothing behind if it throws.
void import_key(Token& token, const WrappedMaterial& material, const ImportedKind& wanted,
                HostImport host, const std::string& label, const ImportedId& imported);

}  // namespace trent::hsm
