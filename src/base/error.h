// SPDX-License-Identifier: Apache-2.0
// The one exception type of Trent's core: an AWS KMS error, and how to get out of it.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace trent {

// The errors that AWS KMS and its front end return (KMS API Reference, "Errors" of each operation,
// and "Common Errors"). The enumerator's name plus "Exception" is the name on the wire.
// X(enumerator, HTTP status that KMS really sends)
#define TRENT_ERRORS(X)              \
  X(AccessDenied, 400)               \
  X(AlreadyExists, 400)              \
  X(Conflict, 400)                   \
  X(DependencyTimeout, 500)          \
  X(Disabled, 400)                   \
  X(DryRunOperation, 400)            \
  X(ExpiredImportToken, 400)         \
  X(IncorrectKey, 400)               \
  X(IncorrectKeyMaterial, 400)       \
  X(InvalidAliasName, 400)           \
  X(InvalidArn, 400)                 \
  X(InvalidCiphertext, 400)          \
  X(InvalidGrantId, 400)             \
  X(InvalidGrantToken, 400)          \
  X(InvalidImportToken, 400)         \
  X(InvalidKeyUsage, 400)            \
  X(InvalidMarker, 400)              \
  X(KMSInternal, 500)                \
  X(KMSInvalidMac, 400)              \
  X(KMSInvalidSignature, 400)        \
  X(KMSInvalidState, 400)            \
  X(KeyUnavailable, 500)             \
  X(LimitExceeded, 400)              \
  X(MalformedPolicyDocument, 400)    \
  X(NotFound, 400)                   \
  X(Serialization, 400)              \
  X(Tag, 400)                        \
  X(UnsupportedOperation, 400)       \
  X(Validation, 400)                 \
  X(XksKeyAlreadyInUse, 400)         \
  X(XksKeyInvalidConfiguration, 400) \
  X(XksKeyNotFound, 400)

enum class ErrorCode {
#define TRENT_ENUMERATOR(name, status) name,
  TRENT_ERRORS(TRENT_ENUMERATOR)
#undef TRENT_ENUMERATOR
};

// "IncorrectKeyException"; static storage.
const char* error_name(ErrorCode code) noexcept;
// The other way; nullopt for the name of an error that is not in the list.
std::optional<ErrorCode> find_error(std::string_view name) noexcept;
// 400 or 500, as the service sends them.
int http_status(ErrorCode code) noexcept;

class Error : public std::exception {
 public:
  // `message` is what KMS puts on the wire (empty for some errors, by KMS's own rule); `advice` is
  // a sentence for the person at the other end: what to do. Neither may hold a secret.
  // `ck_rv` is the PKCS#11 return value that caused the failure, CKR_OK (0) if none did.
  // Both texts are made printable() here, for every door: they quote what came from outside.
  Error(ErrorCode code, std::string_view message, std::string_view advice = {},
        unsigned long ck_rv = 0);

  // The same, where the configuration is wrong, not the request: for that the command has an exit
  // code of its own.
  Error in_configuration() && {
    in_configuration_ = true;
    return std::move(*this);
  }
  bool is_in_configuration() const noexcept { return in_configuration_; }

  ErrorCode code() const noexcept { return code_; }
  const char* name() const noexcept { return error_name(code_); }
  int status() const noexcept { return http_status(code_); }
  const std::string& message() const noexcept { return message_; }
  const std::string& advice() const noexcept { return advice_; }
  unsigned long ck_rv() const noexcept { return ck_rv_; }

  // Message and advice in one line, never empty: what the doors that speak to people print.
  std::string text() const;
  // "<name>: <text>"
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  ErrorCode code_;
  std::string message_;
  std::string advice_;
  unsigned long ck_rv_;
  bool in_configuration_ = false;
  std::string what_;
};

}  // namespace trent
