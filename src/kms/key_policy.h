// SPDX-License-Identifier: Apache-2.0
// What a key policy must be before a key gets it.
#pragma once

#include <optional>
#include <string>

#include "kms/call.h"

namespace trent::kms {

inline constexpr const char* kBypassLockoutHelp =
    "Also if the policy does not let you change it again";

// Throws NotFoundException: a key has one policy, of the name default.
void require_default_policy_name(const std::optional<std::string>& name);
inline constexpr const char* kDefaultPolicyName = "default";

// Gives the record of the key the policy. Unless `bypass_lockout_check`, it must let the caller
// change it again. Throws MalformedPolicyDocumentException, LimitExceededException.
void set_policy(Call& call, Account& account, catalog::KeyRecord& record, const std::string& policy,
                bool bypass_lockout_check);

}  // namespace trent::kms
