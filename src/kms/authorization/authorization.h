// SPDX-License-Identifier: Apache-2.0
// Who may do what with which key: the policy of the key, the policies of the principal and the
// grants, in the order of the KMS Developer Guide, "Policy evaluation". docs/policies.md shows it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/thread_safety.h"
#include "config/config.h"
#include "kms/authorization/identity_policies.h"
#include "kms/authorization/request_context.h"
#include "policy/policy.h"

namespace trent::kms {

// What a key has that was made without a policy of its own (KMS Developer Guide, "Default key
// policy"), as KMS returns it.
std::string default_key_policy(std::string_view account);

struct Verdict {
  enum class By {
    KeyPolicy,       // `statement` of it
    IdentityPolicy,  // `statement` of `file`; the key policy lets the account decide
    Grant,           // `file` is its id
    Account,         // without directory of policies, or a root user
    Nobody,          // nothing allows it
  };
  bool allowed = false;
  By by = By::Nobody;
  std::string file = {};
  policy::Reason statement = {};
  // What lacks, as KMS says it: "no identity-based policy allows the kms:Decrypt action".
  std::string because = {};
  std::string advice = {};
  std::shared_ptr<const catalog::GrantRecord> grant = {};
};

// Thread-safe.
class Authorization {
 public:
  explicit Authorization(const Config& config)
      : identity_policies_(config.identity_policies, config.refresh) {}

  Verdict decide(const Asked& asked);
  // The same, with other condition keys.
  Verdict decide(const Asked& asked, const policy::Principal& principal,
                 const policy::Context& context);
  // The same, for a policy that the key does not have yet.
  Verdict decide(const Asked& asked, const policy::Policy& key_policy);

 private:
  std::shared_ptr<const policy::Policy> key_policy(const Key& key);
  Verdict combine(const policy::Query& query, const Asked& asked,
                  const policy::Decision& of_resource);

  IdentityPolicies identity_policies_;
  struct Parsed {
    std::shared_ptr<const std::string> text;
    std::shared_ptr<const policy::Policy> policy;  // null: it cannot be read
  };
  SharedMutex mutex_;
  std::map<std::string, Parsed> parsed_ GUARDED_BY(mutex_);  // by key ARN
};

}  // namespace trent::kms
