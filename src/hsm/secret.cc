#include "hsm/secret.h"

#include <array>

namespace trent::hsm {

namespace {

// A secret on its way through the token. SENSITIVE unless it is what Decrypt has to read;
// PRIVATE always: SoftHSM then keeps even its own copy masked in memory.
void add_payload_attributes(Attributes& attributes, Readable readable) {
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .flag(CKA_TOKEN, false)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, readable == Readable::No)
      .flag(CKA_EXTRACTABLE, true);
  add_usage(attributes, {});
}

CK_RV try_unwrap(const Session& session, const Profile& profile, CK_OBJECT_HANDLE unwrapping_key,
                 ByteView payload, Readable readable, CK_OBJECT_HANDLE* object) {
  Attributes attributes;
  add_payload_attributes(attributes, readable);
  CK_MECHANISM mechanism{profile.kwp, nullptr, 0};
  return session.try_call<&CK_FUNCTION_LIST::C_UnwrapKey>(
      &mechanism, unwrapping_key, const_cast<CK_BYTE_PTR>(payload.data()),
      static_cast<CK_ULONG>(payload.size()), attributes.data(), attributes.size(), object);
}

// SoftHSM answers CKR_GENERAL_ERROR to a payload that does not unwrap and to a fault of its own.
// A fault passes, or hits other operations too: the same call again, and a round trip of a secret
// of our own, tell them apart.
bool is_token_fault(const Session& session, const Profile& profile, CK_OBJECT_HANDLE unwrapping_key,
                    ByteView payload, Readable readable) {
  CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
  CK_RV rv = try_unwrap(session, profile, unwrapping_key, payload, readable, &object);
  if (rv == CKR_OK) TemporaryObject(session, object).destroy();
  return rv != CKR_GENERAL_ERROR || !round_trip(session, profile, 16);
}

}  // namespace

TemporaryObject import_secret(const Session& session, ByteView value) {
  Attributes attributes;
  add_payload_attributes(attributes, Readable::No);
  attributes.bytes(CKA_VALUE, value);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_CreateObject>(attributes.data(), attributes.size(), &handle);
  return {session, handle};
}

TemporaryObject generate_secret(const Session& session, std::size_t length) {
  Attributes attributes;
  add_payload_attributes(attributes, Readable::No);
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
  std::array<std::uint8_t, 4096 + 8 + 8> wrapped;
  auto size = static_cast<CK_ULONG>(wrapped.size());
  session.call<&CK_FUNCTION_LIST::C_WrapKey>(&mechanism, wrapping_key, object, wrapped.data(),
                                             &size);
  if (size > wrapped.size()) throw token_error("C_WrapKey", CKR_GENERAL_ERROR);
  return {wrapped.begin(), wrapped.begin() + size};
}

TemporaryObject unwrap_object(const Session& session, const Profile& profile,
                              CK_OBJECT_HANDLE unwrapping_key, ByteView payload,
                              Readable readable) {
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = try_unwrap(session, profile, unwrapping_key, payload, readable, &handle);
  switch (rv) {
    case CKR_OK:
      return {session, handle};
    case CKR_GENERAL_ERROR:
      if (is_token_fault(session, profile, unwrapping_key, payload, readable))
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
  CK_RV rv = try_unwrap(session, profile, key.handle(), wrapped, Readable::No, &handle);
  if (rv == CKR_OK) TemporaryObject(session, handle).destroy();
  secret.destroy();
  key.destroy();
  return rv == CKR_OK;
}

}  // namespace trent::hsm
