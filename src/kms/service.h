// SPDX-License-Identifier: Apache-2.0
// The KMS: every operation, whatever door it came through.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "kms/account.h"
#include "kms/audit.h"
#include "kms/authorization/authorization.h"
#include "kms/caller.h"
#include "kms/model/operation.h"
#include "kms/requests.h"

namespace trent::kms {

// Asks a person for the PIN of the token that is described (its label). nullopt: nobody to ask;
// empty: none was given. Called again when a PIN was refused, up to three times for one operation;
// never when the configuration has a pin-source.
using hsm::PinPrompt;

// What may look at every request. Called by many threads.
struct Watchers {
  // The policies let the caller do this; throws AccessDeniedException if it may not all the same.
  // `resource` is an ARN, or "*" where no key is concerned.
  std::function<void(const Caller& caller, std::string_view permission,
                     const std::string& resource)>
      permit;
  // A request has ended.
  std::function<void(const Ended& ended)> ended;
  // A record of one is missing in the audit log.
  std::function<void()> record_lost;
};

// Thread-safe. Opens nothing until an operation needs the token; survives fork.
class Service {
 public:
  explicit Service(Config config, const PinPrompt& prompt = {}, Watchers watchers = {});
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  const Config& config() const { return config_; }
  Accounts& accounts() { return accounts_; }
  Authorization& authorization() { return authorization_; }
  // The principal of the configuration.
  const Caller& caller() const { return caller_; }
  const Watchers& watchers() const { return watchers_; }
  Audit& audit() { return audit_; }

  // Does what the operation's namesake in the KMS API Reference does, and throws trent::Error with
  // its errors. Nothing is left in the token by an operation that throws.
  template <class Request>
  typename Request::Response call(const Caller& caller, const Request& request) {
    typename Request::Response response;
    run(caller, Request::operation(), &request, &response);
    return response;
  }
  // As the principal of the configuration.
  template <class Request>
  typename Request::Response call(const Request& request) {
    return call(caller_, request);
  }
  // The same for the wire's JSON. Empty if the operation has no response. `trace`, if given, is
  // kept also if it fails.
  SecretString call(const Caller& caller, const model::Operation& operation,
                    std::string_view request, Trace* trace = nullptr);
  // The same for an operation that nobody knows by its type: `request` and `response` are what its
  // new_request() and new_response() make.
  void run(const Caller& caller, const model::Operation& operation, const void* request,
           void* response);

  // What `trent purge`, `trent rotate-due` and `trent check --repair` do to a key, which no request
  // asks for. `event`: CloudTrail's name of it. `work` throws Error if it does not come about.
  void perform(std::string_view event, const Account& account, const std::string& key_id,
               const std::function<void()>& work);

 private:
  // Tells of a request that `perform` performs.
  template <class Perform>
  void attend(const Ended& ended, const Perform& perform);

  const Config config_;
  Accounts accounts_;
  Authorization authorization_;
  const Caller caller_;
  const Watchers watchers_;
  Audit audit_;
};

}  // namespace trent::kms
