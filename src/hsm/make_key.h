// SPDX-License-Identifier: Apache-2.0
// What is alike when keys are made: as restricted as the token takes them, and nothing left behind.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "hsm/base_key_store.h"
#include "hsm/token.h"

namespace trent::hsm {

// What make(connection, session, restricted, made) returns: with CKA_ALLOWED_MECHANISMS where the
// token takes it, so that the key is used in one way only, whatever usage it gets later. `make`
// sets `made` to the id of what is to be destroyed if it fails.
template <class Make>
auto make_key(Token& token, const std::string& label, Make make) {
  for (bool restricted = true;; restricted = false) {
    std::optional<Fingerprint> made;
    try {
      return token.run(Retry::IfNotPerformed, [&](Connection& connection, const Session& session) {
        return make(connection, session, restricted, made);
      });
    } catch (const Error& error) {
      // A token that reports a failure may have made the key all the same.
      if (made) {
        try {
          destroy_key(token, label, *made);
        } catch (const Error&) {  // the first failure is the one to report
        }
      }
      if (!restricted || !is_refused(error.ck_rv())) throw;
    }
  }
}

// Makes the key that was just generated a token object with this id, and proves that it is kept.
// `copies`: it is a session object, so that what fails before the copy is there leaves nothing in
// the token; otherwise it is on the token already.
inline void keep_key(const Session& session, TemporaryObject& generated, bool copies,
                     const std::string& label, const Fingerprint& id) {
  const auto require_kept = [&](CK_OBJECT_HANDLE object) {
    Fingerprint kept{};
    CK_ATTRIBUTE attribute{CKA_ID, kept.data(), kept.size()};
    CK_RV rv =
        session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(object, &attribute, CK_ULONG{1});
    if (rv == CKR_OBJECT_HANDLE_INVALID || (rv == CKR_OK && kept != id)) throw not_kept(label);
    if (rv != CKR_OK) throw token_error("C_GetAttributeValue", rv);
  };
  Attributes identity;
  identity.bytes(CKA_ID, id);
  if (!copies) {
    session.call<&CK_FUNCTION_LIST::C_SetAttributeValue>(generated.handle(), identity.data(),
                                                         identity.size());
    require_kept(generated.handle());
    generated.release();
    return;
  }
  identity.flag(CKA_TOKEN, true);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_CopyObject>(generated.handle(), identity.data(),
                                                identity.size(), &handle);
  // Not committed before the session object is gone: if that fails, so does the whole.
  TemporaryObject on_token(session, handle);
  require_kept(handle);
  generated.destroy();
  on_token.release();
}

}  // namespace trent::hsm
