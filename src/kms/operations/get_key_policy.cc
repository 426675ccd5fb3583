// SPDX-License-Identifier: Apache-2.0
// GetKeyPolicy.
#include "kms/call.h"
#include "kms/key_policy.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

struct Response {
  std::string policy;  // JSON
  std::string policy_name;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Response, &Response::policy>("Policy", kPolicy),
        field<Response, &Response::policy_name>("PolicyName", kPolicyName)};
    return fields;
  }
};

struct Request {
  std::string key_id;
  std::optional<std::string> policy_name;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Request, &Request::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<Request, &Request::policy_name>("PolicyName", kPolicyName)};
    return fields;
  }
};

Response get(Call& call, const Request& request) {
  const Key key = call.look_at(request.key_id, "kms:GetKeyPolicy", Call::Accept::KeyIdOnly);
  require_default_policy_name(request.policy_name);
  const auto& policy = key.record->policy;
  return {policy ? *policy : default_key_policy(key.account->id), kDefaultPolicyName};
}

constexpr std::string_view kPermissions[] = {"kms:GetKeyPolicy"};
constexpr ErrorCode kErrors[] = {ErrorCode::NotFound, ErrorCode::InvalidArn,
                                 ErrorCode::DependencyTimeout, ErrorCode::KMSInternal,
                                 ErrorCode::KMSInvalidState};

}  // namespace

const Operation& operations::get_key_policy() {
  static const Operation stated = operation<&get>({"GetKeyPolicy", kPermissions, kErrors, true});
  return stated;
}

}  // namespace trent::kms
