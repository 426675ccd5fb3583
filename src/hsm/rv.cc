// SPDX-License-Identifier: Apache-2.0
// Names of CK_RVs, and the KMS error for each.
#include "hsm/rv.h"

#include <cstdio>

#include "hsm/softhsm_files.h"

namespace trent::hsm {

#define TRENT_RVS(X)                      \
  X(CKR_OK)                               \
  X(CKR_CANCEL)                           \
  X(CKR_HOST_MEMORY)                      \
  X(CKR_SLOT_ID_INVALID)                  \
  X(CKR_GENERAL_ERROR)                    \
  X(CKR_FUNCTION_FAILED)                  \
  X(CKR_ARGUMENTS_BAD)                    \
  X(CKR_NO_EVENT)                         \
  X(CKR_NEED_TO_CREATE_THREADS)           \
  X(CKR_CANT_LOCK)                        \
  X(CKR_ATTRIBUTE_READ_ONLY)              \
  X(CKR_ATTRIBUTE_SENSITIVE)              \
  X(CKR_ATTRIBUTE_TYPE_INVALID)           \
  X(CKR_ATTRIBUTE_VALUE_INVALID)          \
  X(CKR_DATA_INVALID)                     \
  X(CKR_DATA_LEN_RANGE)                   \
  X(CKR_DEVICE_ERROR)                     \
  X(CKR_DEVICE_MEMORY)                    \
  X(CKR_DEVICE_REMOVED)                   \
  X(CKR_ENCRYPTED_DATA_INVALID)           \
  X(CKR_ENCRYPTED_DATA_LEN_RANGE)         \
  X(CKR_FUNCTION_CANCELED)                \
  X(CKR_FUNCTION_NOT_PARALLEL)            \
  X(CKR_FUNCTION_NOT_SUPPORTED)           \
  X(CKR_KEY_HANDLE_INVALID)               \
  X(CKR_KEY_SIZE_RANGE)                   \
  X(CKR_KEY_TYPE_INCONSISTENT)            \
  X(CKR_KEY_NOT_NEEDED)                   \
  X(CKR_KEY_CHANGED)                      \
  X(CKR_KEY_NEEDED)                       \
  X(CKR_KEY_INDIGESTIBLE)                 \
  X(CKR_KEY_FUNCTION_NOT_PERMITTED)       \
  X(CKR_KEY_NOT_WRAPPABLE)                \
  X(CKR_KEY_UNEXTRACTABLE)                \
  X(CKR_MECHANISM_INVALID)                \
  X(CKR_MECHANISM_PARAM_INVALID)          \
  X(CKR_OBJECT_HANDLE_INVALID)            \
  X(CKR_OPERATION_ACTIVE)                 \
  X(CKR_OPERATION_NOT_INITIALIZED)        \
  X(CKR_PIN_INCORRECT)                    \
  X(CKR_PIN_INVALID)                      \
  X(CKR_PIN_LEN_RANGE)                    \
  X(CKR_PIN_EXPIRED)                      \
  X(CKR_PIN_LOCKED)                       \
  X(CKR_SESSION_CLOSED)                   \
  X(CKR_SESSION_COUNT)                    \
  X(CKR_SESSION_HANDLE_INVALID)           \
  X(CKR_SESSION_PARALLEL_NOT_SUPPORTED)   \
  X(CKR_SESSION_READ_ONLY)                \
  X(CKR_SESSION_EXISTS)                   \
  X(CKR_SIGNATURE_INVALID)                \
  X(CKR_SIGNATURE_LEN_RANGE)              \
  X(CKR_TEMPLATE_INCOMPLETE)              \
  X(CKR_TEMPLATE_INCONSISTENT)            \
  X(CKR_TOKEN_NOT_PRESENT)                \
  X(CKR_TOKEN_NOT_RECOGNIZED)             \
  X(CKR_TOKEN_WRITE_PROTECTED)            \
  X(CKR_UNWRAPPING_KEY_HANDLE_INVALID)    \
  X(CKR_UNWRAPPING_KEY_SIZE_RANGE)        \
  X(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT) \
  X(CKR_USER_ALREADY_LOGGED_IN)           \
  X(CKR_USER_NOT_LOGGED_IN)               \
  X(CKR_USER_PIN_NOT_INITIALIZED)         \
  X(CKR_USER_TYPE_INVALID)                \
  X(CKR_USER_ANOTHER_ALREADY_LOGGED_IN)   \
  X(CKR_USER_TOO_MANY_TYPES)              \
  X(CKR_WRAPPED_KEY_INVALID)              \
  X(CKR_WRAPPED_KEY_LEN_RANGE)            \
  X(CKR_WRAPPING_KEY_HANDLE_INVALID)      \
  X(CKR_WRAPPING_KEY_SIZE_RANGE)          \
  X(CKR_WRAPPING_KEY_TYPE_INCONSISTENT)   \
  X(CKR_RANDOM_SEED_NOT_SUPPORTED)        \
  X(CKR_RANDOM_NO_RNG)                    \
  X(CKR_DOMAIN_PARAMS_INVALID)            \
  X(CKR_BUFFER_TOO_SMALL)                 \
  X(CKR_SAVED_STATE_INVALID)              \
  X(CKR_INFORMATION_SENSITIVE)            \
  X(CKR_STATE_UNSAVEABLE)                 \
  X(CKR_CRYPTOKI_NOT_INITIALIZED)         \
  X(CKR_CRYPTOKI_ALREADY_INITIALIZED)     \
  X(CKR_MUTEX_BAD)                        \
  X(CKR_MUTEX_NOT_LOCKED)                 \
  X(CKR_FUNCTION_REJECTED)

std::string rv_name(CK_RV rv) {
  switch (rv) {
#define TRENT_RV_NAME(name) \
  case name:                \
    return #name;
    TRENT_RVS(TRENT_RV_NAME)
#undef TRENT_RV_NAME
    default: {
      char text[32];
      std::snprintf(text, sizeof text, "CKR 0x%08lX", rv);
      return text;
    }
  }
}

Error not_kept(const std::string& label) {
  return Error(ErrorCode::KMSInternal,
               "The token did not keep the object " + label + ", which it had reported as made.",
               "Its disk is probably full; nothing was changed. Make room, then try again.",
               CKR_DEVICE_MEMORY);
}

Error token_error(const std::string& function, CK_RV rv) {
  std::string what = function + " returned " + rv_name(rv) + ".";
  switch (rv) {
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_SLOT_ID_INVALID:
      return Error(ErrorCode::KeyUnavailable, what,
                   "The token is not there. Check that the HSM is connected and that `uri` and "
                   "`module` of the configuration name it, then try again.",
                   rv);
    case CKR_DEVICE_MEMORY:
      return Error(ErrorCode::KMSInternal, what,
                   "The token has no room left; nothing was changed. Make room in it, or close "
                   "programs that hold many session objects, then try again.",
                   rv);
    case CKR_SESSION_COUNT:
      return Error(ErrorCode::KMSInternal, what,
                   "The token allows no more sessions. Close other programs that use it, then try "
                   "again.",
                   rv);
    case CKR_TOKEN_WRITE_PROTECTED:
    case CKR_SESSION_READ_ONLY:
      return Error(ErrorCode::UnsupportedOperation, what,
                   "The token is write-protected: its keys can be used, but none can be made or "
                   "changed.",
                   rv);
    case CKR_MECHANISM_INVALID:
    case CKR_FUNCTION_NOT_SUPPORTED:
      return Error(ErrorCode::UnsupportedOperation, what,
                   "The token cannot do this. `trent check` shows what it can do.", rv);
    case CKR_GENERAL_ERROR:
    case CKR_FUNCTION_FAILED:
    case CKR_DEVICE_ERROR:
      // SoftHSM has no other word for it.
      if (auto path = softhsm_write_protected(); !path.empty())
        return Error(ErrorCode::KMSInternal, what,
                     "The token failed; nothing was changed. If it is SoftHSM's: " + path.string() +
                         " is not writable for you, so its keys can be used, but none can be made "
                         "or changed.",
                     rv);
      return Error(ErrorCode::KMSInternal, what, {}, rv);
    default:
      return Error(ErrorCode::KMSInternal, what, {}, rv);
  }
}

bool is_lost(CK_RV rv) {
  switch (rv) {
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_USER_NOT_LOGGED_IN:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_KEY_HANDLE_INVALID:
      return true;
    default:
      return false;
  }
}

bool is_fault(CK_RV rv) {
  return rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED || rv == CKR_DEVICE_ERROR ||
         rv == CKR_DEVICE_MEMORY || rv == CKR_HOST_MEMORY;
}

}  // namespace trent::hsm
