// CreateAlias, UpdateAlias, DeleteAlias, ListAliases.
#include <algorithm>

#include "base/error.h"
#include "hsm/change_lock.h"
#include "kms/implementation.h"
#include "kms/key_name.h"
#include "kms/paging.h"
#include "kms/validation.h"

namespace trent::kms {

namespace {

void check_alias_name(const std::string& name) {
  Validation().length("aliasName", name.size(), 1, 256).check();
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

Error not_found(const Account& account, const std::string& name) {
  return Error(ErrorCode::NotFound, "Alias " + account.arn(name) + " is not found.",
               "`trent list-aliases` shows the aliases that there are.");
}

// What an alias is to name, before the token is asked.
Service::Implementation::Named locate_target(Service::Implementation& kms,
                                             const std::string& target) {
  Validation().key_id("targetKeyId", target).check();
  auto named = kms.locate(target);
  if (&named.account != &kms.home())
    throw Error(ErrorCode::NotFound,
                "Key '" + named.account.key_arn(named.key_id) + "' does not exist",
                "An alias and its key belong to the same account.");
  return named;
}

// The key is not about to be deleted. Returns its id.
std::string find_target(Service::Implementation& kms, const hsm::ChangeLock& lock,
                        const Service::Implementation::Named& named) {
  const Key key = kms.find(lock, named);
  if (key.record->state == "PendingDeletion")
    throw Error(ErrorCode::KMSInvalidState, key.arn() + " is pending deletion.",
                "`trent cancel-key-deletion` keeps the key.");
  return key.record->key_id;
}

// Such an alias is as good as gone. One whose key is missing is not: the key may come back.
bool names_deleted_key(const hsm::ChangeLock& lock, Account& account,
                       const catalog::AliasRecord& alias) {
  auto target = account.catalog.key(lock, alias.target);
  return target && is_deleted(*target);
}

// The same, without a look at the token where it cannot be: when an alias was last updated, its key
// was not pending deletion, and that takes seven days at least.
bool names_key_deleted_since(const hsm::ChangeLock& lock, Account& account,
                             const catalog::AliasRecord& alias) {
  constexpr auto kShortestWindow = std::chrono::hours(24) * 7;
  return catalog::now() - alias.updated >= kShortestWindow &&
         names_deleted_key(lock, account, alias);
}

}  // namespace

void check_new_alias_name(const std::string& name) {
  check_alias_name(name);
  if (name.starts_with("alias/aws/"))
    throw Error(ErrorCode::InvalidAliasName, "Aliases that begin with alias/aws/ are reserved.",
                "Choose another name.");
}

namespace {

Error alias_exists(const Account& account, const std::string& name) {
  return Error(ErrorCode::AlreadyExists,
               "An alias with the name " + account.arn(name) + " already exists",
               "`trent update-alias` lets it name another key.");
}

// Creates the alias, or takes over that of a deleted key. False if it is the key's already; throws
// alias_exists() if it is another's.
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

}  // namespace

void create_alias_record(const hsm::ChangeLock& lock, Account& account, const std::string& name,
                         const std::string& key_id, catalog::Timestamp now) {
  if (!give_alias(lock, account, name, key_id, now)) throw alias_exists(account, name);
}

void rename_key(Service& service, const std::string& key_id, const std::string& old_alias,
                const std::string& new_alias) {
  hsm::ForkGuard fork;
  check_new_alias_name(new_alias);
  auto named = locate_target(service.implementation(), key_id);
  Account& account = named.account;
  const hsm::ChangeLock lock(account.token);
  const std::string id = find_target(service.implementation(), lock, named);
  const auto is_own = [&](const catalog::AliasRecord* alias) {
    return alias != nullptr && alias->target == id;
  };
  bool is_new = give_alias(lock, account, new_alias, id, catalog::now());
  if (old_alias.empty() || old_alias == new_alias) return;
  try {
    account.catalog.delete_alias(lock, old_alias, is_own);
  } catch (const Error&) {
    // Rather both names than neither: the new one goes only if the old one is seen to be there. A
    // token that reports a failure may have destroyed it all the same.
    bool is_there = false;
    account.catalog.delete_alias(lock, old_alias, [&](const catalog::AliasRecord* alias) {
      is_there = is_own(alias);
      return false;
    });
    if (!is_there) return;
    if (is_new) account.catalog.delete_alias(lock, new_alias, is_own);
    throw;
  }
}

void Service::create_alias(const CreateAliasRequest& request) {
  hsm::ForkGuard fork;
  check_new_alias_name(request.alias_name);
  auto named = locate_target(*implementation_, request.target_key_id);
  const hsm::ChangeLock lock(named.account.token);
  create_alias_record(lock, named.account, request.alias_name,
                      find_target(*implementation_, lock, named), catalog::now());
}

void Service::update_alias(const UpdateAliasRequest& request) {
  hsm::ForkGuard fork;
  check_new_alias_name(request.alias_name);
  auto named = locate_target(*implementation_, request.target_key_id);
  Account& account = named.account;
  const hsm::ChangeLock lock(account.token);
  const std::string target = find_target(*implementation_, lock, named);
  bool found =
      account.catalog.change_alias(lock, request.alias_name, [&](catalog::AliasRecord& alias) {
        if (names_key_deleted_since(lock, account, alias))
          throw not_found(account, request.alias_name);
        alias.target = target;
        alias.updated = catalog::now();
      });
  if (!found) throw not_found(account, request.alias_name);
}

void Service::delete_alias(const DeleteAliasRequest& request) {
  hsm::ForkGuard fork;
  check_alias_name(request.alias_name);
  Account& account = implementation_->home();
  const hsm::ChangeLock lock(account.token);
  auto deletion = account.catalog.delete_alias(
      lock, request.alias_name, [&](const catalog::AliasRecord* alias) {
        return alias == nullptr || !names_key_deleted_since(lock, account, *alias);
      });
  if (deletion != catalog::Deletion::Done) throw not_found(account, request.alias_name);
}

ListAliasesResponse Service::list_aliases(const ListAliasesRequest& request) {
  hsm::ForkGuard fork;
  Validation()
      .optional_key_id("keyId", request.key_id)
      .range("limit", request.limit, 1, 1000)
      .optional_length("marker", request.marker, 1, 1024)
      .check();
  Account* account = &implementation_->home();
  std::string target;
  if (request.key_id) {
    Key key = implementation_->resolve(*request.key_id, Service::Implementation::Accept::KeyIdOnly);
    account = key.account;
    target = key.record->key_id;
  }
  auto listing = account->catalog.list(request.marker.has_value());
  const DeletedTargets deleted(listing);
  ListAliasesResponse response;
  // The model allows 1000, the service gives 100 at the most.
  auto limit = std::min<std::int64_t>(request.limit.value_or(50), 100);
  auto page = take_page(listing->aliases, &catalog::AliasRecord::name, request.marker,
                        static_cast<std::size_t>(limit), [&](const catalog::AliasRecord& alias) {
                          return (target.empty() || alias.target == target) && !deleted.has(alias);
                        });
  for (const auto& alias : page.items)
    response.aliases.push_back(
        {alias->name, account->arn(alias->name), alias->target, alias->created, alias->updated});
  response.truncated = page.truncated;
  response.next_marker = page.next_marker;
  return response;
}

}  // namespace trent::kms
