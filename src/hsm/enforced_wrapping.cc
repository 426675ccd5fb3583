// SPDX-License-Identifier: Apache-2.0
// Wrapping and moving secrets with enforced keys: each in one connection.
#include "hsm/enforced_wrapping.h"

#include "hsm/secret.h"
#include "hsm/sign_with.h"
#include "hsm/token.h"

namespace trent::hsm {

namespace {

// Wraps the session object that `make` makes.
template <class Make>
Bytes wrap_made(Token& token, const EnforcedKeyRef& key, Make make) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    const Profile& profile = connection.profile(session);
    require_secrecy(profile);
    const EnforcedKey found = connection.enforced_key(session, key);
    TemporaryObject object = make(session);
    Bytes wrapped = wrap_object(session, profile, found.wrapping, object.handle());
    object.destroy();
    return wrapped;
  });
}

}  // namespace

Bytes wrap(Token& token, const EnforcedKeyRef& key, ByteView secret) {
  return wrap_made(token, key, [&](const Session& session) {
    return import_secret(session, secret, Readable::Never);
  });
}

Bytes wrap_new_secret(Token& token, const EnforcedKeyRef& key, std::size_t length) {
  return wrap_made(token, key, [&](const Session& session) {
    return generate_secret(session, length, Readable::Never);
  });
}

Bytes rewrap(Token& token, const EnforcedKeyRef& source, const WrappedSecret& payload,
             const EnforcedKeyRef& destination) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    const Profile& profile = connection.profile(session);
    require_secrecy(profile);
    const EnforcedKey from = connection.enforced_key(session, source);
    const EnforcedKey to = connection.enforced_key(session, destination);
    auto secret = unwrap_object(session, profile, from.wrapping, payload, Readable::Never);
    Bytes wrapped = wrap_object(session, profile, to.wrapping, secret.handle());
    secret.destroy();
    return wrapped;
  });
}

Bytes rewrap(Token& token, const WrappingKey& source, const WrappedSecret& payload,
             const EnforcedKeyRef& destination) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    const Profile& profile = connection.profile(session);
    require_secrecy(profile);
    const auto from = connection.base_key(session, source.base_key);
    const EnforcedKey to = connection.enforced_key(session, destination);
    auto unwrapping = derive_one_time_key(session, profile, from->handle(), source.derivation_data,
                                          Purpose::Unwrap);
    auto secret = unwrap_object(session, profile, unwrapping.handle(), payload, Readable::Never);
    Bytes wrapped = wrap_object(session, profile, to.wrapping, secret.handle());
    secret.destroy();
    unwrapping.destroy();
    return wrapped;
  });
}

Bytes generate_tag(Token& token, const EnforcedKeyRef& key, ByteView message) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    return sign_with(session, connection.enforced_key(session, key).mac,
                     {kEnforcedMacKey.mechanisms.front(), nullptr, 0}, message);
  });
}

}  // namespace trent::hsm
