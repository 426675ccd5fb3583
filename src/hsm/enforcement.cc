// SPDX-License-Identifier: Apache-2.0
// Attempts to get at a secret that must fail: see enforcement.h.
#include "hsm/enforcement.h"

#include <array>
#include <string>

#include "hsm/enforced_key.h"
#include "hsm/key_attributes.h"
#include "hsm/secret.h"

namespace trent::hsm {

namespace {

constexpr std::array<std::uint8_t, 16> kSecret{1, 2,  3,  4,  5,  6,  7,  8,
                                               9, 10, 11, 12, 13, 14, 15, 16};

[[noreturn]] void refuse(const std::string& why) {
  throw cannot_enforce(why);
}

// What a token may say to an attribute that it does not have, or does not allow.
CK_OBJECT_HANDLE generate(const Session& session, Attributes& attributes, CK_RV& rv) {
  CK_MECHANISM mechanism{kEnforcedKey.generation, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  rv = session.try_call<&CK_FUNCTION_LIST::C_GenerateKey>(&mechanism, attributes.data(),
                                                          attributes.size(), &handle);
  if (is_lost(rv) || is_fault(rv)) throw token_error("C_GenerateKey", rv);
  return handle;
}

void require_that_nobody_is_trusted(const Session& session) {
  Attributes attributes;
  add_key_attributes(attributes, kEnforcedKey, false);
  attributes.flag(CKA_TRUSTED, true);
  CK_RV rv = CKR_OK;
  const CK_OBJECT_HANDLE handle = generate(session, attributes, rv);
  if (rv != CKR_OK) return;
  TemporaryObject key(session, handle);
  if (read_flag(session, handle, CKA_TRUSTED) == true)
    refuse("whoever has the user's PIN makes a trusted key (CKA_TRUSTED)");
  key.destroy();
}

// A secret that was unwrapped stays where it is.
void require_kept(const Session& session, const Profile& profile, CK_OBJECT_HANDLE secret) {
  if (prove_secrecy(session, secret, Extractable::Yes) != Promise::Kept)
    refuse("what is unwrapped can be read");
  auto other = make_wrapping_key(session);
  std::array<std::uint8_t, 64> wrapped;
  auto size = static_cast<CK_ULONG>(wrapped.size());
  CK_MECHANISM mechanism{profile.kwp, nullptr, 0};
  const CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_WrapKey>(&mechanism, other.handle(),
                                                                  secret, wrapped.data(), &size);
  if (is_lost(rv) || is_fault(rv)) throw token_error("C_WrapKey", rv);
  if (rv == CKR_OK)
    refuse("a key that is not trusted wraps what only trusted ones may (CKA_WRAP_WITH_TRUSTED)");
  other.destroy();
}

void require_kept_unwrapping(const Session& session, const Profile& profile,
                             CK_OBJECT_HANDLE unwrapping, const Bytes& wrapped) {
  const WrappedSecret payload{wrapped, kSecret.size()};
  auto secret = unwrap_object(session, profile, unwrapping, payload, Readable::Never);
  require_kept(session, profile, secret.handle());
  secret.destroy();
  // As somebody would who wants to have it. A token that makes of it what the template of the key
  // says is as good as one that refuses.
  for (const Readable asked_for : {Readable::Yes, Readable::No}) {
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    const CK_RV rv = try_unwrap(session, profile, unwrapping, payload, asked_for, &handle);
    if (is_lost(rv)) throw token_error("C_UnwrapKey", rv);
    if (rv != CKR_OK) continue;
    TemporaryObject taken(session, handle);
    if (read_flag(session, handle, CKA_WRAP_WITH_TRUSTED) != true ||
        read_flag(session, handle, CKA_MODIFIABLE) == true)
      refuse("it unwraps what it is asked for, whatever the key says (CKA_UNWRAP_TEMPLATE)");
    require_kept(session, profile, handle);
    taken.destroy();
  }
}

}  // namespace

Error cannot_enforce(const std::string& why, CK_RV rv) {
  return Error(ErrorCode::UnsupportedOperation, "The token cannot enforce keys: " + why + ".",
               "Leave out --enforce-in-token, or use a token that can; see docs/security.md.", rv);
}

void require_enforcement(const Session& session, const Profile& profile) {
  require_that_nobody_is_trusted(session);
  Attributes unwrapped;
  add_unwrap_template(unwrapped);
  Attributes attributes;
  add_key_attributes(attributes, kEnforcedKey, false);
  attributes.attributes(CKA_UNWRAP_TEMPLATE, unwrapped);
  CK_RV rv = CKR_OK;
  const CK_OBJECT_HANDLE handle = generate(session, attributes, rv);
  if (rv != CKR_OK) refuse("it makes no key with CKA_UNWRAP_TEMPLATE (" + rv_name(rv) + ")");
  TemporaryObject key(session, handle);
  auto secret = import_secret(session, kSecret);
  const Bytes wrapped = wrap_object(session, profile, handle, secret.handle());
  secret.destroy();
  require_kept_unwrapping(session, profile, handle, wrapped);
  key.destroy();
}

void require_enforcement_by(const Session& session, const Profile& profile,
                            CK_OBJECT_HANDLE wrapping) {
  auto secret = import_secret(session, kSecret, Readable::Never);
  const Bytes wrapped = wrap_object(session, profile, wrapping, secret.handle());
  require_kept(session, profile, secret.handle());
  secret.destroy();
  require_kept_unwrapping(session, profile, wrapping, wrapped);
}

}  // namespace trent::hsm
