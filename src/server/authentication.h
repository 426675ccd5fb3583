// SPDX-License-Identifier: Apache-2.0
// Who makes a request: by its signature, its bearer token, or the connection that it came through.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/thread_safety.h"
#include "kms/account.h"
#include "kms/caller.h"
#include "server/authentication_error.h"
#include "server/credentials.h"
#include "server/message.h"
#include "server/sigv4.h"

namespace trent::server {

// Which ways in a listener has.
struct Ways {
  bool signature = true;
  bool unix_user = false;
  bool certificate = false;
  bool bearer = false;
  // For development: whoever is not known in one of these ways is this principal, and signatures
  // and tokens are not looked at. "root" is that of the first account.
  std::optional<std::string> insecure_as = {};
};

// The keys that sign one day's requests, so that each is derived once. Thread-safe.
class SigningKeys {
 public:
  // Calls derive() if there is no key of that name.
  template <class Derive>
  std::shared_ptr<const SecretBytes> get(const std::string& name, Derive derive) {
    {
      SharedLock lock(mutex_);
      if (const auto found = keys_.find(name); found != keys_.end()) return found->second;
    }
    auto key = std::make_shared<const SecretBytes>(derive());  // the token may take its time
    Lock lock(mutex_);
    // Yesterday's keys go with all others: it costs a derivation each.
    if (keys_.size() >= kMax) keys_.clear();
    return keys_.insert_or_assign(name, std::move(key)).first->second;
  }

 private:
  static constexpr std::size_t kMax = 4096;
  SharedMutex mutex_;
  std::map<std::string, std::shared_ptr<const SecretBytes>> keys_ GUARDED_BY(mutex_);
};

// Thread-safe. Reading the credentials anew makes another one.
class Authenticator {
 public:
  // Secrets that are in a token are used there; `accounts` must outlive this.
  Authenticator(Credentials credentials, kms::Accounts& accounts,
                std::chrono::seconds skew = SignatureRules().skew);

  // The caller, without a request id. Throws AuthenticationError; or Error if the token fails that
  // has the secret.
  kms::Caller authenticate(const Request& request, const Peer& peer, const Ways& ways,
                           std::chrono::system_clock::time_point now) const;

 private:
  using Time = std::chrono::system_clock::time_point;
  using Index = std::map<std::string, const Principal*, std::less<>>;

  kms::Caller by_signature(const Request& request, const Peer& peer, Time now) const;
  const Principal& by_bearer_token(std::string_view token, const Peer& peer, Time now) const;
  const Principal* by_certificate(const Peer& peer) const;
  const Principal* by_uid(const Peer& peer) const;
  std::shared_ptr<const SecretBytes> signing_key(const Principal& principal,
                                                 const Signature& signature) const;

  const Credentials credentials_;
  kms::Accounts& accounts_;
  SignatureRules rules_;
  Index access_keys_;
  Principal nobody_;  // whose secret stands in for that of an unknown access key
  mutable SigningKeys signing_keys_;
};

}  // namespace trent::server
