// SPDX-License-Identifier: Apache-2.0
// Making base keys as restricted as a token takes them, and finding them.
#include "hsm/base_key_store.h"

#include <algorithm>

#include "hsm/make_key.h"
#include "hsm/profile.h"

namespace trent::hsm {

namespace {

Fingerprint make_base_key(Connection& connection, const Session& session, const std::string& label,
                          const Sha256& fingerprint_input, const KeyKind& kind, bool restricted,
                          std::optional<Fingerprint>& made) {
  // First as a session object: what fails before the last call leaves nothing in the token.
  bool copies = connection.profile(session).session_copies;
  Attributes attributes;
  add_key_attributes(attributes, kind, !copies);
  if (restricted) add_allowed_mechanisms(attributes, kind);
  attributes.text(CKA_LABEL, label);
  CK_MECHANISM mechanism{kind.generation, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_GenerateKey>(&mechanism, attributes.data(), attributes.size(),
                                                 &handle);
  TemporaryObject generated(session, handle);
  Fingerprint id = fingerprint(session, generated.handle(), fingerprint_input);
  made = id;
  keep_key(session, generated, copies, label, id);
  return id;
}

}  // namespace

// Not with CKA_MODIFIABLE=false: SoftHSM makes no session copy of such a key, and ReEncrypt takes a
// third longer without.
Fingerprint generate_base_key(Token& token, const std::string& label,
                              const Sha256& fingerprint_input, const KeyKind& kind) {
  return make_key(token, label,
                  [&](Connection& connection, const Session& session, bool restricted,
                      std::optional<Fingerprint>& made) {
                    return make_base_key(connection, session, label, fingerprint_input, kind,
                                         restricted, made);
                  });
}

Fingerprint base_key_id(Token& token, const BaseKeyRef& ref) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    const auto any = [](CK_OBJECT_HANDLE) { return true; };
    return fingerprint(session, connection.find_key(session, ref, any), ref.fingerprint_input);
  });
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

}  // namespace

void destroy_key(Token& token, const std::string& label, ByteView id) {
  token.run(Retry::Always, [&](Connection&, const Session& session) {
    Attributes search;
    search.flag(CKA_TOKEN, true).text(CKA_LABEL, label).bytes(CKA_ID, id);
    for (CK_OBJECT_HANDLE key : session.find(search))
      session.call<&CK_FUNCTION_LIST::C_DestroyObject>(key);
    return true;
  });
}

bool rename_key(Token& token, const std::string& from, const std::string& to, ByteView id) {
  return token.run(Retry::Always, [&](Connection&, const Session& session) {
    const auto find = [&](const std::string& label) {
      Attributes search;
      search.flag(CKA_TOKEN, true).text(CKA_LABEL, label).bytes(CKA_ID, id);
      return session.find(search);
    };
    const auto found = find(from);
    for (CK_OBJECT_HANDLE key : found) {
      Attributes name;
      name.text(CKA_LABEL, to);
      session.call<&CK_FUNCTION_LIST::C_SetAttributeValue>(key, name.data(), name.size());
    }
    return !found.empty() || !find(to).empty();
  });
}

bool has_key(Token& token, const KeyRef& ref,
             const std::function<bool(const Session& session, CK_OBJECT_HANDLE key)>& is_right) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    try {
      connection.find_key(session, ref,
                          [&](CK_OBJECT_HANDLE key) { return is_right(session, key); });
      return true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::KeyUnavailable || is_lost(error.ck_rv())) throw;
      return false;
    }
  });
}

std::optional<std::string> label_of_base_key(Token& token, const Fingerprint& id) {
  constexpr std::size_t kMaxLabel = 8192;
  return token.run(Retry::Always,
                   [&](Connection&, const Session& session) -> std::optional<std::string> {
                     auto found = find_base_keys(session, nullptr, id);
                     if (found.empty()) return std::nullopt;
                     return session.read<std::string>(found.front(), CKA_LABEL, kMaxLabel);
                   });
}

}  // namespace trent::hsm
