// SPDX-License-Identifier: Apache-2.0
// Enforced keys: what they are told to be, what they are, and their proof.
#include "hsm/enforced_key.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "hsm/base_key.h"
#include "hsm/connection.h"
#include "hsm/key_attributes.h"
#include "hsm/secret.h"
#include "hsm/sign_with.h"

namespace trent::hsm {

namespace {

// Empty: it may do what it does by any mechanism, or does not tell.
std::vector<CK_MECHANISM_TYPE> allowed_mechanisms(const Session& session, CK_OBJECT_HANDLE object) {
  std::vector<CK_MECHANISM_TYPE> allowed(16);
  CK_ATTRIBUTE attribute{CKA_ALLOWED_MECHANISMS, allowed.data(),
                         static_cast<CK_ULONG>(allowed.size() * sizeof allowed[0])};
  const CK_RV rv =
      session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(object, &attribute, CK_ULONG{1});
  if (is_lost(rv)) throw token_error("C_GetAttributeValue", rv);
  allowed.resize(rv == CKR_OK ? attribute.ulValueLen / sizeof allowed[0] : 0);
  return allowed;
}

// A template that is the value of an attribute, in the three steps of C_GetAttributeValue: how many
// attributes, of what types and lengths, with what values.
class HeldTemplate {
 public:
  HeldTemplate(const Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
    constexpr CK_ULONG kMost = 64 * sizeof(CK_ATTRIBUTE);
    constexpr CK_ULONG kLongest = 64;
    CK_ATTRIBUTE whole{type, nullptr, 0};
    const auto read = [&] {
      const CK_RV rv =
          session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(object, &whole, CK_ULONG{1});
      if (is_lost(rv)) throw token_error("C_GetAttributeValue", rv);
      return rv == CKR_OK && whole.ulValueLen <= kMost;
    };
    if (!read()) return;
    attributes_.resize(whole.ulValueLen / sizeof(CK_ATTRIBUTE));
    whole.pValue = attributes_.data();
    if (attributes_.empty() || !read()) {
      attributes_.clear();
      return;
    }
    for (CK_ATTRIBUTE& attribute : attributes_) {
      values_.emplace_back(std::min(attribute.ulValueLen, kLongest));
      attribute.pValue = values_.back().data();
      attribute.ulValueLen = static_cast<CK_ULONG>(values_.back().size());
    }
    if (!read()) attributes_.clear();
  }
  HeldTemplate(const HeldTemplate&) = delete;
  HeldTemplate& operator=(const HeldTemplate&) = delete;

  bool has(const CK_ATTRIBUTE& wanted) const {
    return std::ranges::any_of(attributes_, [&](const CK_ATTRIBUTE& held) {
      return held.type == wanted.type && held.ulValueLen == wanted.ulValueLen &&
             std::memcmp(held.pValue, wanted.pValue, wanted.ulValueLen) == 0;
    });
  }
  bool has_all(Attributes& wanted) const {
    return std::all_of(wanted.data(), wanted.data() + wanted.size(),
                       [&](const CK_ATTRIBUTE& each) { return has(each); });
  }

 private:
  std::vector<CK_ATTRIBUTE> attributes_;
  std::vector<Bytes> values_;
};

KeyRef mac_key_of(const EnforcedKeyRef& ref) {
  return {ref.name, ref.id, kEnforcedMacKey};
}

}  // namespace

void add_unwrap_template(Attributes& attributes) {
  add_payload_attributes(attributes, Readable::Never);
  end_payload_attributes(attributes, Readable::Never);
}

void add_wrap_template(Attributes& attributes) {
  attributes.flag(CKA_WRAP_WITH_TRUSTED, true);
}

Fingerprint enforced_key_id(const Session& session, const EnforcedKey& key,
                            const EnforcedKeyRef& ref) {
  // The one mechanism that it allows.
  const auto allowed = allowed_mechanisms(session, key.wrapping);
  Profile by_that;
  if (!allowed.empty()) by_that.kwp = allowed.front();
  auto secret = import_secret(session, ref.trial, Readable::Never);
  Bytes shown = wrap_object(session, by_that, key.wrapping, secret.handle());
  secret.destroy();
  append(shown,
         sign_with(session, key.mac, {kEnforcedMacKey.mechanisms.front(), nullptr, 0}, ref.trial));
  return ref.id_of(shown);
}

std::vector<std::string> weaknesses(const Session& session, CK_OBJECT_HANDLE wrapping) {
  std::vector<std::string> found;
  if (!read_flag(session, wrapping, CKA_TRUSTED).value_or(false))
    found.emplace_back("is not trusted (CKA_TRUSTED is false)");
  if (read_flag(session, wrapping, CKA_MODIFIABLE).value_or(true))
    found.emplace_back("can be changed (CKA_MODIFIABLE is true)");
  if (allowed_mechanisms(session, wrapping).size() != 1)
    found.emplace_back("wraps by other mechanisms than RFC 5649 (CKA_ALLOWED_MECHANISMS)");
  Attributes unwrapped;
  add_unwrap_template(unwrapped);
  if (!HeldTemplate(session, wrapping, CKA_UNWRAP_TEMPLATE).has_all(unwrapped))
    found.emplace_back("unwraps secrets that can be read or used (CKA_UNWRAP_TEMPLATE)");
  Attributes wrapped;
  add_wrap_template(wrapped);
  if (!HeldTemplate(session, wrapping, CKA_WRAP_TEMPLATE).has_all(wrapped))
    found.emplace_back("wraps secrets that other keys wrap, too (CKA_WRAP_TEMPLATE)");
  return found;
}

EnforcedKey find_enforced_key(const Connection& connection, const Session& session,
                              const EnforcedKeyRef& ref) {
  EnforcedKey key;
  key.wrapping = connection.find_key(session, ref, [&](CK_OBJECT_HANDLE object) {
    const auto found = weaknesses(session, object);
    if (found.empty()) return true;
    throw Error(ErrorCode::KMSInternal,
                "The object " + ref.name.text() + " in the token " + found.front() +
                    ": it does not keep what it protects from whoever has the PIN.",
                "Nothing was done with it; see `trent check`.");
  });
  key.mac = connection.find_key(session, mac_key_of(ref), [&](CK_OBJECT_HANDLE object) {
    return enforced_key_id(session, {key.wrapping, object}, ref) == ref.id;
  });
  return key;
}

bool is_enforced_key_of(const Session& session, CK_OBJECT_HANDLE object,
                        const EnforcedKeyRef& ref) {
  const auto find = [&](const KeyKind& kind) {
    Attributes search;
    search.number(CKA_CLASS, kind.object_class)
        .number(CKA_KEY_TYPE, kind.type)
        .flag(CKA_TOKEN, true)
        .flag(CKA_PRIVATE, true)
        .text(CKA_LABEL, ref.name.label)
        .bytes(CKA_ID, ref.name.id);
    const auto all = session.find(search);
    // Of several of one name, the one that is asked for.
    if (std::ranges::find(all, object) != all.end()) return object;
    return all.empty() ? CK_OBJECT_HANDLE{CK_INVALID_HANDLE} : all.front();
  };
  const EnforcedKey key{find(kEnforcedKey), find(kEnforcedMacKey)};
  if (key.wrapping == CK_INVALID_HANDLE || key.mac == CK_INVALID_HANDLE ||
      (object != key.wrapping && object != key.mac))
    return false;
  try {
    return enforced_key_id(session, key, ref) == ref.id;
  } catch (const Error& error) {
    // Without the right to do it.
    if (is_refused(error.ck_rv()) || error.ck_rv() == CKR_KEY_NOT_WRAPPABLE ||
        error.ck_rv() == CKR_KEY_TYPE_INCONSISTENT)
      return false;
    throw;
  }
}

}  // namespace trent::hsm
