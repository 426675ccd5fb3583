// SPDX-License-Identifier: Apache-2.0
// CKA_SENSITIVE and CKA_EXTRACTABLE, tried instead of believed.
#include "hsm/promise.h"

#include <array>

namespace trent::hsm {

namespace {

bool is_secret(const Session& session, CK_OBJECT_HANDLE object, Extractable extractable) {
  CK_BBOOL sensitive = CK_FALSE;
  CK_BBOOL may_leave = CK_TRUE;
  SecretBytes value(64);
  // The attributes of a call are all looked at, though the last of them is refused.
  std::array attributes{
      CK_ATTRIBUTE{CKA_SENSITIVE, &sensitive, sizeof sensitive},
      CK_ATTRIBUTE{CKA_EXTRACTABLE, &may_leave, sizeof may_leave},
      CK_ATTRIBUTE{CKA_VALUE, value.data(), static_cast<CK_ULONG>(value.size())},
  };
  CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(
      object, attributes.data(), static_cast<CK_ULONG>(attributes.size()));
  if (is_lost(rv) || is_fault(rv)) throw token_error("C_GetAttributeValue", rv);
  return rv == CKR_ATTRIBUTE_SENSITIVE && sensitive == CK_TRUE &&
         (extractable == Extractable::Yes || may_leave == CK_FALSE);
}

CK_RV set_secret(const Session& session, CK_OBJECT_HANDLE object, Extractable extractable) {
  Attributes attributes;
  attributes.flag(CKA_SENSITIVE, true);
  if (extractable == Extractable::No) attributes.flag(CKA_EXTRACTABLE, false);
  return session.try_call<&CK_FUNCTION_LIST::C_SetAttributeValue>(object, attributes.data(),
                                                                  attributes.size());
}

}  // namespace

Promise prove_secrecy(const Session& session, CK_OBJECT_HANDLE object, Extractable extractable) {
  if (is_secret(session, object, extractable)) return Promise::Kept;
  CK_RV rv = set_secret(session, object, extractable);
  if (is_lost(rv) || is_fault(rv)) throw token_error("C_SetAttributeValue", rv);
  return rv == CKR_OK && is_secret(session, object, extractable) ? Promise::SetLater
                                                                 : Promise::Broken;
}

void keep_promise(Promise promise, const Session& session, CK_OBJECT_HANDLE object,
                  Extractable extractable) {
  if (promise != Promise::SetLater) return;
  CK_RV rv = set_secret(session, object, extractable);
  if (rv != CKR_OK) throw token_error("C_SetAttributeValue", rv);
}

}  // namespace trent::hsm
