// SPDX-License-Identifier: Apache-2.0
// What the policy of a resource and those of a principal decide together (IAM User Guide, "Policy
// evaluation logic").
#pragma once

#include "policy/policy.h"

namespace trent::policy {

enum class Outcome {
  DeniedByResource,
  DeniedByIdentity,
  NotByResource,  // the resource's policy lets neither the principal nor its account
  NotByIdentity,  // it lets the account decide, and no policy of the principal allows it
  AllowedByResource,
  AllowedByIdentity,
};

// What the policies of a principal say.
struct OfIdentity {
  bool denies = false;
  bool allows = false;
};

// `own_account`: the principal is of the resource's account. One of another account needs both.
Outcome evaluate(const Decision& of_resource, OfIdentity identity, bool own_account);

}  // namespace trent::policy
