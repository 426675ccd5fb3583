// SPDX-License-Identifier: Apache-2.0
// The template of a secret on its way, and what a failing unwrap means.
#include "hsm/secret.h"

#include <array>

namespace trent::hsm {

void add_payload_attributes(Attributes& attributes, Readable readable, bool brief) {
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .flag(CKA_TOKEN, false)
      .flag(CKA_PRIVATE, true);
  if (readable != Readable::Yes)
    attributes.flag(CKA_SENSITIVE, true);
  else if (!brief)
    attributes.flag(CKA_SENSITIVE, false);
  if (!brief) attributes.flag(CKA_EXTRACTABLE, true);
  add_usage(attributes, {});
  if (readable == Readable::Never)
    attributes.flag(CKA_WRAP_WITH_TRUSTED, true).flag(CKA_COPYABLE, false);
}

void end_payload_attributes(Attributes& attributes, Readable readable) {
  if (readable == Readable::Never) attributes.flag(CKA_MODIFIABLE, false);
}

namespace {

// It says clearly that it is not the payload.
bool is_refusal(const Profile& profile, CK_RV rv) {
  switch (rv) {
    case CKR_ATTRIBUTE_VALUE_INVALID:
    case CKR_TEMPLATE_INCONSISTENT:
      // Unless it compares the length that it wants to be told with that of the content.
      return !profile.unwrap_template.length;
    case CKR_ATTRIBUTE_READ_ONLY:
    case CKR_ATTRIBUTE_SENSITIVE:
    case CKR_ATTRIBUTE_TYPE_INVALID:
    case CKR_TEMPLATE_INCOMPLETE:
    case CKR_MECHANISM_INVALID:
    case CKR_MECHANISM_PARAM_INVALID:
    case CKR_FUNCTION_NOT_SUPPORTED:
    case CKR_KEY_FUNCTION_NOT_PERMITTED:
    case CKR_UNWRAPPING_KEY_HANDLE_INVALID:
    case CKR_UNWRAPPING_KEY_SIZE_RANGE:
    case CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT:
    case CKR_HOST_MEMORY:
    case CKR_DEVICE_MEMORY:
    case CKR_SESSION_COUNT:
    case CKR_SESSION_READ_ONLY:
    case CKR_TOKEN_WRITE_PROTECTED:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_SLOT_ID_INVALID:
    case CKR_PIN_EXPIRED:
      return true;
    default:
      return false;
  }
}

// It says clearly that it is the payload.
bool blames_payload(CK_RV rv) {
  switch (rv) {
    case CKR_ENCRYPTED_DATA_INVALID:
    case CKR_ENCRYPTED_DATA_LEN_RANGE:
    case CKR_WRAPPED_KEY_INVALID:
    case CKR_WRAPPED_KEY_LEN_RANGE:
      return true;
    default:
      return false;
  }
}

// Tokens answer CKR_GENERAL_ERROR (SoftHSM), CKR_DEVICE_ERROR (kryoptic) or something else both to
// a payload that does not unwrap and to a fault of their own. A fault passes, or hits other
// operations too: the same call again, and a round trip of a secret of our own, tell them apart.
bool is_token_fault(const Session& session, const Profile& profile, CK_OBJECT_HANDLE unwrapping_key,
                    const WrappedSecret& payload, Readable readable, CK_RV first) {
  CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
  CK_RV rv = try_unwrap(session, profile, unwrapping_key, payload, readable, &object);
  if (is_lost(rv)) throw token_error("C_UnwrapKey", rv);
  if (rv == CKR_OK) TemporaryObject(session, object).destroy();
  return rv != first || !round_trip(session, profile, 16);
}

}  // namespace

TemporaryObject import_secret(const Session& session, ByteView value, Readable readable) {
  Attributes attributes;
  add_payload_attributes(attributes, readable);
  attributes.bytes(CKA_VALUE, value);
  end_payload_attributes(attributes, readable);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_CreateObject>(attributes.data(), attributes.size(), &handle);
  return {session, handle};
}

TemporaryObject generate_secret(const Session& session, std::size_t length, Readable readable) {
  Attributes attributes;
  add_payload_attributes(attributes, readable);
  attributes.number(CKA_VALUE_LEN, length);
  end_payload_attributes(attributes, readable);
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

CK_RV try_unwrap(const Session& session, const Profile& profile, CK_OBJECT_HANDLE unwrapping_key,
                 ByteView wrapped, std::span<CK_ATTRIBUTE> attributes, CK_OBJECT_HANDLE* object) {
  CK_MECHANISM mechanism{profile.kwp, nullptr, 0};
  return session.try_call<&CK_FUNCTION_LIST::C_UnwrapKey>(
      &mechanism, unwrapping_key, const_cast<CK_BYTE_PTR>(wrapped.data()),
      static_cast<CK_ULONG>(wrapped.size()), attributes.data(),
      static_cast<CK_ULONG>(attributes.size()), object);
}

CK_RV try_unwrap(const Session& session, const Profile& profile, CK_OBJECT_HANDLE unwrapping_key,
                 const WrappedSecret& payload, Readable readable, CK_OBJECT_HANDLE* object) {
  Attributes attributes;
  add_payload_attributes(attributes, readable, profile.unwrap_template.brief);
  if (profile.unwrap_template.length) attributes.number(CKA_VALUE_LEN, payload.length);
  end_payload_attributes(attributes, readable);
  return try_unwrap(session, profile, unwrapping_key, payload.bytes,
                    {attributes.data(), attributes.size()}, object);
}

TemporaryObject unwrap_object(const Session& session, const Profile& profile,
                              CK_OBJECT_HANDLE unwrapping_key, const WrappedSecret& payload,
                              Readable readable) {
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = try_unwrap(session, profile, unwrapping_key, payload, readable, &handle);
  if (rv == CKR_OK) {
    TemporaryObject object(session, handle);
    if (readable != Readable::Yes) {
      keep_promise(profile.payloads, session, handle, Extractable::Yes);
      require_length(session, profile, handle, payload.length);
    }
    return object;
  }
  if (is_lost(rv) || is_refusal(profile, rv)) throw token_error("C_UnwrapKey", rv);
  if (!blames_payload(rv) &&
      is_token_fault(session, profile, unwrapping_key, payload, readable, rv))
    throw token_error("C_UnwrapKey", rv);
  if (payload.length > kEveryTokenTakes && !round_trip(session, profile, payload.length))
    throw Error(ErrorCode::UnsupportedOperation,
                "The token cannot unwrap secrets of " + std::to_string(payload.length) + " bytes.",
                "It was wrapped by another token, which can.", rv);
  throw Error(ErrorCode::InvalidCiphertext, {}, {}, rv);
}

void require_length(const Session& session, const Profile& profile, CK_OBJECT_HANDLE object,
                    std::size_t length) {
  if (!profile.value_len) return;
  CK_ULONG found = 0;
  CK_ATTRIBUTE attribute{CKA_VALUE_LEN, &found, sizeof found};
  session.call<&CK_FUNCTION_LIST::C_GetAttributeValue>(object, &attribute, CK_ULONG{1});
  if (found != length) throw Error(ErrorCode::InvalidCiphertext, {});
}

TemporaryObject make_wrapping_key(const Session& session) {
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_AES)
      .number(CKA_VALUE_LEN, 32)
      .flag(CKA_TOKEN, false)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false);
  add_usage(attributes, {.wrap = true, .unwrap = true});
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_GenerateKey>(&mechanism, attributes.data(), attributes.size(),
                                                 &handle);
  return {session, handle};
}

bool round_trip(const Session& session, const Profile& profile, std::size_t length) {
  TemporaryObject key = make_wrapping_key(session);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  bool done = false;
  try {
    auto secret = import_secret(session, SecretBytes(length));
    Bytes wrapped = wrap_object(session, profile, key.handle(), secret.handle());
    secret.destroy();
    CK_RV rv = try_unwrap(session, profile, key.handle(), {wrapped, length}, Readable::No, &handle);
    if (is_lost(rv)) throw token_error("C_UnwrapKey", rv);
    done = rv == CKR_OK;
  } catch (const Error& error) {
    // A token with a smaller limit refuses to make or to wrap it.
    if (is_lost(error.ck_rv()) || is_fault(error.ck_rv())) throw;
  }
  if (done) TemporaryObject(session, handle).destroy();
  key.destroy();
  return done;
}

}  // namespace trent::hsm
