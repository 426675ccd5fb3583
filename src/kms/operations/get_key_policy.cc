// SPDX-License-Identifier: Apache-2.0
// GetKeyPolicy. There is only the default policy yet: the account may do everything with its keys.
#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

constexpr const char* kDefaultName = "default";

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

// What a key has that was made without a policy of its own (KMS Developer Guide, "Default key
// policy"), as KMS returns it.
std::string default_policy(const Account& account) {
  return R"({"Version":"2012-10-17","Id":"key-default-1","Statement":[)"
         R"({"Sid":"Enable IAM User Permissions","Effect":"Allow",)"
         R"("Principal":{"AWS":"arn:aws:iam::)" +
         account.id + R"(:root"},"Action":"kms:*","Resource":"*"}]})";
}

Response get(Call& call, const Request& request) {
  const Key key = call.look_at(request.key_id, "kms:GetKeyPolicy", Call::Accept::KeyIdOnly);
  if (request.policy_name.value_or(kDefaultName) != kDefaultName)
    throw Error(ErrorCode::NotFound, "No such policy exists",
                "A key has one policy, of the name default.");
  return {default_policy(*key.account), kDefaultName};
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
