// SPDX-License-Identifier: Apache-2.0
// The ceremony of an enforced key: see enforced_key_store.h.
#include "hsm/enforced_key_store.h"

#include <array>
#include <optional>

#include "hsm/change_lock.h"
#include "hsm/enforcement.h"
#include "hsm/make_key.h"
#include "hsm/token.h"
#include "hsm/wrapping.h"

namespace trent::hsm {

namespace {

// CKA_LABEL of what the security officer makes, until there is a copy.
constexpr const char* kFirst = "trent/enforced/unfinished";

using Nonce = std::array<std::uint8_t, 16>;

std::vector<CK_OBJECT_HANDLE> find_first(const Session& session, const Nonce* nonce) {
  Attributes search;
  search.number(CKA_CLASS, kEnforcedKey.object_class)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, false)
      .text(CKA_LABEL, kFirst);
  if (nonce != nullptr) search.bytes(CKA_ID, *nonce);
  return session.find(search);
}

std::size_t destroy_first(Token& token, const Nonce* nonce) {
  return token.run(Retry::Always, [&](Connection&, const Session& session) {
    const auto found = find_first(session, nonce);
    for (const CK_OBJECT_HANDLE first : found)
      session.call<&CK_FUNCTION_LIST::C_DestroyObject>(first);
    return found.size();
  });
}

// As the security officer.
void make_first(const Session& session, CK_MECHANISM_TYPE kwp, const Nonce& nonce) {
  Attributes wrapped;
  add_wrap_template(wrapped);
  Attributes unwrapped;
  add_unwrap_template(unwrapped);
  Attributes attributes;
  attributes.number(CKA_CLASS, kEnforcedKey.object_class)
      .number(CKA_KEY_TYPE, kEnforcedKey.type)
      .number(CKA_VALUE_LEN, kEnforcedKey.length)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, false)
      .flag(CKA_TRUSTED, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false);
  add_usage(attributes, kEnforcedKey.usage);
  attributes
      .bytes(CKA_ALLOWED_MECHANISMS, {reinterpret_cast<const std::uint8_t*>(&kwp), sizeof kwp})
      .attributes(CKA_WRAP_TEMPLATE, wrapped)
      .attributes(CKA_UNWRAP_TEMPLATE, unwrapped)
      .text(CKA_LABEL, kFirst)
      .bytes(CKA_ID, nonce);
  CK_MECHANISM mechanism{kEnforcedKey.generation, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  const CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_GenerateKey>(&mechanism, attributes.data(),
                                                                      attributes.size(), &handle);
  if (is_refused(rv) || rv == CKR_USER_NOT_LOGGED_IN)
    throw cannot_enforce(
        "its security officer makes no trusted key (C_GenerateKey returned " + rv_name(rv) + ")",
        rv);
  if (rv != CKR_OK) throw token_error("C_GenerateKey", rv);
}

TemporaryObject make_mac_key(const Session& session, const std::string& label, bool on_token) {
  Attributes attributes;
  add_key_attributes(attributes, kEnforcedMacKey, on_token);
  add_allowed_mechanisms(attributes, kEnforcedMacKey);
  attributes.text(CKA_LABEL, label);
  CK_MECHANISM mechanism{kEnforcedMacKey.generation, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_GenerateKey>(&mechanism, attributes.data(), attributes.size(),
                                                 &handle);
  return {session, handle};
}

TemporaryObject make_copy(const Session& session, CK_OBJECT_HANDLE first, const std::string& label,
                          const Fingerprint& id) {
  Attributes attributes;
  attributes.flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .text(CKA_LABEL, label)
      .bytes(CKA_ID, id)
      .flag(CKA_MODIFIABLE, false);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  const CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_CopyObject>(first, attributes.data(),
                                                                     attributes.size(), &handle);
  if (is_refused(rv) || rv == CKR_ACTION_PROHIBITED || rv == CKR_FUNCTION_NOT_SUPPORTED)
    throw cannot_enforce(
        "it makes no private copy of a trusted key (C_CopyObject returned " + rv_name(rv) + ")",
        rv);
  if (rv != CKR_OK) throw token_error("C_CopyObject", rv);
  return {session, handle};
}

void require_strength(const Session& session, CK_OBJECT_HANDLE wrapping) {
  const KeyAttributes attributes = judge(read_key_facts(session, wrapping), kEnforcedKey);
  std::vector<std::string> faults = attributes.unfit;
  faults.insert(faults.end(), attributes.exposed.begin(), attributes.exposed.end());
  const auto weak = weaknesses(session, wrapping);
  faults.insert(faults.end(), weak.begin(), weak.end());
  if (!faults.empty()) throw cannot_enforce("the copy of a trusted key " + faults.front());
}

// As the user. `made` is the id of what is to be destroyed if it fails.
Fingerprint finish(Connection& connection, const Session& session, const Nonce& nonce,
                   const EnforcedKeyRef& ref, std::optional<Fingerprint>& made) {
  const Profile& profile = connection.profile(session);
  const auto found = find_first(session, &nonce);
  if (found.size() != 1)
    throw Error(ErrorCode::KMSInternal,
                "The trusted key that the security officer has just made is not in the token.",
                "Another program removed it. Try again.");
  const bool copies = profile.session_copies;
  TemporaryObject mac = make_mac_key(session, ref.name.label, !copies);
  const Fingerprint id = enforced_key_id(session, {found.front(), mac.handle()}, ref);
  made = id;
  TemporaryObject wrapping = make_copy(session, found.front(), ref.name.label, id);
  require_strength(session, wrapping.handle());
  require_enforcement_by(session, profile, wrapping.handle());
  session.call<&CK_FUNCTION_LIST::C_DestroyObject>(found.front());
  keep_key(session, mac, copies, ref.name.label, id);
  wrapping.release();
  return id;
}

}  // namespace

Fingerprint make_enforced_key(const ChangeLock&, Token& token, const SecretBytes& so_pin,
                              const EnforcedKeyRef& ref) {
  const CK_MECHANISM_TYPE kwp =
      token.run(Retry::Always, [](Connection& connection, const Session& session) {
        const Profile& profile = connection.profile(session);
        require_secrecy(profile);
        require_enforcement(session, profile);
        return profile.kwp;
      });
  Nonce nonce{};
  fill_random(nonce);
  std::optional<Fingerprint> made;
  try {
    token.as_security_officer(so_pin,
                              [&](const Session& session) { make_first(session, kwp, nonce); });
    return token.run(Retry::IfNotPerformed, [&](Connection& connection, const Session& session) {
      return finish(connection, session, nonce, ref, made);
    });
  } catch (const Error&) {
    try {
      if (made) destroy_key(token, ref.name.label, *made);
      destroy_first(token, &nonce);
    } catch (const Error&) {  // the first failure is the one to report
    }
    throw;
  }
}

std::size_t count_left_enforced_keys(Token& token) {
  return token.run(Retry::Always, [](Connection&, const Session& session) {
    return find_first(session, nullptr).size();
  });
}

std::size_t remove_left_enforced_keys(const ChangeLock&, Token& token) {
  return destroy_first(token, nullptr);
}

std::size_t count_other_trusted_keys(Token& token) {
  return token.run(Retry::Always, [](Connection&, const Session& session) {
    std::size_t count = 0;
    for (const CK_OBJECT_CLASS object_class : {CKO_SECRET_KEY, CKO_PUBLIC_KEY}) {
      Attributes search;
      search.number(CKA_CLASS, object_class).flag(CKA_TOKEN, true).flag(CKA_TRUSTED, true);
      for (const CK_OBJECT_HANDLE key : session.find(search)) {
        if (object_class == CKO_PUBLIC_KEY) {
          ++count;
          continue;
        }
        const KeyAttributes attributes = judge(read_key_facts(session, key), kEnforcedKey);
        if (!attributes.unfit.empty() || !attributes.exposed.empty() ||
            !weaknesses(session, key).empty())
          ++count;
      }
    }
    return count;
  });
}

}  // namespace trent::hsm
