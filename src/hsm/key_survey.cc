// SPDX-License-Identifier: Apache-2.0
// Looking at all keys of a token: see key_survey.h.
#include "hsm/key_survey.h"

#include "hsm/token.h"

namespace trent::hsm {

namespace {

// Returns false if it is gone: somebody destroyed it meanwhile.
bool survey_key(const Session& session, CK_OBJECT_CLASS object_class, CK_OBJECT_HANDLE handle,
                const Expect& expect, KeySurvey& survey) {
  try {
    KeyFacts facts = read_key_facts(session, handle);
    const auto expected = expect(object_class, facts);
    if (!expected) return true;
    KeyState key{judge(std::move(facts), expected->kind), object_class, false};
    if (expected->weaknesses) {
      const std::vector<std::string> found = expected->weaknesses(session, handle);
      key.restricted = found.empty();
      key.exposed.insert(key.exposed.end(), found.begin(), found.end());
    }
    key.proven = expected->is_proven(session, handle, key.id);
    survey.keys.push_back(std::move(key));
  } catch (const Error& error) {
    const CK_RV rv = error.ck_rv();
    if (rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_KEY_HANDLE_INVALID) return false;
    if (is_lost(rv)) throw;
    survey.unreadable.push_back(error.message());
  }
  return true;
}

}  // namespace

KeySurvey survey_keys(Token& token, std::span<const CK_OBJECT_CLASS> classes,
                      const Expect& expect) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    KeySurvey survey;
    bool gone = false;
    for (const CK_OBJECT_CLASS object_class : classes) {
      Attributes search;
      // Of any type: what took the place of a key of Trent's is to be seen as well.
      search.number(CKA_CLASS, object_class).flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true);
      for (CK_OBJECT_HANDLE handle : session.find(search))
        gone = !survey_key(session, object_class, handle, expect, survey) || gone;
    }
    // Or else it is the connection that is gone, and with it every handle.
    if (gone && connection.handles_are_void())
      throw token_error("C_GetAttributeValue", CKR_OBJECT_HANDLE_INVALID);
    return survey;
  });
}

}  // namespace trent::hsm
