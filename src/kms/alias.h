// SPDX-License-Identifier: Apache-2.0
// Aliases as the operations on them share them: their names, and what makes one free.
#pragma once

#include <string>

#include "base/error.h"
#include "hsm/change_lock.h"
#include "kms/account.h"

namespace trent::kms {

// Throws ValidationException.
void check_alias_name(const std::string& name);
// The names that CreateAlias takes: throws InvalidAliasNameException, too.
void check_new_alias_name(const std::string& name);

Error alias_not_found(const Account& account, const std::string& name);

// Whether the key of the alias is deleted, as it must be if it is at all: when an alias was last
// updated, its key was not pending deletion, and that takes seven days at least. Such an alias is
// as good as gone.
bool names_key_deleted_since(const hsm::ChangeLock& lock, Account& account,
                             const catalog::AliasRecord& alias);

// Creates the alias, or takes over that of a deleted key. False if it is the key's already. Throws
// AlreadyExistsException if it is another's.
bool give_alias(const hsm::ChangeLock& lock, Account& account, const std::string& name,
                const std::string& key_id, catalog::Timestamp now);
// The same, and also throws if it is the key's already.
void create_alias_record(const hsm::ChangeLock& lock, Account& account, const std::string& name,
                         const std::string& key_id, catalog::Timestamp now);

}  // namespace trent::kms
