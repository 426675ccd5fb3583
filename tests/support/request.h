// SPDX-License-Identifier: Apache-2.0
// Operations as the wire has them.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "base/json.h"
#include "kms.h"
#include "kms/model/json.h"
#include "kms/operations/operations.h"

namespace trent::test {

// An operation of KMS by its name, as the wire has it: JSON in and out.
inline kms::Json request(Service& service, std::string_view operation, const kms::Json& json) {
  const kms::model::Operation* found = kms::operations::find(operation);
  if (found == nullptr) throw std::logic_error("no operation " + std::string(operation));
  const SecretString answer = service.kms::Service::call(service.caller(), *found, json.dump());
  return answer.empty() ? kms::Json() : parse_json<kms::Json>(answer);
}

}  // namespace trent::test
