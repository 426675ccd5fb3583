// SPDX-License-Identifier: Apache-2.0
// Why a request is not let in: what the client is told, and what the operator counts.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace trent::server {

// Sent with status 400, as AWS's JSON services do. The names and texts are AWS's own, but for what
// those repeat of the request: that would end up in logs.
class AuthenticationError : public std::exception {
 public:
  // `reason` has static storage.
  AuthenticationError(const char* name, std::string message, const char* reason)
      : name_(name), message_(std::move(message)), reason_(reason) {}

  const char* name() const noexcept { return name_; }  // "MissingAuthenticationTokenException"
  const std::string& message() const noexcept { return message_; }
  // One of few words, for metrics: "missing", "malformed", "unknown_key", "no_secret", "signature",
  // "expired", "skew", "scope", "session", "certificate", "bearer", "user".
  const char* reason() const noexcept { return reason_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  const char* name_;
  std::string message_;
  const char* reason_;
};

}  // namespace trent::server
