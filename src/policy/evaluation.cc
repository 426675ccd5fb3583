// SPDX-License-Identifier: Apache-2.0
// The order in which policies decide.
#include "policy/evaluation.h"

namespace trent::policy {

Outcome evaluate(const Decision& of_resource, OfIdentity identity, bool own_account) {
  if (of_resource.deny) return Outcome::DeniedByResource;
  if (identity.denies) return Outcome::DeniedByIdentity;
  if (!of_resource.allow && !of_resource.allow_account) return Outcome::NotByResource;
  if (of_resource.allow && own_account) return Outcome::AllowedByResource;
  return identity.allows ? Outcome::AllowedByIdentity : Outcome::NotByIdentity;
}

}  // namespace trent::policy
