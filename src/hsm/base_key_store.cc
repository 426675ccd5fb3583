// SPDX-License-Identifier: Apache-2.0
// Making base keys as restricted as a token takes them, finding them, and looking at all of them.
#include "hsm/base_key_store.h"

#include <algorithm>

#include "hsm/profile.h"
#include "hsm/token.h"

namespace trent::hsm {

namespace {

// Throws unless the token object that was just made is there, and has this id.
void require_kept(const Session& session, CK_OBJECT_HANDLE object, const std::string& label,
                  const Fingerprint& id) {
  Fingerprint kept{};
  CK_ATTRIBUTE attribute{CKA_ID, kept.data(), kept.size()};
  CK_RV rv =
      session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(object, &attribute, CK_ULONG{1});
  if (rv == CKR_OBJECT_HANDLE_INVALID || (rv == CKR_OK && kept != id)) throw not_kept(label);
  if (rv != CKR_OK) throw token_error("C_GetAttributeValue", rv);
}

Fingerprint make_base_key(Connection& connection, const Session& session, const std::string& label,
                          const Sha256& fingerprint_input, bool restricted,
                          std::optional<Fingerprint>& made) {
  // First as a session object: what fails before the last call leaves nothing in the token.
  bool copies = connection.profile(session).session_copies;
  Attributes attributes;
  add_key_attributes(attributes, kBaseKey, !copies);
  if (restricted) add_allowed_mechanisms(attributes, kBaseKey);
  attributes.text(CKA_LABEL, label);
  CK_MECHANISM mechanism{kBaseKey.generation, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_GenerateKey>(&mechanism, attributes.data(), attributes.size(),
                                                 &handle);
  TemporaryObject generated(session, handle);
  Fingerprint id = fingerprint(session, generated.handle(), fingerprint_input);
  Attributes identity;
  identity.bytes(CKA_ID, id);
  made = id;
  if (copies) {
    identity.flag(CKA_TOKEN, true);
    session.call<&CK_FUNCTION_LIST::C_CopyObject>(generated.handle(), identity.data(),
                                                  identity.size(), &handle);
    // Not committed before the session object is gone: if that fails, so does the whole.
    TemporaryObject on_token(session, handle);
    require_kept(session, handle, label, id);
    generated.destroy();
    on_token.release();
  } else {
    session.call<&CK_FUNCTION_LIST::C_SetAttributeValue>(generated.handle(), identity.data(),
                                                         identity.size());
    require_kept(session, generated.handle(), label, id);
    generated.release();
  }
  return id;
}

}  // namespace

Fingerprint generate_base_key(Token& token, const std::string& label,
                              const Sha256& fingerprint_input) {
  // CKA_ALLOWED_MECHANISMS, where the token takes it: the key derives in one way only, whatever
  // usage it gets later. Not CKA_MODIFIABLE=false: SoftHSM makes no session copy of such a key, and
  // ReEncrypt takes a third longer without.
  for (bool restricted = true;; restricted = false) {
    std::optional<Fingerprint> made;
    try {
      return token.run(Retry::IfNotPerformed, [&](Connection& connection, const Session& session) {
        return make_base_key(connection, session, label, fingerprint_input, restricted, made);
      });
    } catch (const Error& error) {
      // A token that reports a failure may have made the key all the same.
      if (made) {
        try {
          destroy_base_key(token, label, *made);
        } catch (const Error&) {  // the first failure is the one to report
        }
      }
      if (!restricted || !is_refused(error.ck_rv())) throw;
    }
  }
}

namespace {

std::vector<CK_OBJECT_HANDLE> find_base_keys(const Session& session, const std::string* label,
                                             std::optional<ByteView> id) {
  Attributes search;
  search.number(CKA_CLASS, kBaseKey.object_class)
      .number(CKA_KEY_TYPE, kBaseKey.type)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true);
  if (label != nullptr) search.text(CKA_LABEL, *label);
  if (id) search.bytes(CKA_ID, *id);
  return session.find(search);
}

constexpr std::size_t kMaxLabel = 8192;

}  // namespace

void destroy_base_key(Token& token, const std::string& label, ByteView id) {
  token.run(Retry::Always, [&](Connection&, const Session& session) {
    for (CK_OBJECT_HANDLE key : find_base_keys(session, &label, id))
      session.call<&CK_FUNCTION_LIST::C_DestroyObject>(key);
    return true;
  });
}

std::optional<std::string> label_of_base_key(Token& token, const Fingerprint& id) {
  return token.run(Retry::Always,
                   [&](Connection&, const Session& session) -> std::optional<std::string> {
                     auto found = find_base_keys(session, nullptr, id);
                     if (found.empty()) return std::nullopt;
                     return session.read<std::string>(found.front(), CKA_LABEL, kMaxLabel);
                   });
}

BaseKeySurvey survey_base_keys(
    Token& token,
    const std::function<std::optional<Sha256>(const std::string& label)>& fingerprint_input) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    BaseKeySurvey survey;
    bool gone = false;
    Attributes search;
    // Of any type: what took the place of a base key is to be seen as well.
    search.number(CKA_CLASS, CKO_SECRET_KEY).flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true);
    for (CK_OBJECT_HANDLE handle : session.find(search)) {
      try {
        KeyAttributes key = read_key_attributes(session, handle);
        auto input = fingerprint_input(key.label);
        if (!input) continue;
        Fingerprint id{};
        bool proven = key.id.size() == id.size();
        if (proven) std::copy(key.id.begin(), key.id.end(), id.begin());
        proven = proven && is_key_of(session, handle, {key.label, id, *input});
        survey.keys.push_back({std::move(key), proven});
      } catch (const Error& error) {
        const CK_RV rv = error.ck_rv();
        if (rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_KEY_HANDLE_INVALID) {
          gone = true;  // somebody destroyed it meanwhile
        } else if (is_lost(rv)) {
          throw;
        } else {
          survey.unreadable.push_back(error.message());
        }
      }
    }
    // Or else it is the connection that is gone, and with it every handle.
    if (gone && connection.handles_are_void())
      throw token_error("C_GetAttributeValue", CKR_OBJECT_HANDLE_INVALID);
    return survey;
  });
}

}  // namespace trent::hsm
