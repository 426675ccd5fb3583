// SPDX-License-Identifier: Apache-2.0
// Names of aliases, and what makes one free.
#include "kms/alias.h"

#include <algorithm>

#include "base/error.h"
#include "kms/key.h"

namespace trent::kms {

namespace {

// One whose key is missing is not as good as gone: the key may come back.
bool names_deleted_key(const hsm::ChangeLock& lock, Account& account,
                       const catalog::AliasRecord& alias) {
  auto target = account.catalog.key(lock, alias.target);
  return target && is_deleted(*target);
}

Error alias_exists(const Account& account, const std::string& name) {
  return Error(ErrorCode::AlreadyExists,
               "An alias with the name " + account.arn(name) + " already exists",
               "`trent update-alias` lets it name another key.");
}

}  // namespace

void check_alias_name(const std::string& name) {
  if (!name.starts_with("alias/") || name.size() == 6)
    throw Error(ErrorCode::Validation,
                "Alias must start with the prefix \"alias/\". Please see "
                "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html");
  bool good = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-';
  });
  if (!good)
    throw Error(ErrorCode::Validation,
                "1 validation error detected: Value at 'aliasName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: ^[a-zA-Z0-9/_-]+$");
}

void check_new_alias_name(const std::string& name) {
  check_alias_name(name);
  if (name.starts_with("alias/aws/"))
    throw Error(ErrorCode::InvalidAliasName, "Aliases that begin with alias/aws/ are reserved.",
                "Choose another name.");
}

Error alias_not_found(const Account& account, const std::string& name) {
  return Error(ErrorCode::NotFound, "Alias " + account.arn(name) + " is not found.",
               "`trent list-aliases` shows the aliases that there are.");
}

bool names_key_deleted_since(const hsm::ChangeLock& lock, Account& account,
                             const catalog::AliasRecord& alias) {
  constexpr auto kShortestWindow = std::chrono::hours(24) * 7;
  return catalog::now() - alias.updated >= kShortestWindow &&
         names_deleted_key(lock, account, alias);
}

bool give_alias(const hsm::ChangeLock& lock, Account& account, const std::string& name,
                const std::string& key_id, catalog::Timestamp now) {
  bool is_own = false;
  auto take_over = [&](catalog::AliasRecord& alias) {
    is_own = alias.target == key_id;
    if (is_own || !names_deleted_key(lock, account, alias)) throw alias_exists(account, name);
    alias.target = key_id;
    alias.created = alias.updated = now;
  };
  for (;;) {
    if (account.catalog.create_alias(lock, {{}, name, key_id, now, now})) return true;
    try {
      // False if it was deleted at the same moment.
      if (account.catalog.change_alias(lock, name, take_over)) return true;
    } catch (const Error&) {
      if (is_own) return false;
      throw;
    }
  }
}

void create_alias_record(const hsm::ChangeLock& lock, Account& account, const std::string& name,
                         const std::string& key_id, catalog::Timestamp now) {
  if (!give_alias(lock, account, name, key_id, now)) throw alias_exists(account, name);
}

}  // namespace trent::kms
