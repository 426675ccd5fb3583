// SPDX-License-Identifier: Apache-2.0
// The condition keys of a request: what policies may ask of it, of its key and of its caller (KMS
// Developer Guide, "Condition keys for AWS KMS"; IAM User Guide, "AWS global condition context
// keys"). docs/policies.md has the list.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/grant_record.h"
#include "kms/caller.h"
#include "kms/key.h"
#include "kms/model/operation.h"
#include "policy/policy.h"

namespace trent::kms {

// A grant, and in which token it is.
struct NamedGrant {
  Account* account = nullptr;
  std::shared_ptr<const catalog::GrantRecord> grant;
};

// One permission that a request needs.
struct Asked {
  const Caller& caller;
  const model::Operation& operation;
  const void* request;  // of the operation
  std::string_view permission;
  const Key* key = nullptr;  // the resource, if it is one
  std::string resource;      // its ARN, or "*"
  std::string account;       // whose resource it is
  // The key of the ciphertext, of ReEncrypt's second permission; the primary key, where a replica
  // is to be made.
  const Key* source = nullptr;
  // Those that the request names by their tokens.
  const std::vector<NamedGrant>* named_grants = nullptr;
  bool granted = false;  // something else than a policy allows it, if none denies it
};

class RequestContext : public policy::Context {
 public:
  RequestContext(const Asked& asked, const policy::Principal& principal)
      : asked_(asked), principal_(principal) {}

  Values find(std::string_view key) const override;

 private:
  const Asked& asked_;
  const policy::Principal& principal_;
};

// The encryption context that goes with the permission: the source's for ReEncryptFrom, the
// destination's for ReEncryptTo. Null if the operation has none.
const EncryptionContext* encryption_context(const Asked& asked);

// Names of condition keys are compared without regard to case.
bool equal_names(std::string_view one, std::string_view other);

// Of an account.
bool is_root(const policy::Principal& principal);

// Who the caller is to policies of the account. The root user of the configuration has the PINs of
// all tokens that it names: it is the root of each of their accounts.
policy::Principal principal_of(const Caller& caller, const std::string& account);

}  // namespace trent::kms
