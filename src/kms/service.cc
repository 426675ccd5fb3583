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
      watchers_(std::move(watchers)),
      audit_(config_.audit, accounts_, watchers_.record_lost) {}

template <class Perform>
void Service::attend(const Ended& request, const Perform& perform) {
  process::ForkGuard fork;
  const auto tell = [&](const Error* error) {
    Ended ended = request;
    ended.error = error;
    if (watchers_.ended) watchers_.ended(ended);
    audit_.end(ended);
  };
  try {
    audit_.begin(request.operation);
  } catch (const Error& error) {
    try {
      tell(&error);           // there may be room for this one
    } catch (const Error&) {  // the first failure is the one to report
    }
    throw;
  }
  try {
    perform();
  } catch (const Error& error) {
    tell(&error);
    throw;
  } catch (const std::exception&) {
    const Error error(ErrorCode::KMSInternal, "The request failed within Trent.");
    tell(&error);
    throw;
  }
  tell(nullptr);
}

void Service::run(const Caller& caller, const model::Operation& operation, const void* request,
                  void* response) {
  Trace trace;
  attend({caller, operation, request, response, trace, nullptr}, [&] {
    model::validate(operation.request, request);
    Call call(*this, caller, operation, request, trace);
    operation.run(call, request, response);
  });
}

void Service::perform(std::string_view event, const Account& account, const std::string& key_id,
                      const std::function<void()>& work) {
  model::Operation operation{};
  operation.name = event;
  Caller caller = caller_;
  caller.account = account.id;
  caller.region = account.region;
  Trace trace;
  trace.keys.push_back(account.key_arn(key_id));
  attend({caller, operation, nullptr, nullptr, trace, nullptr}, work);
}

SecretString Service::call(const Caller& caller, const model::Operation& operation,
                           std::string_view text, Trace* trace) {
  const std::shared_ptr<void> request = operation.new_request();
  const std::shared_ptr<void> response = operation.new_response();
  Trace own;
  Trace& seen = trace == nullptr ? own : *trace;
  attend({caller, operation, request.get(), response.get(), seen, nullptr}, [&] {
    const JsonDocument json = model::parse_json(text);
    model::read_request(operation, request.get(), json.root());
    Call call(*this, caller, operation, request.get(), seen);
    operation.run(call, request.get(), response.get());
  });
  if (!operation.has_response()) return {};
  return model::write_json(operation.response, response.get());
}

}  // namespace trent::kms
