// SPDX-License-Identifier: Apache-2.0
// Moving a secret from one token to another without its value in this process: an ephemeral ECDH
// P-256 agreement between the two gives both the same transport key.
#pragma once

#include "hsm/profile.h"
#include "hsm/session.h"

namespace trent::hsm {

// One transport key, for one secret. Code in this process could put another public key in between,
// as whoever has the PIN can; a reader of its memory sees public keys and ciphertext only.
class Transport {
 public:
  // Throws UnsupportedOperationException if one of the tokens has no ECDH.
  Transport(const Session& from, const Profile& from_profile, const Session& to,
            const Profile& to_profile);

  // In two steps, so that the object `secret` of `from` can go before its copy in `to` is there.
  Bytes wrap(CK_OBJECT_HANDLE secret) const;
  // SENSITIVE, no usage. `length`: of the copy, which a token that zero-pads what it wraps has made
  // longer (Profile::zero_pads of `from`).
  TemporaryObject unwrap(ByteView wrapped, std::size_t length) const;
  // The same, as the template says.
  TemporaryObject unwrap(ByteView wrapped, Attributes& attributes) const;

  // The transport keys, at once rather than at the end of the scope, so that a failure shows.
  void destroy();

 private:
  struct Keys {
    TemporaryObject wrapping;    // in `from`
    TemporaryObject unwrapping;  // in `to`
  };
  static Keys agree(const Session& from, const Profile& from_profile, const Session& to,
                    const Profile& to_profile);

  const Session& from_;
  const Profile& from_profile_;
  const Session& to_;
  const Profile& to_profile_;
  Keys keys_;
};

}  // namespace trent::hsm
