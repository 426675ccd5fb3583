// SPDX-License-Identifier: Apache-2.0
// C_EncryptInit ... C_VerifyRecover: see operations.h.
#include "pkcs11/functions/operations.h"

#include <algorithm>
#include <utility>

namespace trent::pkcs11 {

namespace {

bool may_follow(Phase now, Phase next) {
  switch (now) {
    case Phase::Started:
      return true;
    case Phase::OnePart:
      return next == Phase::OnePart;
    case Phase::Parts:
      return next != Phase::OnePart;
    case Phase::LastPart:
      return next == Phase::LastPart;
  }
  return false;
}

// C_Logout, of any session with the token, ends what needed the login: a plaintext that is computed
// already is not for whoever comes next.
void drop_if_logged_out(Session& session) {
  if (!session.operation) return;
  const std::uint64_t now = session.slot().logouts;
  const std::uint64_t then = std::visit(
      [&](const auto& operation) -> std::uint64_t {
        if constexpr (requires { operation.logouts; })
          return operation.logouts;
        else
          return now;
      },
      session.operation->what);
  if (then != now) session.operation.reset();
}

Operation take_operation(Session& session, Kind kind, Phase next) {
  drop_if_logged_out(session);
  require(session.operation && session.operation->kind == kind, CKR_OPERATION_NOT_INITIALIZED);
  Operation operation = std::move(*session.operation);
  session.operation.reset();
  require(may_follow(operation.phase, next), CKR_OPERATION_ACTIVE);
  operation.phase = next;
  return operation;
}

void start_in_backend(Session& session, Kind kind, hsm::Session backend, CK_RV rv) {
  switch (session.note(rv)) {
    case CKR_OK:
      session.operation.emplace(
          Operation{kind, Phase::Started, BackendOperation{std::move(backend)}});
      return;
    case CKR_ARGUMENTS_BAD:  // all that is left to be bad
      throw Failure(CKR_MECHANISM_PARAM_INVALID);
    case CKR_OBJECT_HANDLE_INVALID:
      throw Failure(CKR_KEY_HANDLE_INVALID);
    default:
      throw Failure(rv);
  }
}

// NULL ends the operation of this kind (PKCS#11 v3.0 section 5.8.1). True if that was it.
bool cancels(Session& session, Kind kind, CK_MECHANISM_PTR mechanism) {
  drop_if_logged_out(session);
  if (mechanism == nullptr && session.operation && session.operation->kind == kind) {
    session.operation.reset();
    return true;
  }
  require(!session.operation, CKR_OPERATION_ACTIVE);
  return false;
}

}  // namespace

Step::Step(Session& session, Kind kind, Phase next)
    : session_(session), operation_(take_operation(session, kind, next)) {}

void Step::keep() {
  session_.operation.emplace(std::move(operation_));
}

void Step::finish() {
  if (auto* backend = std::get_if<BackendOperation>(&operation_.what))
    session_.give_back(std::move(backend->session));
}

CK_RV Step::answer(ByteView value, CK_BYTE_PTR out, CK_ULONG_PTR out_len) {
  CK_ULONG room = *out_len;
  *out_len = value.size();
  if (out == nullptr || room < value.size()) {
    keep();
    return out == nullptr ? CKR_OK : CKR_BUFFER_TOO_SMALL;
  }
  std::copy(value.begin(), value.end(), out);
  return CKR_OK;
}

CK_RV Step::answer_signature(KmsSignature& signature, ByteView in, CK_BYTE_PTR out,
                             CK_ULONG_PTR out_len) {
  const CK_ULONG room = *out_len;
  *out_len = signature.size;
  if (out == nullptr || room < signature.size) {
    keep();
    return out == nullptr ? CKR_OK : CKR_BUFFER_TOO_SMALL;
  }
  add_signed(signature, in);
  const Bytes made = make_signature(session_, signature);
  std::ranges::copy(made, out);
  return CKR_OK;
}

CK_RV Step::conclude(CK_RV rv, const void* out) {
  if (rv == CKR_BUFFER_TOO_SMALL || (rv == CKR_OK && out == nullptr))
    keep();
  else if (rv == CKR_OK)
    finish();
  // SoftHSM's word for a wrong authentication tag or padding.
  if (rv == CKR_GENERAL_ERROR && operation_.kind == Kind::Decrypt)
    return CKR_ENCRYPTED_DATA_INVALID;
  return rv;
}

CK_BYTE_PTR checked_data(CK_BYTE_PTR data, CK_ULONG length) {
  static CK_BYTE nothing = 0;
  require(length <= kMaxData && (data != nullptr || length == 0), CKR_ARGUMENTS_BAD);
  return data == nullptr ? &nothing : data;
}

CK_RV start_operation(Session& session, Kind kind, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key,
                      CK_RV (*backend_init)(const hsm::Session&, CK_MECHANISM_PTR,
                                            CK_OBJECT_HANDLE)) {
  if (cancels(session, kind, mechanism)) return CKR_OK;
  const CK_MECHANISM& checked = checked_mechanism(mechanism);
  auto object = session.library().objects().get(session.slot().id(), key, HandleRole::Key);
  if (const KmsKey* kms_key = object->kms_key()) {
    if (kind == Kind::Sign || kind == Kind::Verify) {
      KmsSignature signature = start_signature(session, kind, checked, *kms_key);
      session.operation.emplace(Operation{kind, Phase::Started, std::move(signature)});
      return CKR_OK;
    }
    require(kind == Kind::Encrypt || kind == Kind::Decrypt, CKR_KEY_FUNCTION_NOT_PERMITTED);
    KmsOperation operation = start_kms_operation(session, kind, checked, *kms_key);
    session.operation.emplace(Operation{kind, Phase::Started, std::move(operation)});
    return CKR_OK;
  }
  require(!is_trents(checked.mechanism), CKR_KEY_TYPE_INCONSISTENT);
  require(!carries_handles(checked), CKR_MECHANISM_INVALID);
  CK_OBJECT_HANDLE backend_key = session.backend_handle(key, HandleRole::Key);
  hsm::Session backend = session.take_backend();
  CK_RV rv = backend_init(backend, mechanism, backend_key);
  start_in_backend(session, kind, std::move(backend), rv);
  return CKR_OK;
}

CK_RV digest_init(Session& session, CK_MECHANISM_PTR mechanism) {
  if (cancels(session, Kind::Digest, mechanism)) return CKR_OK;
  require(!carries_handles(checked_mechanism(mechanism)), CKR_MECHANISM_INVALID);
  hsm::Session backend = session.take_backend();
  CK_RV rv = backend.try_call<&CK_FUNCTION_LIST::C_DigestInit>(mechanism);
  start_in_backend(session, Kind::Digest, std::move(backend), rv);
  return CKR_OK;
}

CK_RV digest_key(Session& session, CK_OBJECT_HANDLE key) {
  Step step(session, Kind::Digest, Phase::Parts);
  auto object = session.library().objects().get(session.slot().id(), key, HandleRole::Key);
  require(object->kms_key() == nullptr, CKR_KEY_INDIGESTIBLE);
  CK_RV rv = step.call_backend<&CK_FUNCTION_LIST::C_DigestKey>(
      session.backend_handle(key, HandleRole::Key));
  if (rv == CKR_OK) step.keep();
  return rv;
}

CK_RV verify(Session& session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
             CK_ULONG signature_len) {
  Step step(session, Kind::Verify, Phase::OnePart);
  if (KmsSignature* started = step.signature()) {
    add_signed(*started, {checked_data(data, data_len), data_len});
    check_signature(session, *started, {checked_data(signature, signature_len), signature_len});
    return CKR_OK;
  }
  CK_RV rv = step.call_backend<&CK_FUNCTION_LIST::C_Verify>(checked_data(data, data_len), data_len,
                                                            checked_data(signature, signature_len),
                                                            signature_len);
  if (rv == CKR_OK) step.finish();
  return rv;
}

CK_RV verify_final(Session& session, CK_BYTE_PTR signature, CK_ULONG signature_len) {
  Step step(session, Kind::Verify, Phase::LastPart);
  if (KmsSignature* started = step.signature()) {
    check_signature(session, *started, {checked_data(signature, signature_len), signature_len});
    return CKR_OK;
  }
  CK_RV rv = step.call_backend<&CK_FUNCTION_LIST::C_VerifyFinal>(
      checked_data(signature, signature_len), signature_len);
  if (rv == CKR_OK) step.finish();
  return rv;
}

}  // namespace trent::pkcs11
