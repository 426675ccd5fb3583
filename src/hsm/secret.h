// Secrets as session objects of the token: imported, generated, wrapped and unwrapped.
#pragma once

#include <p11-kit/pkcs11.h>

#include "base/bytes.h"
#include "hsm/profile.h"
#include "hsm/session.h"

namespace trent::hsm {

TemporaryObject import_secret(const Session& session, ByteView value);
TemporaryObject generate_secret(const Session& session, std::size_t length);

// RFC 5649 wrap of an object.
Bytes wrap_object(const Session& session, const Profile& profile, CK_OBJECT_HANDLE wrapping_key,
                  CK_OBJECT_HANDLE object);

enum class Readable { No, Yes };  // Yes: the value is to be read, for Decrypt

// The one place where a payload becomes an object: all failures of the unwrap itself look the same
// to the caller, InvalidCiphertextException; a token that fails is KMSInternalException.
TemporaryObject unwrap_object(const Session& session, const Profile& profile,
                              CK_OBJECT_HANDLE unwrapping_key, ByteView payload, Readable readable);

// Whether a secret of this length comes back after a wrap under a throw-away key.
bool round_trip(const Session& session, const Profile& profile, std::size_t length);

}  // namespace trent::hsm
