// SPDX-License-Identifier: Apache-2.0
// Who sends a request.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include "config/config.h"
#include "kms/caller.h"
#include "server/authentication_error.h"
#include "server/message.h"
namespace trent::server {
struct Ways {
  bool signature = true;
  bool unix_user = false;
  bool certificate = false;
  bool bearer = false;
  std::optional<std::string> insecure_as;
};
class Authenticator {
 public:
  explicit Authenticator(const Config& config) : account_(config.tokens.front().account) {}
  kms::Caller authenticate(const Request&, const Peer&, const Ways& ways,
                           std::chrono::system_clock::time_point) const {
    if (ways.insecure_as)
      return {"arn:aws:iam::" + account_ + ":root", account_, kms::Caller::Authentication::Nobody};
    throw AuthenticationError("MissingAuthenticationTokenException", "Missing Authentication Token",
                              "missing");
  }

 private:
  std::string account_;
};
}  // namespace trent::server
