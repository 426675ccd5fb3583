#include "hsm/profile.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "hsm/base_key.h"
#include "hsm/session.h"

namespace trent::hsm {

namespace {

TemporaryObject make_secret(const Session& session, ByteView value) {
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .flag(CKA_TOKEN, false)
      .flag(CKA_SENSITIVE, false)
      .flag(CKA_EXTRACTABLE, true);
  add_usage(attributes, {});
  attributes.bytes(CKA_VALUE, value);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_CreateObject>(attributes.data(), attributes.size(), &handle);
  return {session, handle};
}

CK_RV wrap(const Session& session, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key,
           CK_OBJECT_HANDLE secret, Bytes& wrapped) {
  wrapped.resize(64);
  auto size = static_cast<CK_ULONG>(wrapped.size());
  CK_MECHANISM mechanism{type, nullptr, 0};
  CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_WrapKey>(&mechanism, key, secret, wrapped.data(),
                                                            &size);
  if (rv == CKR_OK) wrapped.resize(size);
  return rv;
}

// The token failed, which says nothing of what it can do.
bool is_fault(CK_RV rv) {
  return rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED || rv == CKR_DEVICE_ERROR ||
         rv == CKR_DEVICE_MEMORY || rv == CKR_HOST_MEMORY;
}

// RFC 5649 wraps 8 bytes into 16; RFC 3394 over PKCS#7 padding makes 24 of them.
bool is_rfc5649(const Session& session, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key,
                CK_RV& fault) {
  const std::array<std::uint8_t, 8> value{1, 2, 3, 4, 5, 6, 7, 8};
  auto secret = make_secret(session, value);
  Bytes wrapped;
  CK_RV rv = wrap(session, type, key, secret.handle(), wrapped);
  if (is_lost(rv)) throw token_error("C_WrapKey", rv);
  if (is_fault(rv)) fault = rv;
  secret.destroy();
  return rv == CKR_OK && wrapped.size() == 16;
}

const char* yes(bool value) {
  return value ? "yes" : "no";
}

}  // namespace

Profile test_token(const Session& session) {
  Profile profile;

  Attributes attributes;
  add_base_key_attributes(attributes, false);
  CK_MECHANISM generate{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_GenerateKey>(&generate, attributes.data(), attributes.size(),
                                                 &handle);
  TemporaryObject base(session, handle);

  Attributes as_session_object;
  as_session_object.flag(CKA_TOKEN, false);
  CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_CopyObject>(
      base.handle(), as_session_object.data(), as_session_object.size(), &handle);
  if (is_lost(rv)) throw token_error("C_CopyObject", rv);
  profile.session_copies = rv == CKR_OK;
  if (rv == CKR_OK) TemporaryObject(session, handle).destroy();

  const Sha256 h{};
  auto derive = [&](Purpose purpose) {
    return derive_one_time_key(session, profile, base.handle(), h, purpose);
  };
  std::optional<TemporaryObject> temporary;
  profile.public_temporaries = true;
  try {
    temporary.emplace(derive(Purpose::Wrap));
  } catch (const Error& error) {
    if (is_lost(error.ck_rv())) throw;
    profile.public_temporaries = false;
  }
  if (temporary) temporary->destroy();
  auto wrapping = derive(Purpose::Wrap);
  auto unwrapping = derive(Purpose::Unwrap);

  CK_RV fault = CKR_OK;
  if (is_rfc5649(session, kAesKeyWrapPad, wrapping.handle(), fault))
    profile.kwp = kAesKeyWrapPad;
  else if (is_rfc5649(session, kAesKeyWrapKwp, wrapping.handle(), fault))
    profile.kwp = kAesKeyWrapKwp;
  else if (fault != CKR_OK)
    throw token_error("C_WrapKey", fault);
  else
    throw Error(ErrorCode::UnsupportedOperation, "The token has no AES key wrap of RFC 5649.",
                "Trent needs CKM_AES_KEY_WRAP_PAD or CKM_AES_KEY_WRAP_KWP; see docs/tokens.md.");

  const std::array<std::uint8_t, 5> value{1, 2, 3, 4, 5};
  auto secret = make_secret(session, value);
  Bytes wrapped;
  rv = wrap(session, profile.kwp, wrapping.handle(), secret.handle(), wrapped);
  if (rv != CKR_OK) throw token_error("C_WrapKey", rv);
  Attributes readable;
  readable.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .flag(CKA_TOKEN, false)
      .flag(CKA_SENSITIVE, false)
      .flag(CKA_EXTRACTABLE, true);
  add_usage(readable, {});
  CK_MECHANISM mechanism{profile.kwp, nullptr, 0};
  session.call<&CK_FUNCTION_LIST::C_UnwrapKey>(&mechanism, unwrapping.handle(), wrapped.data(),
                                               static_cast<CK_ULONG>(wrapped.size()),
                                               readable.data(), readable.size(), &handle);
  TemporaryObject unwrapped(session, handle);
  auto content = session.read<Bytes>(unwrapped.handle(), CKA_VALUE, 64);
  Bytes padded(value.begin(), value.end());
  profile.zero_pads = content.size() != padded.size();
  if (profile.zero_pads) padded.resize(8);
  if (content != padded)
    throw Error(ErrorCode::UnsupportedOperation,
                "The token does not give back the bytes that were wrapped.",
                "Its key wrap cannot be used.");
  CK_ULONG length = 0;
  CK_ATTRIBUTE length_attribute{CKA_VALUE_LEN, &length, sizeof length};
  rv = session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(unwrapped.handle(),
                                                                &length_attribute, CK_ULONG{1});
  if (is_lost(rv)) throw token_error("C_GetAttributeValue", rv);
  profile.value_len = rv == CKR_OK && length == content.size();

  for (TemporaryObject* object : {&unwrapped, &secret, &unwrapping, &wrapping, &base})
    object->destroy();
  return profile;
}

namespace {

std::string derive_mechanisms(const Module& module, CK_SLOT_ID slot) {
  CK_ULONG count = 0;
  module.call<&CK_FUNCTION_LIST::C_GetMechanismList>(slot, nullptr, &count);
  std::vector<CK_MECHANISM_TYPE> types(count);
  module.call<&CK_FUNCTION_LIST::C_GetMechanismList>(slot, types.data(), &count);
  types.resize(count);
  std::string names;
  for (CK_MECHANISM_TYPE type : types) {
    CK_MECHANISM_INFO info{};
    CK_RV rv = module.try_call<&CK_FUNCTION_LIST::C_GetMechanismInfo>(slot, type, &info);
    if (rv == CKR_OK && (info.flags & CKF_DERIVE) != 0)
      names += (names.empty() ? "" : ", ") + mechanism_name(type);
  }
  return names;
}

// Whether RSAES-OAEP with SHA-256 can be begun, with a public key of which nobody has the other
// half.
bool takes_oaep_sha256(const Session& session) {
  Bytes modulus(256, 0xa5);
  modulus.back() |= 1;
  const std::array<std::uint8_t, 3> exponent{1, 0, 1};
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_PUBLIC_KEY)
      .number(CKA_KEY_TYPE, CKK_RSA)
      .flag(CKA_TOKEN, false)
      .flag(CKA_ENCRYPT, true)
      .bytes(CKA_MODULUS, modulus)
      .bytes(CKA_PUBLIC_EXPONENT, exponent);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_CreateObject>(attributes.data(),
                                                                 attributes.size(), &handle);
  if (is_lost(rv)) throw token_error("C_CreateObject", rv);
  if (rv != CKR_OK) return false;
  TemporaryObject key(session, handle);
  CK_RSA_PKCS_OAEP_PARAMS parameters{CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, nullptr, 0};
  CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
  rv = session.try_call<&CK_FUNCTION_LIST::C_EncryptInit>(&mechanism, handle);
  if (rv == CKR_OK) {
    std::array<std::uint8_t, 1> secret{};
    std::array<std::uint8_t, 256> encrypted;
    auto size = static_cast<CK_ULONG>(encrypted.size());
    rv = session.try_call<&CK_FUNCTION_LIST::C_Encrypt>(secret.data(), CK_ULONG{1},
                                                        encrypted.data(), &size);
  }
  if (is_lost(rv)) throw token_error("C_Encrypt", rv);
  key.destroy();
  return rv == CKR_OK;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> try_abilities(const Session& session,
                                                               CK_SLOT_ID slot) {
  return {{"derive mechanisms", derive_mechanisms(session.module(), slot)},
          {"RSA-OAEP with SHA-256", yes(takes_oaep_sha256(session))}};
}

std::vector<std::pair<std::string, std::string>> Profile::describe() const {
  return {
      {"RFC 5649 key wrap",
       kwp == kAesKeyWrapPad ? "CKM_AES_KEY_WRAP_PAD (0x210A)" : "CKM_AES_KEY_WRAP_KWP (0x210B)"},
      {"zero-pads wrapped secrets", yes(zero_pads)},
      {"CKA_VALUE_LEN of unwrapped secrets is right", yes(value_len)},
      {"one-time keys may be CKA_PRIVATE=false", yes(public_temporaries)},
      {"C_CopyObject of base keys", yes(session_copies)},
  };
}

}  // namespace trent::hsm
