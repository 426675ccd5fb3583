// SPDX-License-Identifier: Apache-2.0
// What a key policy must be before a key gets it (KMS API Reference, PutKeyPolicy).
#include "kms/key_policy.h"

#include <memory>

#include "base/error.h"

namespace trent::kms {

namespace {

// KMS Developer Guide, "Quotas": key policy document size.
constexpr std::size_t kLargestPolicy = 32768;  // bytes

policy::Policy parse(const std::string& text) {
  if (text.size() > kLargestPolicy)
    throw Error(ErrorCode::LimitExceeded,
                "The key policy is larger than " + std::to_string(kLargestPolicy) + " bytes.",
                "Leave out what other statements say already; many principals can share a role.");
  try {
    return policy::Policy::parse(text, policy::Kind::Resource);
  } catch (const policy::Malformed& error) {
    throw Error(ErrorCode::MalformedPolicyDocument, error.what(),
                "docs/policies.md describes the policies that there are.");
  }
}

}  // namespace

void require_default_policy_name(const std::optional<std::string>& name) {
  if (name.value_or(kDefaultPolicyName) != kDefaultPolicyName)
    throw Error(ErrorCode::NotFound, "No such policy exists",
                "A key has one policy, of the name default.");
}

void set_policy(Call& call, Account& account, catalog::KeyRecord& record, const std::string& policy,
                bool bypass_lockout_check) {
  const policy::Policy parsed = parse(policy);
  const Key key{&account,
                std::shared_ptr<const catalog::KeyRecord>(std::shared_ptr<void>(), &record)};
  if (!bypass_lockout_check && !call.could("kms:PutKeyPolicy", key, parsed))
    throw Error(ErrorCode::MalformedPolicyDocument,
                "The new key policy will not allow you to update the key policy in the future.",
                "Let it allow kms:PutKeyPolicy to you or your account, or give "
                "BypassPolicyLockoutSafetyCheck.");
  record.policy = std::make_shared<const std::string>(policy);
}

}  // namespace trent::kms
