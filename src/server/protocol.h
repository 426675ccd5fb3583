// SPDX-License-Identifier: Apache-2.0
// AWS KMS's wire protocol, awsJson1_1: from an HTTP request to an operation, and back.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/uuid.h"
#include "kms/service.h"
#include "server/access_log.h"
#include "server/current_authenticator.h"
#include "server/message.h"
#include "server/metrics.h"
#include "server/rate_limit.h"

namespace trent::server {

// Thread-safe.
class Protocol {
 public:
  Protocol(kms::Service& service, const CurrentAuthenticator& authenticator, RateLimit& rate_limit,
           AccessLog& log, Metrics& metrics)
      : service_(service),
        authenticator_(authenticator),
        rate_limit_(rate_limit),
        log_(log),
        metrics_(metrics),
        first_id_(random_uuid()) {}

  // Whether the answer waits for nothing but the token: no lock, and no listing of all keys.
  static bool is_quick(const Request& request);
  // Performs the operation. `received` is when the request was there as a whole.
  Response answer(const Request& request, const Peer& peer, const Ways& ways,
                  std::chrono::steady_clock::time_point received);
  // The same without performing anything: too many requests wait.
  Response throttle(const Request& request, const Peer& peer,
                    std::chrono::steady_clock::time_point received);
  // For what is no HTTP request.
  Response refuse(int status, std::string_view reason);

 private:
  // Of a request. Random bytes for each would take as long as its JSON.
  std::string new_id();

  kms::Service& service_;
  const CurrentAuthenticator& authenticator_;
  RateLimit& rate_limit_;
  AccessLog& log_;
  Metrics& metrics_;
  const Uuid first_id_;
  std::atomic<std::uint32_t> ids_{0};
};

}  // namespace trent::server
