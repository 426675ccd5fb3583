// SPDX-License-Identifier: Apache-2.0
// C_EncryptInit ... C_VerifyRecover: functions of a few shapes, and one discipline for all.
//
// An operation ends with its answer and with every failure except CKR_BUFFER_TOO_SMALL; a question
// for the answer's length (NULL) leaves it as it is; one-part and multiple-part calls do not mix
// (PKCS#11 v3.0 section 5.2 and the description of each function). Not all tokens keep to that, so
// it is kept here.
#pragma once

#include <cstring>

#include "pkcs11/kms_operation.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/session.h"
#include "pkcs11/signature.h"

namespace trent::pkcs11 {

inline constexpr CK_ULONG kMaxData = 0x7fffffff;  // more than any token takes in one call

// The session's operation, taken out of it: it ends with this object, unless keep() is called.
class Step {
 public:
  // Throws CKR_OPERATION_NOT_INITIALIZED if there is none of this kind, and CKR_OPERATION_ACTIVE if
  // it is not at a point where `next` may follow.
  Step(Session& session, Kind kind, Phase next);

  KmsOperation* kms() { return std::get_if<KmsOperation>(&operation_.what); }
  KmsSignature* signature() { return std::get_if<KmsSignature>(&operation_.what); }
  template <auto Function, class... Arguments>
  CK_RV call_backend(Arguments... arguments) {
    return session_.note(backend().template try_call<Function>(arguments...));
  }

  // It goes on.
  void keep();
  // The backend is done with it.
  void finish();

  // By the two-call rule: keeps the operation or finishes it.
  CK_RV answer(ByteView value, CK_BYTE_PTR out, CK_ULONG_PTR out_len);
  // The same for a signature, whose length is known before it is made. `in`: the rest of what is
  // signed.
  CK_RV answer_signature(KmsSignature& signature, ByteView in, CK_BYTE_PTR out,
                         CK_ULONG_PTR out_len);
  // What the backend said by itself, to a call with this output buffer.
  CK_RV conclude(CK_RV rv, const void* out);

 private:
  const hsm::Session& backend() { return std::get<BackendOperation>(operation_.what).session; }

  Session& session_;
  Operation operation_;
};

// Never NULL: tokens refuse that even if the length is 0.
CK_BYTE_PTR checked_data(CK_BYTE_PTR data, CK_ULONG length);

CK_RV start_operation(Session& session, Kind kind, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key,
                      CK_RV (*backend_init)(const hsm::Session&, CK_MECHANISM_PTR,
                                            CK_OBJECT_HANDLE));

template <Kind kind, auto Function>
CK_RV init(Session& session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key) {
  return start_operation(
      session, kind, mechanism, key,
      [](const hsm::Session& backend, CK_MECHANISM_PTR checked, CK_OBJECT_HANDLE backend_key) {
        return backend.try_call<Function>(checked, backend_key);
      });
}

CK_RV digest_init(Session& session, CK_MECHANISM_PTR mechanism);

// C_Encrypt, C_Decrypt, C_Digest, C_Sign and the like.
template <Kind kind, auto Function>
CK_RV one_part(Session& session, CK_BYTE_PTR in, CK_ULONG in_len, CK_BYTE_PTR out,
               CK_ULONG_PTR out_len) {
  Step step(session, kind, Phase::OnePart);
  in = checked_data(in, in_len);
  require(out_len != nullptr, CKR_ARGUMENTS_BAD);
  if (KmsSignature* signature = step.signature())
    return step.answer_signature(*signature, {in, in_len}, out, out_len);
  if (KmsOperation* operation = step.kms()) {
    // The same again is a second call for the same answer; anything else is another message.
    ByteView input(in, in_len);
    if (!std::equal(input.begin(), input.end(), operation->input.begin(), operation->input.end())) {
      operation->input.clear();
      add_input(kind, *operation, input);
    }
    return step.answer(finish_kms_operation(session, kind, *operation), out, out_len);
  }
  return step.conclude(step.call_backend<Function>(in, in_len, out, out_len), out);
}

// C_EncryptUpdate, C_DecryptUpdate.
template <Kind kind, auto Function>
CK_RV update(Session& session, CK_BYTE_PTR in, CK_ULONG in_len, CK_BYTE_PTR out,
             CK_ULONG_PTR out_len) {
  Step step(session, kind, Phase::Parts);
  in = checked_data(in, in_len);
  require(out_len != nullptr, CKR_ARGUMENTS_BAD);
  CK_RV rv = CKR_OK;
  if (KmsOperation* operation = step.kms()) {
    if (out != nullptr) add_input(kind, *operation, {in, in_len});
    *out_len = 0;  // all of it comes at the end
  } else {
    rv = step.call_backend<Function>(in, in_len, out, out_len);
  }
  if (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL) step.keep();
  return rv;
}

// C_DigestUpdate, C_SignUpdate, C_VerifyUpdate.
template <Kind kind, auto Function>
CK_RV silent_update(Session& session, CK_BYTE_PTR in, CK_ULONG in_len) {
  Step step(session, kind, Phase::Parts);
  in = checked_data(in, in_len);
  CK_RV rv = CKR_OK;
  if (KmsSignature* signature = step.signature())
    add_signed(*signature, {in, in_len});
  else
    rv = step.call_backend<Function>(in, in_len);
  if (rv == CKR_OK) step.keep();
  return rv;
}

CK_RV digest_key(Session& session, CK_OBJECT_HANDLE key);

// C_EncryptFinal, C_DecryptFinal, C_DigestFinal, C_SignFinal.
template <Kind kind, auto Function>
CK_RV last_part(Session& session, CK_BYTE_PTR out, CK_ULONG_PTR out_len) {
  Step step(session, kind, Phase::LastPart);
  require(out_len != nullptr, CKR_ARGUMENTS_BAD);
  if (KmsSignature* signature = step.signature())
    return step.answer_signature(*signature, {}, out, out_len);
  if (KmsOperation* operation = step.kms())
    return step.answer(finish_kms_operation(session, kind, *operation), out, out_len);
  return step.conclude(step.call_backend<Function>(out, out_len), out);
}

CK_RV verify(Session& session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
             CK_ULONG signature_len);
CK_RV verify_final(Session& session, CK_BYTE_PTR signature, CK_ULONG signature_len);

}  // namespace trent::pkcs11
