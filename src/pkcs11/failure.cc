// SPDX-License-Identifier: Apache-2.0
// How a C_ function fails: which CK_RV an exception is, and what the log says of it.
#include "pkcs11/failure.h"

#include <new>

#include "hsm/debug.h"

namespace trent::pkcs11 {

namespace {

// Failures of the token that the application caused and can put right: they reach it as they are.
bool is_for_the_application(CK_RV rv) {
  switch (rv) {
    case CKR_HOST_MEMORY:
    case CKR_DEVICE_MEMORY:
    case CKR_ATTRIBUTE_READ_ONLY:
    case CKR_ATTRIBUTE_TYPE_INVALID:
    case CKR_ATTRIBUTE_VALUE_INVALID:
    case CKR_TEMPLATE_INCOMPLETE:
    case CKR_TEMPLATE_INCONSISTENT:
    case CKR_KEY_UNEXTRACTABLE:
    case CKR_KEY_NOT_WRAPPABLE:
    case CKR_SESSION_COUNT:
    case CKR_SESSION_READ_ONLY:
    case CKR_SESSION_READ_ONLY_EXISTS:
    case CKR_SESSION_READ_WRITE_SO_EXISTS:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_WRITE_PROTECTED:
    case CKR_USER_NOT_LOGGED_IN:
    case CKR_PIN_INCORRECT:
    case CKR_PIN_LOCKED:
    case CKR_PIN_EXPIRED:
      return true;
    default:
      return false;
  }
}

}  // namespace

CK_RV bad_handle(HandleRole role) {
  switch (role) {
    case HandleRole::Object:
      return CKR_OBJECT_HANDLE_INVALID;
    case HandleRole::Wrap:
      return CKR_WRAPPING_KEY_HANDLE_INVALID;
    case HandleRole::Unwrap:
      return CKR_UNWRAPPING_KEY_HANDLE_INVALID;
    case HandleRole::Key:
      break;
  }
  return CKR_KEY_HANDLE_INVALID;
}

namespace {

CK_RV rv_of(const Error& error, HandleRole role) {
  if (is_for_the_application(error.ck_rv())) return error.ck_rv();
  switch (error.code()) {
    case ErrorCode::NotFound:
    case ErrorCode::IncorrectKey:
      return bad_handle(role);
    case ErrorCode::InvalidCiphertext:
      return role == HandleRole::Unwrap ? CKR_WRAPPED_KEY_INVALID : CKR_ENCRYPTED_DATA_INVALID;
    case ErrorCode::KMSInvalidMac:
    case ErrorCode::KMSInvalidSignature:
      return CKR_SIGNATURE_INVALID;
    case ErrorCode::Disabled:
    case ErrorCode::KMSInvalidState:
      return CKR_KEY_FUNCTION_NOT_PERMITTED;
    case ErrorCode::AccessDenied:
    case ErrorCode::DryRunOperation:
    case ErrorCode::InvalidGrantId:
    case ErrorCode::InvalidGrantToken:
      return CKR_ACTION_PROHIBITED;
    case ErrorCode::InvalidKeyUsage:
      return CKR_KEY_TYPE_INCONSISTENT;
    case ErrorCode::UnsupportedOperation:
      // Of C_UnwrapKey's content, if the token did not even try: see kms::unwrapped_length().
      return role == HandleRole::Unwrap && error.ck_rv() == CKR_OK ? CKR_WRAPPED_KEY_LEN_RANGE
                                                                   : CKR_MECHANISM_INVALID;
    case ErrorCode::KeyUnavailable:
      return CKR_DEVICE_REMOVED;
    case ErrorCode::AlreadyExists:
    case ErrorCode::InvalidAliasName:
      return CKR_ATTRIBUTE_VALUE_INVALID;
    case ErrorCode::LimitExceeded:
      return CKR_DEVICE_MEMORY;
    case ErrorCode::ExpiredImportToken:
    case ErrorCode::IncorrectKeyMaterial:
    case ErrorCode::InvalidArn:
    case ErrorCode::InvalidImportToken:
    case ErrorCode::InvalidMarker:
    case ErrorCode::MalformedPolicyDocument:
    case ErrorCode::Serialization:
    case ErrorCode::Tag:
    case ErrorCode::Validation:
    case ErrorCode::XksKeyAlreadyInUse:
    case ErrorCode::XksKeyInvalidConfiguration:
    case ErrorCode::XksKeyNotFound:
      return CKR_ARGUMENTS_BAD;
    case ErrorCode::Conflict:
    case ErrorCode::DependencyTimeout:
    case ErrorCode::KMSInternal:
      break;
  }
  return CKR_DEVICE_ERROR;
}

}  // namespace

CK_RV rv_of_exception(HandleRole role, std::string_view name,
                      std::chrono::steady_clock::time_point start) {
  try {
    throw;
  } catch (const Failure& failure) {
    return failure.rv();
  } catch (const Error& error) {
    const CK_RV rv = rv_of(error, role);
    if (process::log_enabled())
      hsm::debug_call(name, error.what(), rv, std::chrono::steady_clock::now() - start);
    return rv;
  } catch (const std::bad_alloc&) {
    return CKR_HOST_MEMORY;
  } catch (const std::exception&) {
    return CKR_GENERAL_ERROR;
  }
}

}  // namespace trent::pkcs11
