// SPDX-License-Identifier: Apache-2.0
// Requests of other principals than the configuration's.
#pragma once

#include <string>
#include <string_view>

#include "request.h"
#include "softhsm.h"

namespace trent::test {

// As a request over the network comes from.
inline kms::Caller caller(const std::string& resource, const std::string& account = kAccount) {
  kms::Caller caller{"arn:aws:iam::" + account + ":" + resource, account};
  caller.authentication = kms::Caller::Authentication::Signature;
  caller.source_address = "192.0.2.7";
  return caller;
}

inline kms::Json request_as(const kms::Caller& caller, Service& service, std::string_view operation,
                            const kms::Json& json) {
  const kms::model::Operation* found = kms::operations::find(operation);
  if (found == nullptr) throw std::logic_error("no operation " + std::string(operation));
  const SecretString answer = service.kms::Service::call(caller, *found, json.dump());
  return answer.empty() ? kms::Json() : parse_json<kms::Json>(answer);
}

inline std::string text_of(const kms::Json& json) {
  return std::string(std::string_view(json.get_ref<const kms::Json::string_t&>()));
}

}  // namespace trent::test
