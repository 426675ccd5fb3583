// SPDX-License-Identifier: Apache-2.0
// Secrets as session objects of the token: imported, generated, wrapped and unwrapped.
#pragma once

#include <p11-kit/pkcs11.h>

#include <span>

#include "base/bytes.h"
#include "hsm/profile.h"
#include "hsm/session.h"

namespace trent::hsm {

// Every token that Trent knows of takes secrets of this size, in bytes.
inline constexpr std::size_t kEveryTokenTakes = 64;

// RFC 5649, and the length of what is wrapped as the blob tells it.
struct WrappedSecret {
  ByteView bytes;
  std::size_t length;
};

// RFC 5649 wrap of an object.
Bytes wrap_object(const Session& session, const Profile& profile, CK_OBJECT_HANDLE wrapping_key,
                  CK_OBJECT_HANDLE object);

enum class Readable {
  No,
  Yes,    // the value is to be read, for Decrypt
  Never,  // nor can it be wrapped under a key that is not trusted: see enforced_key.h
};

// The template of a secret on its way through the token. SENSITIVE unless it is to be read; PRIVATE
// always: SoftHSM then keeps even its own copy masked in memory. `brief`: see UnwrapTemplate.
void add_payload_attributes(Attributes& attributes, Readable readable, bool brief = false);
// What has to come last in it: SoftHSM takes no attribute behind CKA_MODIFIABLE=false.
void end_payload_attributes(Attributes& attributes, Readable readable);

TemporaryObject import_secret(const Session& session, ByteView value,
                              Readable readable = Readable::No);
TemporaryObject generate_secret(const Session& session, std::size_t length,
                                Readable readable = Readable::No);

// The call itself, for an object of any kind. What its answer means is the caller's affair.
CK_RV try_unwrap(const Session& session, const Profile& profile, CK_OBJECT_HANDLE unwrapping_key,
                 ByteView wrapped, std::span<CK_ATTRIBUTE> attributes, CK_OBJECT_HANDLE* object);
// The same for a secret.
CK_RV try_unwrap(const Session& session, const Profile& profile, CK_OBJECT_HANDLE unwrapping_key,
                 const WrappedSecret& payload, Readable readable, CK_OBJECT_HANDLE* object);

// The one place where a payload becomes an object: all failures of the unwrap itself look the same
// to the caller, InvalidCiphertextException; a token that fails is KMSInternalException, and one
// that cannot do it with any payload UnsupportedOperationException. An object that is not to be
// read has the announced length, where the token tells that.
TemporaryObject unwrap_object(const Session& session, const Profile& profile,
                              CK_OBJECT_HANDLE unwrapping_key, const WrappedSecret& payload,
                              Readable readable);

// Throws InvalidCiphertextException if the token knows that the object has another length.
void require_length(const Session& session, const Profile& profile, CK_OBJECT_HANDLE object,
                    std::size_t length);

// A throw-away AES-256 key, of this session only, to wrap secrets under and to unwrap them again.
TemporaryObject make_wrapping_key(const Session& session);

// Whether a secret of this length comes back after a wrap under a throw-away key.
bool round_trip(const Session& session, const Profile& profile, std::size_t length);

}  // namespace trent::hsm
