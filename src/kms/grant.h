// SPDX-License-Identifier: Apache-2.0
// Grants as the operations on them and the authorization share them: when one applies, and the
// tokens by which it is named (KMS Developer Guide, "Grants in AWS KMS").
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/grant_record.h"
#include "kms/account.h"
#include "kms/authorization/request_context.h"

namespace trent::kms {

using GrantPointer = std::shared_ptr<const catalog::GrantRecord>;

// Whether a grant can be for the operation that the permission is of.
bool is_grant_operation(std::string_view permission);

// Whether the grant lets the principal do what is asked.
bool applies(const catalog::GrantRecord& grant, const Asked& asked,
             const policy::Principal& principal);

// A new token of the grant. It is good for as long as the grant is there, as are all others.
std::string new_grant_token(const Account& account, const catalog::GrantRecord& grant);
// The grant that a token is of, and whose it is. Throws InvalidGrantTokenException if it is of
// none.
NamedGrant grant_of_token(const Accounts& accounts, const std::string& token);

}  // namespace trent::kms
