#include "hsm/wrapping.h"

#include <cstring>

#include "hsm/secret.h"
#include "hsm/token.h"
#include "hsm/transport.h"

namespace trent::hsm {

namespace {

Bytes wrap_once(Connection& connection, const Session& session, const WrappingKey& key,
                CK_OBJECT_HANDLE object) {
  auto base_key = connection.base_key(session, key.base_key);
  const Profile& profile = connection.profile(session);
  auto one_time = derive_one_time_key(session, profile, base_key->handle(), key.h, Purpose::Wrap);
  Bytes wrapped = wrap_object(session, profile, one_time.handle(), object);
  one_time.destroy();
  return wrapped;
}

TemporaryObject unwrap_once(Connection& connection, const Session& session, const WrappingKey& key,
                            ByteView payload, Readable readable) {
  auto base_key = connection.base_key(session, key.base_key);
  const Profile& profile = connection.profile(session);
  auto one_time = derive_one_time_key(session, profile, base_key->handle(), key.h, Purpose::Unwrap);
  auto object = unwrap_object(session, profile, one_time.handle(), payload, readable);
  one_time.destroy();
  return object;
}

bool is_gone(const Session& session, CK_OBJECT_HANDLE object) {
  CK_OBJECT_CLASS found = 0;
  CK_ATTRIBUTE attribute{CKA_CLASS, &found, sizeof found};
  return session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(
             object, &attribute, CK_ULONG{1}) == CKR_OBJECT_HANDLE_INVALID;
}

// Wraps the session object that `make` makes.
template <class Make>
Bytes wrap_made(Token& token, const WrappingKey& key, Make make) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    TemporaryObject object = make(session);
    Bytes wrapped = wrap_once(connection, session, key, object.handle());
    object.destroy();
    return wrapped;
  });
}

}  // namespace

Bytes wrap(Token& token, const WrappingKey& key, ByteView secret) {
  return wrap_made(token, key,
                   [&](const Session& session) { return import_secret(session, secret); });
}

Bytes wrap_new_secret(Token& token, const WrappingKey& key, std::size_t length) {
  return wrap_made(token, key,
                   [&](const Session& session) { return generate_secret(session, length); });
}

SecretBytes unwrap(Token& token, const WrappingKey& key, ByteView payload) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    auto object = unwrap_once(connection, session, key, payload, Readable::Yes);
    auto secret = session.read<SecretBytes>(object.handle(), CKA_VALUE, payload.size());
    object.destroy();
    return secret;
  });
}

Bytes rewrap(Token& token, const WrappingKey& source, ByteView payload,
             const WrappingKey& destination) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    auto secret = unwrap_once(connection, session, source, payload, Readable::No);
    Bytes wrapped = wrap_once(connection, session, destination, secret.handle());
    secret.destroy();
    return wrapped;
  });
}

Bytes rewrap_across(Token& source_token, const WrappingKey& source, ByteView payload,
                    Token& destination_token, const WrappingKey& destination) {
  return source_token.run(Retry::Always, [&](Connection& from, const Session& from_session) {
    return destination_token.run(Retry::Always, [&](Connection& to, const Session& to_session) {
      auto secret = unwrap_once(from, from_session, source, payload, Readable::No);
      Transport transport(from_session, from.profile(from_session), to_session,
                          to.profile(to_session));
      auto arrived = transport.move(secret.handle());
      secret.destroy();
      transport.destroy();
      Bytes wrapped = wrap_once(to, to_session, destination, arrived.handle());
      arrived.destroy();
      return wrapped;
    });
  });
}

Bytes wrap(Token& token, const WrappingKey& key, ForeignObject object) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    // On a fresh connection the number may be another object's.
    if (connection.generation() != object.generation) throw ForeignObjectGone();
    try {
      return wrap_once(connection, session, key, object.handle);
    } catch (const Error& error) {
      // A bad handle passes for a lost connection, unless it is known whose it was.
      if (is_lost(error.ck_rv()) && is_gone(session, object.handle)) throw ForeignObjectGone();
      throw;
    }
  });
}

ForeignObject unwrap(Token& token, const WrappingKey& key, ByteView payload, std::size_t length,
                     const ForeignTemplate& destination) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    auto base_key = connection.base_key(session, key.base_key);
    const Profile& profile = connection.profile(session);
    auto one_time =
        derive_one_time_key(session, profile, base_key->handle(), key.h, Purpose::Unwrap);
    CK_MECHANISM mechanism{profile.kwp, nullptr, 0};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    CK_RV rv = destination.session.try_call<&CK_FUNCTION_LIST::C_UnwrapKey>(
        &mechanism, one_time.handle(), const_cast<CK_BYTE_PTR>(payload.data()),
        static_cast<CK_ULONG>(payload.size()), destination.attributes, destination.count, &handle);
    if (rv != CKR_OK) {
      // Was it the payload? Then the same happens without the application's template.
      unwrap_object(session, profile, one_time.handle(), payload, Readable::No).destroy();
      throw token_error("C_UnwrapKey", rv);
    }
    TemporaryObject object(destination.session, handle);
    if (profile.value_len) {
      auto found = destination.session.read<Bytes>(handle, CKA_VALUE_LEN, sizeof(CK_ULONG));
      CK_ULONG expected = length;
      if (found.size() != sizeof expected ||
          std::memcmp(found.data(), &expected, found.size()) != 0)
        throw Error(ErrorCode::InvalidCiphertext, {});
    }
    one_time.destroy();
    object.release();
    return ForeignObject{handle, destination.session.module().generation()};
  });
}

std::size_t longest_secret(Token& token) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    std::atomic<std::size_t>& known = connection.longest_secret;
    if (known == 0) {
      const Profile& profile = connection.profile(session);
      std::size_t length = 4096;
      while (length > 64 && !round_trip(session, profile, length)) length /= 2;
      known = length;
    }
    return known.load();
  });
}

}  // namespace trent::hsm
