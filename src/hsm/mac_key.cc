// SPDX-License-Identifier: Apache-2.0
// Making HMAC keys, and using them.
#include "hsm/mac_key.h"

#include <algorithm>
#include <optional>

#include "hsm/make_key.h"
#include "hsm/sign_with.h"

namespace trent::hsm {

namespace {

Bytes mac_of(const Session& session, const KeyKind& kind, CK_OBJECT_HANDLE key, ByteView message) {
  return sign_with(session, key, {kind.mechanisms.front(), nullptr, 0}, message);
}

Fingerprint make(Connection& connection, const Session& session, const MacKeyRef& ref,
                 bool restricted, std::optional<Fingerprint>& made) {
  const bool copies = connection.profile(session).session_copies;
  Attributes attributes;
  add_key_attributes(attributes, ref.kind, !copies);
  if (restricted) add_allowed_mechanisms(attributes, ref.kind);
  attributes.text(CKA_LABEL, ref.name.label);
  CK_MECHANISM mechanism{ref.kind.generation, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_GenerateKey>(&mechanism, attributes.data(), attributes.size(),
                                                 &handle);
  TemporaryObject key(session, handle);
  const Fingerprint id = mac_key_id(session, handle, ref);
  made = id;
  keep_key(session, key, copies, ref.name.label, id);
  return id;
}

}  // namespace

Fingerprint generate_mac_key(Token& token, const MacKeyRef& ref) {
  return make_key(token, ref.name.label,
                  [&](Connection& connection, const Session& session, bool restricted,
                      std::optional<Fingerprint>& made) {
                    return make(connection, session, ref, restricted, made);
                  });
}

Fingerprint mac_key_id(Token& token, const MacKeyRef& ref) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    const auto any = [](CK_OBJECT_HANDLE) { return true; };
    return mac_key_id(session, connection.find_key(session, ref, any), ref);
  });
}

Fingerprint mac_key_id(const Session& session, CK_OBJECT_HANDLE object, const MacKeyRef& ref) {
  return ref.id_of(mac_of(session, ref.kind, object, ref.trial));
}

bool is_mac_key_of(const Session& session, CK_OBJECT_HANDLE object, const MacKeyRef& ref) {
  try {
    return mac_key_id(session, object, ref) == ref.id;
  } catch (const Error& error) {
    // Of another type, or without the right to do it.
    if (is_refused(error.ck_rv()) || error.ck_rv() == CKR_KEY_TYPE_INCONSISTENT ||
        error.ck_rv() == CKR_KEY_SIZE_RANGE)
      return false;
    throw;
  }
}

Bytes generate_mac(Token& token, const MacKeyRef& ref, ByteView message) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    const CK_OBJECT_HANDLE key = connection.key(
        session, ref, [&](CK_OBJECT_HANDLE object) { return is_mac_key_of(session, object, ref); });
    return mac_of(session, ref.kind, key, message);
  });
}

}  // namespace trent::hsm
