// SPDX-License-Identifier: Apache-2.0
// KMS errors: their names in KMS, and their text for a person.
#include "base/error.h"

#include "base/encoding.h"

namespace trent {

const char* error_name(ErrorCode code) noexcept {
  switch (code) {
#define TRENT_NAME(name, status) \
  case ErrorCode::name:          \
    return #name "Exception";
    TRENT_ERRORS(TRENT_NAME)
#undef TRENT_NAME
  }
  return "KMSInternalException";
}

std::optional<ErrorCode> find_error(std::string_view name) noexcept {
#define TRENT_FIND(code, status) \
  if (name == #code "Exception") return ErrorCode::code;
  TRENT_ERRORS(TRENT_FIND)
#undef TRENT_FIND
  return std::nullopt;
}

int http_status(ErrorCode code) noexcept {
  switch (code) {
#define TRENT_STATUS(name, status) \
  case ErrorCode::name:            \
    return status;
    TRENT_ERRORS(TRENT_STATUS)
#undef TRENT_STATUS
  }
  return 500;
}

namespace {

// KMS sends InvalidCiphertextException without a word on purpose (no oracle); a person still needs
// to know where to look. The sentence is the same for every cause.
std::string_view default_advice(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidCiphertext:
      return "The ciphertext was not made by this key with this encryption context, or it is "
             "damaged. Check that the blob is whole and binary (not base64) and that every pair of "
             "the encryption context is exactly as it was at encryption.";
    case ErrorCode::KMSInternal:
      return "The token failed; nothing was changed. Try again, and run `trent check` if it stays.";
    default:
      return {};
  }
}

}  // namespace

Error::Error(ErrorCode code, std::string_view message, std::string_view advice, unsigned long ck_rv)
    : code_(code), message_(printable(message)), advice_(printable(advice)), ck_rv_(ck_rv) {
  if (advice_.empty()) advice_ = default_advice(code_);
  what_ = std::string(name()) + ": " + text();
}

std::string Error::text() const {
  if (message_.empty()) return advice_.empty() ? name() : advice_;
  return advice_.empty() ? message_ : message_ + " " + advice_;
}

}  // namespace trent
