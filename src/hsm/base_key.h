// SPDX-License-Identifier: Apache-2.0
// Base keys: AES-256 keys in the token that derive one-time wrapping keys and do nothing else.
#pragma once

#include <p11-kit/pkcs11.h>

#include "base/openssl.h"
#include "hsm/key_ref.h"
#include "hsm/session.h"

namespace trent::hsm {

struct Profile;

// Its id is what only the key's value yields: AES-256-ECB(K, the input that belongs to it).
struct BaseKeyRef : KeyRef {
  Sha256 fingerprint_input;  // what the key must encrypt to `id`
};

// A base key that was found: its handle in the token or, where the token allows it, that of a copy
// in the anchor session, which is faster to derive from.
class BaseKey {
 public:
  // `anchor` must outlive the key. `copy` may be CK_INVALID_HANDLE.
  BaseKey(const Session& anchor, CK_OBJECT_HANDLE object, CK_OBJECT_HANDLE copy)
      : anchor_(anchor), object_(object), copy_(copy) {}
  ~BaseKey();
  BaseKey(const BaseKey&) = delete;
  BaseKey& operator=(const BaseKey&) = delete;

  CK_OBJECT_HANDLE handle() const { return copy_ != CK_INVALID_HANDLE ? copy_ : object_; }

 private:
  const Session& anchor_;
  CK_OBJECT_HANDLE object_;
  CK_OBJECT_HANDLE copy_;
};

// Derives the fingerprint into a readable 32-byte object, reads and destroys it.
Fingerprint fingerprint(const Session& session, CK_OBJECT_HANDLE base_key, const Sha256& input);

// Whether the object's value is the one that `ref` names.
bool is_key_of(const Session& session, CK_OBJECT_HANDLE object, const BaseKeyRef& ref);

enum class Purpose { Wrap, Unwrap };

// C_DeriveKey(CKM_AES_ECB_ENCRYPT_DATA, derivation_data): the AES-256 session key for one wrap or
// one unwrap.
TemporaryObject derive_one_time_key(const Session& session, const Profile& profile,
                                    CK_OBJECT_HANDLE base_key, const Sha256& derivation_data,
                                    Purpose purpose);

// Whether a token that answers `rv` to a restricted template may well take one that asks for less.
bool is_refused(CK_RV rv);

}  // namespace trent::hsm
