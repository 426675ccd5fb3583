#include "hsm/wrapping.h"

#include <algorithm>

#include "hsm/token.h"

namespace trent::hsm {

namespace {

// A secret on its way through the token. SENSITIVE unless it is what Decrypt has to read;
// PRIVATE always: SoftHSM then keeps even its own copy masked in memory.
void add_payload_attributes(Attributes& attributes, bool readable) {
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .flag(CKA_TOKEN, false)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, !readable)
      .flag(CKA_EXTRACTABLE, true);
  add_usage(attributes, {});
}

TemporaryObject import_secret(const Session& session, ByteView secret) {
  Attributes attributes;
  add_payload_attributes(attributes, false);
  attributes.bytes(CKA_VALUE, secret);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_CreateObject>(attributes.data(), attributes.size(), &handle);
  return {session, handle};
}

TemporaryObject generate_secret(const Session& session, std::size_t length) {
  Attributes attributes;
  add_payload_attributes(attributes, false);
  attributes.number(CKA_VALUE_LEN, length);
  CK_MECHANISM mechanism{CKM_GENERIC_SECRET_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_GenerateKey>(&mechanism, attributes.data(), attributes.size(),
                                                 &handle);
  return {session, handle};
}

Bytes wrap_object(const Session& session, const Profile& profile, CK_OBJECT_HANDLE wrapping_key,
                  CK_OBJECT_HANDLE object) {
  CK_MECHANISM mechanism{profile.kwp, nullptr, 0};
  // Room for the largest secret: asking for the size first would do the whole wrap twice.
  Bytes wrapped(4096 + 8 + 8);
  auto size = static_cast<CK_ULONG>(wrapped.size());
  session.call<&CK_FUNCTION_LIST::C_WrapKey>(&mechanism, wrapping_key, object, wrapped.data(),
                                             &size);
  wrapped.resize(size);
  return wrapped;
}

CK_RV try_unwrap(const Session& session, const Profile& profile, CK_OBJECT_HANDLE unwrapping_key,
                 ByteView payload, bool readable, CK_OBJECT_HANDLE* object) {
  Attributes attributes;
  add_payload_attributes(attributes, readable);
  CK_MECHANISM mechanism{profile.kwp, nullptr, 0};
  return session.try_call<&CK_FUNCTION_LIST::C_UnwrapKey>(
      &mechanism, unwrapping_key, const_cast<CK_BYTE_PTR>(payload.data()),
      static_cast<CK_ULONG>(payload.size()), attributes.data(), attributes.size(), object);
}

// SoftHSM answers CKR_GENERAL_ERROR to a payload that does not unwrap and to a fault of its own.
// A fault passes or hits other operations too: the same call again, and a round trip of a secret
// of our own, tell them apart.
bool is_token_fault(const Session& session, const Profile& profile, CK_OBJECT_HANDLE unwrapping_key,
                    CK_OBJECT_HANDLE base_key, ByteView payload, bool readable) {
  CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
  CK_RV rv = try_unwrap(session, profile, unwrapping_key, payload, readable, &object);
  if (rv == CKR_OK) TemporaryObject(session, object).destroy();
  if (rv != CKR_GENERAL_ERROR) return true;
  Sha256 h{};
  auto wrapping = derive_one_time_key(session, profile, base_key, h, Purpose::Wrap);
  auto unwrapping = derive_one_time_key(session, profile, base_key, h, Purpose::Unwrap);
  auto secret = generate_secret(session, 16);
  Bytes wrapped = wrap_object(session, profile, wrapping.handle(), secret.handle());
  rv = try_unwrap(session, profile, unwrapping.handle(), wrapped, false, &object);
  if (rv == CKR_OK) TemporaryObject(session, object).destroy();
  return rv != CKR_OK;
}

// The one place where a payload becomes an object: all failures look the same to the caller.
TemporaryObject unwrap_object(const Session& session, const Profile& profile,
                              CK_OBJECT_HANDLE base_key, const Sha256& h, ByteView payload,
                              bool readable) {
  auto key = derive_one_time_key(session, profile, base_key, h, Purpose::Unwrap);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = try_unwrap(session, profile, key.handle(), payload, readable, &handle);
  switch (rv) {
    case CKR_OK: {
      TemporaryObject object(session, handle);
      key.destroy();
      return object;
    }
    case CKR_GENERAL_ERROR:
      if (is_token_fault(session, profile, key.handle(), base_key, payload, readable))
        throw token_error("C_UnwrapKey", rv);
      [[fallthrough]];
    case CKR_ENCRYPTED_DATA_INVALID:
    case CKR_ENCRYPTED_DATA_LEN_RANGE:
    case CKR_WRAPPED_KEY_INVALID:
    case CKR_WRAPPED_KEY_LEN_RANGE:
      throw Error(ErrorCode::InvalidCiphertext, {}, {}, rv);
    default:
      throw token_error("C_UnwrapKey", rv);
  }
}

// Wraps the session object that `make` makes.
template <class Make>
Bytes wrap_made(Token& token, const WrappingKey& key, Make make) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    auto base_key = connection.base_key(session, key.base_key);
    const Profile& profile = connection.profile(session);
    TemporaryObject object = make(session);
    auto one_time = derive_one_time_key(session, profile, base_key->handle(), key.h, Purpose::Wrap);
    Bytes wrapped = wrap_object(session, profile, one_time.handle(), object.handle());
    one_time.destroy();
    object.destroy();
    return wrapped;
  });
}

// Whether a secret of this length comes back after a wrap. The key that tries it is thrown away
// with the session.
bool round_trip(const Session& session, const Profile& profile, std::size_t length) {
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_AES)
      .number(CKA_VALUE_LEN, 32)
      .flag(CKA_TOKEN, false)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false);
  add_usage(attributes, {.wrap = true, .unwrap = true});
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_GenerateKey>(&mechanism, attributes.data(), attributes.size(),
                                                 &handle);
  TemporaryObject key(session, handle);
  auto secret = import_secret(session, SecretBytes(length));
  Bytes wrapped = wrap_object(session, profile, key.handle(), secret.handle());
  if (try_unwrap(session, profile, key.handle(), wrapped, false, &handle) != CKR_OK) return false;
  TemporaryObject(session, handle).destroy();
  secret.destroy();
  key.destroy();
  return true;
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
    auto base_key = connection.base_key(session, key.base_key);
    auto object = unwrap_object(session, connection.profile(session), base_key->handle(), key.h,
                                payload, true);
    auto secret = session.read<SecretBytes>(object.handle(), CKA_VALUE, payload.size());
    object.destroy();
    return secret;
  });
}

Bytes rewrap(Token& token, const WrappingKey& source, ByteView payload,
             const WrappingKey& destination) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    auto source_key = connection.base_key(session, source.base_key);
    auto destination_key = connection.base_key(session, destination.base_key);
    const Profile& profile = connection.profile(session);
    auto secret = unwrap_object(session, profile, source_key->handle(), source.h, payload, false);
    auto one_time = derive_one_time_key(session, profile, destination_key->handle(), destination.h,
                                        Purpose::Wrap);
    Bytes wrapped = wrap_object(session, profile, one_time.handle(), secret.handle());
    one_time.destroy();
    secret.destroy();
    return wrapped;
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
