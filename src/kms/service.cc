// SPDX-License-Identifier: Apache-2.0
// The one way into the KMS.
#include "kms/service.h"

#include "kms/call.h"
#include "kms/model/json.h"
#include "kms/model/validation.h"
#include "process/fork.h"

namespace trent::kms {

namespace {

Caller caller_of(const Config& config) {
  Caller caller{config.principal, config.tokens.front().account};
  for (const TokenConfig& token : config.tokens)
    if (config.principal.find(":" + token.account + ":") != std::string::npos)
      caller.account = token.account;
  return caller;
}

}  // namespace

Service::Service(Config config, const PinPrompt& prompt, Watchers watchers)
    : config_(std::move(config)),
      accounts_(config_, prompt),
      authorization_(config_),
      caller_(caller_of(config_)),
      watchers_(std::move(watchers)) {}

template <class Perform>
void Service::attend(const Caller& caller, const model::Operation& operation, const void* request,
                     const Perform& perform) {
  process::ForkGuard fork;
  const auto ended = [&](const Error* error) {
    if (watchers_.ended) watchers_.ended(caller, operation, request, error);
  };
  try {
    perform();
  } catch (const Error& error) {
    ended(&error);
    throw;
  }
  ended(nullptr);
}

void Service::run(const Caller& caller, const model::Operation& operation, const void* request,
                  void* response) {
  attend(caller, operation, request, [&] {
    model::validate(operation.request, request);
    Call call(*this, caller, operation, request);
    operation.run(call, request, response);
  });
}

Json Service::call(const Caller& caller, const model::Operation& operation, const Json& json,
                   std::vector<std::string>* keys) {
  const std::shared_ptr<void> request = operation.new_request();
  const std::shared_ptr<void> response = operation.new_response();
  attend(caller, operation, request.get(), [&] {
    model::read_request(operation, request.get(), json);
    Call call(*this, caller, operation, request.get(), keys);
    operation.run(call, request.get(), response.get());
  });
  if (!operation.has_response()) return nullptr;
  return model::to_json(operation.response, response.get());
}

}  // namespace trent::kms
