// SPDX-License-Identifier: Apache-2.0
// PutKeyPolicy.
#include "base/error.h"
#include "kms/call.h"
#include "kms/key_policy.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

struct Request {
  std::string key_id;
  std::optional<std::string> policy_name;
  std::string policy;
  bool bypass_policy_lockout_safety_check = false;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Request, &Request::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<Request, &Request::policy_name>("PolicyName", kPolicyName),
        field<Request, &Request::policy>("Policy", kPolicy, Need::Required),
        field<Request, &Request::bypass_policy_lockout_safety_check>(
            "BypassPolicyLockoutSafetyCheck", kBoolean, Need::Optional, kBypassLockoutHelp)};
    return fields;
  }
};

Nothing put(Call& call, const Request& request) {
  require_default_policy_name(request.policy_name);
  Account& account = call.locate(request.key_id).account;
  call.change_key(request.key_id, "kms:PutKeyPolicy",
                  [&](catalog::KeyRecord& record, const std::string&) {
                    set_policy(call, account, record, request.policy,
                               request.bypass_policy_lockout_safety_check);
                  });
  return {};
}

constexpr std::string_view kPermissions[] = {"kms:PutKeyPolicy"};
constexpr ErrorCode kErrors[] = {ErrorCode::NotFound,
                                 ErrorCode::InvalidArn,
                                 ErrorCode::MalformedPolicyDocument,
                                 ErrorCode::DependencyTimeout,
                                 ErrorCode::UnsupportedOperation,
                                 ErrorCode::KMSInternal,
                                 ErrorCode::LimitExceeded,
                                 ErrorCode::KMSInvalidState};

}  // namespace

const Operation& operations::put_key_policy() {
  static const Operation stated = operation<&put>({"PutKeyPolicy", kPermissions, kErrors});
  return stated;
}

}  // namespace trent::kms
