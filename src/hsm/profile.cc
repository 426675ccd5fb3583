// SPDX-License-Identifier: Apache-2.0
// The self-test of a token.
#include "hsm/profile.h"

#include <algorithm>
#include <array>
#include <optional>

#include "hsm/base_key.h"
#include "hsm/secret.h"
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
  if (is_lost(rv)) throw token_error("C_WrapKey", rv);
  wrapped.resize(rv == CKR_OK && size <= wrapped.size() ? size : 0);
  return rv;
}

// Why nothing of what was tried works: that of a fault, which says nothing of what the token can
// do, goes before that of a refusal.
class Reason {
 public:
  void add(CK_RV rv) {
    if (is_fault(rv))
      fault_ = rv;
    else if (refusal_ == CKR_OK)
      refusal_ = rv;
  }
  // Throws.
  [[noreturn]] void raise(const std::string& function, const std::string& lacks,
                          const std::string& advice) const {
    if (fault_ != CKR_OK) throw token_error(function, fault_);
    std::string why =
        refusal_ == CKR_OK ? "." : " (" + function + " returned " + rv_name(refusal_) + ").";
    throw Error(ErrorCode::UnsupportedOperation, lacks + why, advice, refusal_);
  }

 private:
  CK_RV fault_ = CKR_OK;
  CK_RV refusal_ = CKR_OK;
};

// RFC 5649 wraps 8 bytes into 16; RFC 3394 over PKCS#7 padding makes 24 of them.
CK_MECHANISM_TYPE find_rfc5649(const Session& session, CK_OBJECT_HANDLE wrapping_key) {
  const std::array<std::uint8_t, 8> value{1, 2, 3, 4, 5, 6, 7, 8};
  auto secret = make_secret(session, value);
  Reason reason;
  for (CK_MECHANISM_TYPE type :
       {kAesKeyWrapPad, kAesKeyWrapKwp, kLunaAesKwp, kCloudHsmAesKeyWrapZeroPad}) {
    Bytes wrapped;
    CK_RV rv = wrap(session, type, wrapping_key, secret.handle(), wrapped);
    if (rv != CKR_OK) reason.add(rv);
    if (wrapped.size() != 16) continue;
    secret.destroy();
    return type;
  }
  reason.raise("C_WrapKey", "The token has no AES key wrap of RFC 5649",
               "Trent needs CKM_AES_KEY_WRAP_PAD or CKM_AES_KEY_WRAP_KWP; see docs/tokens.md.");
}

[[noreturn]] void throw_other_bytes() {
  throw Error(ErrorCode::UnsupportedOperation,
              "The token does not give back the bytes that were wrapped.",
              "Its key wrap cannot be used.");
}

// Unwraps for Decrypt, and for ReEncrypt, as `profile` says. CKR_OK: `profile` is as it should be.
CK_RV try_unwrapping(const Session& session, CK_OBJECT_HANDLE wrapping_key,
                     CK_OBJECT_HANDLE unwrapping_key, ByteView value, const Bytes& wrapped,
                     Profile& profile) {
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  const WrappedSecret payload{wrapped, value.size()};
  CK_RV rv = try_unwrap(session, profile, unwrapping_key, payload, Readable::Yes, &handle);
  if (rv != CKR_OK) return rv;
  TemporaryObject shown(session, handle);
  Bytes content(64);
  CK_ATTRIBUTE content_attribute{CKA_VALUE, content.data(), static_cast<CK_ULONG>(content.size())};
  rv = session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(shown.handle(), &content_attribute,
                                                                CK_ULONG{1});
  if (rv != CKR_OK) return rv;  // without SENSITIVE=false in the template, some hide it
  content.resize(std::min<std::size_t>(content_attribute.ulValueLen, content.size()));
  Bytes padded(value.begin(), value.end());
  profile.zero_pads = content.size() != padded.size();
  if (profile.zero_pads) padded.resize((padded.size() + 7) / 8 * 8);
  if (content != padded) throw_other_bytes();
  CK_ULONG length = 0;
  CK_ATTRIBUTE length_attribute{CKA_VALUE_LEN, &length, sizeof length};
  rv = session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(shown.handle(), &length_attribute,
                                                                CK_ULONG{1});
  if (is_lost(rv)) throw token_error("C_GetAttributeValue", rv);
  profile.value_len = rv == CKR_OK && length == content.size();
  shown.destroy();

  rv = try_unwrap(session, profile, unwrapping_key, payload, Readable::No, &handle);
  if (rv != CKR_OK) return rv;
  TemporaryObject hidden(session, handle);
  profile.payloads = prove_secrecy(session, hidden.handle(), Extractable::Yes);
  Bytes again;
  rv = wrap(session, profile.kwp, wrapping_key, hidden.handle(), again);
  if (rv != CKR_OK) return rv;
  if (again != wrapped) throw_other_bytes();
  hidden.destroy();
  return CKR_OK;
}

}  // namespace

bool keeps_secrets(const Profile& profile) {
  return profile.one_time_keys != Promise::Broken && profile.payloads != Promise::Broken;
}

TemporaryObject make_base_key(const Session& session) {
  Attributes attributes;
  add_key_attributes(attributes, kBaseKey, false);
  CK_MECHANISM generate{kBaseKey.generation, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_GenerateKey>(&generate, attributes.data(), attributes.size(),
                                                 &handle);
  TemporaryObject base(session, handle);
  if (prove_secrecy(session, base.handle(), Extractable::No) != Promise::Kept)
    throw Error(ErrorCode::UnsupportedOperation,
                "The token does not keep key material secret: a key that was made SENSITIVE and "
                "not EXTRACTABLE is not.",
                "No key is safe in it; use another token.");
  return base;
}

CK_RV try_copies(const Session& session, CK_OBJECT_HANDLE base_key, Profile& profile) {
  Attributes as_session_object;
  as_session_object.flag(CKA_TOKEN, false);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_CopyObject>(base_key, as_session_object.data(),
                                                               as_session_object.size(), &handle);
  if (is_lost(rv)) throw token_error("C_CopyObject", rv);
  profile.session_copies = rv == CKR_OK;
  if (rv == CKR_OK) TemporaryObject(session, handle).destroy();
  return rv;
}

OneTimeKeys try_derivation(const Session& session, CK_OBJECT_HANDLE base_key, Profile& profile) {
  auto derive = [&](Purpose purpose) {
    return derive_one_time_key(session, profile, base_key, Sha256{}, purpose);
  };
  profile.one_time_keys = Promise::Kept;
  profile.public_temporaries = true;
  std::optional<TemporaryObject> wrapping;
  try {
    wrapping.emplace(derive(Purpose::Wrap));
  } catch (const Error& error) {
    if (is_lost(error.ck_rv())) throw;
    profile.public_temporaries = false;
    wrapping.emplace(derive(Purpose::Wrap));
  }
  OneTimeKeys keys{std::move(*wrapping), derive(Purpose::Unwrap)};
  profile.one_time_keys =
      std::max(prove_secrecy(session, keys.wrapping.handle(), Extractable::No),
               prove_secrecy(session, keys.unwrapping.handle(), Extractable::No));
  return keys;
}

void try_key_wrap(const Session& session, CK_OBJECT_HANDLE wrapping_key,
                  CK_OBJECT_HANDLE unwrapping_key, Profile& profile) {
  profile.kwp = find_rfc5649(session, wrapping_key);
  // No multiple of 8: AES over a padding makes 16 bytes of it, and RFC 3394 cannot wrap it.
  const std::array<std::uint8_t, 13> value{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
  auto secret = make_secret(session, value);
  Bytes wrapped;
  CK_RV rv = wrap(session, profile.kwp, wrapping_key, secret.handle(), wrapped);
  if (rv != CKR_OK) throw token_error("C_WrapKey", rv);
  if (wrapped.size() != 24) throw_other_bytes();
  secret.destroy();
  Reason reason;
  for (UnwrapTemplate form : {UnwrapTemplate{false, false}, UnwrapTemplate{true, false},
                              UnwrapTemplate{false, true}, UnwrapTemplate{true, true}}) {
    profile.unwrap_template = form;
    rv = try_unwrapping(session, wrapping_key, unwrapping_key, value, wrapped, profile);
    if (rv == CKR_OK) return;
    if (is_lost(rv)) throw token_error("C_UnwrapKey", rv);
    reason.add(rv);
  }
  reason.raise("C_UnwrapKey", "The token does not unwrap what it has wrapped",
               "Its key wrap cannot be used; see docs/tokens.md.");
}

Profile test_token(const Session& session) {
  Profile profile;
  auto base = make_base_key(session);
  try_copies(session, base.handle(), profile);
  auto keys = try_derivation(session, base.handle(), profile);
  try_key_wrap(session, keys.wrapping.handle(), keys.unwrapping.handle(), profile);
  for (TemporaryObject* object : {&keys.unwrapping, &keys.wrapping, &base}) object->destroy();
  return profile;
}

}  // namespace trent::hsm
