// SPDX-License-Identifier: Apache-2.0
// CreateAlias, UpdateAlias, DeleteAlias, ListAliases; and RenameKey, which is two of them in one.
#include "kms/alias.h"

#include <algorithm>

#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/object_requests.h"
#include "kms/operations/operations.h"
#include "kms/paging.h"

namespace trent::kms {

using namespace model;

namespace {

// What an alias is to name, before the token is asked.
Call::Named locate_target(const Call& call, const std::string& target) {
  auto named = call.locate(target);
  if (&named.account != &call.home())
    throw no_such_key(named.account, named.key_id,
                      "An alias and its key belong to the same account.");
  return named;
}

// The key is not about to be deleted. Returns its id.
std::string find_target(Call& call, const hsm::ChangeLock& lock, const Call::Named& named,
                        std::string_view permission) {
  const Key key = call.find(lock, named, permission);
  if (catalog::is_pending_deletion(key.record->state)) throw pending_deletion(key.arn());
  return key.record->key_id;
}

// Whoever changes an alias must be allowed to by the key that it names, too, if there is one.
void permit_target(Call& call, const hsm::ChangeLock& lock, Account& account,
                   const catalog::AliasRecord& alias, std::string_view permission) {
  const Key key{&account, account.catalog.key(lock, alias.target)};
  if (key.record && !is_deleted(*key.record)) call.permit(permission, key);
}

Nothing create(Call& call, const CreateAliasRequest& request) {
  check_new_alias_name(request.alias_name);
  auto named = locate_target(call, request.target_key_id);
  call.permit_alias("kms:CreateAlias", named.account, request.alias_name);
  const hsm::ChangeLock lock(named.account.token);
  create_alias_record(lock, named.account, request.alias_name,
                      find_target(call, lock, named, "kms:CreateAlias"), catalog::now());
  return {};
}

Nothing update(Call& call, const UpdateAliasRequest& request) {
  check_new_alias_name(request.alias_name);
  auto named = locate_target(call, request.target_key_id);
  Account& account = named.account;
  call.permit_alias("kms:UpdateAlias", account, request.alias_name);
  const hsm::ChangeLock lock(account.token);
  const std::string target = find_target(call, lock, named, "kms:UpdateAlias");
  bool found =
      account.catalog.change_alias(lock, request.alias_name, [&](catalog::AliasRecord& alias) {
        if (names_key_deleted_since(lock, account, alias))
          throw alias_not_found(account, request.alias_name);
        permit_target(call, lock, account, alias, "kms:UpdateAlias");
        alias.target = target;
        alias.updated = catalog::now();
      });
  if (!found) throw alias_not_found(account, request.alias_name);
  return {};
}

Nothing remove(Call& call, const DeleteAliasRequest& request) {
  check_alias_name(request.alias_name);
  Account& account = call.home();
  call.permit_alias("kms:DeleteAlias", account, request.alias_name);
  const hsm::ChangeLock lock(account.token);
  auto deletion = account.catalog.delete_alias(
      lock, request.alias_name, [&](const catalog::AliasRecord* alias) {
        if (alias == nullptr) return true;
        if (names_key_deleted_since(lock, account, *alias)) return false;
        permit_target(call, lock, account, *alias, "kms:DeleteAlias");
        return true;
      });
  if (deletion != catalog::Deletion::Done) throw alias_not_found(account, request.alias_name);
  return {};
}

ListAliasesResponse list(Call& call, const ListAliasesRequest& request) {
  Account* account = &call.home();
  std::string target;
  if (request.key_id) {
    Key key = call.look_at(*request.key_id, "kms:ListAliases", Call::Accept::KeyIdOnly);
    account = key.account;
    target = key.record->key_id;
  } else {
    call.permit("kms:ListAliases");
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

Nothing rename(Call& call, const RenameKeyRequest& request) {
  check_new_alias_name(request.new_alias);
  auto named = locate_target(call, request.key_id);
  Account& account = named.account;
  const hsm::ChangeLock lock(account.token);
  const std::string id = find_target(call, lock, named, "kms:CreateAlias");
  call.permit_alias("kms:CreateAlias", account, request.new_alias);
  call.permit("kms:DeleteAlias", {&account, account.catalog.key(lock, id)});
  const auto is_own = [&](const catalog::AliasRecord* alias) {
    return alias != nullptr && alias->target == id;
  };
  bool is_new = give_alias(lock, account, request.new_alias, id, catalog::now());
  if (request.old_alias.empty() || request.old_alias == request.new_alias) return {};
  try {
    account.catalog.delete_alias(lock, request.old_alias, is_own);
  } catch (const Error&) {
    // Rather both names than neither: the new one goes only if the old one is seen to be there. A
    // token that reports a failure may have destroyed it all the same.
    bool is_there = false;
    account.catalog.delete_alias(lock, request.old_alias, [&](const catalog::AliasRecord* alias) {
      is_there = is_own(alias);
      return false;
    });
    if (!is_there) return {};
    if (is_new) account.catalog.delete_alias(lock, request.new_alias, is_own);
    throw;
  }
  return {};
}

constexpr std::string_view kCreatePermissions[] = {"kms:CreateAlias"};
constexpr ErrorCode kCreateErrors[] = {ErrorCode::DependencyTimeout, ErrorCode::AlreadyExists,
                                       ErrorCode::NotFound,          ErrorCode::InvalidAliasName,
                                       ErrorCode::KMSInternal,       ErrorCode::LimitExceeded,
                                       ErrorCode::KMSInvalidState};
constexpr std::string_view kUpdatePermissions[] = {"kms:UpdateAlias"};
constexpr ErrorCode kUpdateErrors[] = {ErrorCode::DependencyTimeout, ErrorCode::NotFound,
                                       ErrorCode::KMSInternal, ErrorCode::LimitExceeded,
                                       ErrorCode::KMSInvalidState};
constexpr std::string_view kDeletePermissions[] = {"kms:DeleteAlias"};
constexpr ErrorCode kDeleteErrors[] = {ErrorCode::DependencyTimeout, ErrorCode::NotFound,
                                       ErrorCode::KMSInternal, ErrorCode::KMSInvalidState};
constexpr std::string_view kListPermissions[] = {"kms:ListAliases"};
constexpr ErrorCode kListErrors[] = {ErrorCode::DependencyTimeout, ErrorCode::InvalidMarker,
                                     ErrorCode::KMSInternal, ErrorCode::InvalidArn,
                                     ErrorCode::NotFound};
constexpr std::string_view kRenamePermissions[] = {"kms:CreateAlias", "kms:DeleteAlias"};

constexpr const char* kTargetHelp = "Key ID or key ARN";

}  // namespace

const Operation& operations::create_alias() {
  static const Operation stated =
      operation<&create>({"CreateAlias", kCreatePermissions, kCreateErrors});
  return stated;
}
const Operation& CreateAliasRequest::operation() {
  return operations::create_alias();
}

const Operation& operations::update_alias() {
  static const Operation stated =
      operation<&update>({"UpdateAlias", kUpdatePermissions, kUpdateErrors});
  return stated;
}
const Operation& UpdateAliasRequest::operation() {
  return operations::update_alias();
}

const Operation& operations::delete_alias() {
  static const Operation stated =
      operation<&remove>({"DeleteAlias", kDeletePermissions, kDeleteErrors});
  return stated;
}
const Operation& DeleteAliasRequest::operation() {
  return operations::delete_alias();
}

const Operation& operations::list_aliases() {
  static const Operation stated =
      operation<&list>({"ListAliases", kListPermissions, kListErrors, true});
  return stated;
}
const Operation& ListAliasesRequest::operation() {
  return operations::list_aliases();
}

const Operation& RenameKeyRequest::operation() {
  static const Operation stated =
      model::operation<&rename>({"RenameKey", kRenamePermissions, kCreateErrors});
  return stated;
}

Fields CreateAliasRequest::fields() {
  using R = CreateAliasRequest;
  static constexpr Field fields[] = {
      field<R, &R::alias_name>("AliasName", kAliasName, Need::Required),
      field<R, &R::target_key_id>("TargetKeyId", kKeyId, Need::Required, kTargetHelp)};
  return fields;
}

Fields UpdateAliasRequest::fields() {
  using R = UpdateAliasRequest;
  static constexpr Field fields[] = {
      field<R, &R::alias_name>("AliasName", kAliasName, Need::Required),
      field<R, &R::target_key_id>("TargetKeyId", kKeyId, Need::Required, kTargetHelp)};
  return fields;
}

Fields DeleteAliasRequest::fields() {
  using R = DeleteAliasRequest;
  static constexpr Field fields[] = {
      field<R, &R::alias_name>("AliasName", kAliasName, Need::Required)};
  return fields;
}

Fields ListAliasesRequest::fields() {
  using R = ListAliasesRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId, Need::Optional,
                           "Only the aliases of this key: key ID or key ARN"),
      field<R, &R::limit>("Limit", kLimit), field<R, &R::marker>("Marker", kMarker)};
  return fields;
}

Fields ListAliasesResponse::fields() {
  using R = ListAliasesResponse;
  static constexpr Field fields[] = {field<R, &R::aliases>("Aliases", kAliasList),
                                     field<R, &R::next_marker>("NextMarker", kMarker),
                                     field<R, &R::truncated>("Truncated", kBoolean)};
  return fields;
}

Fields AliasListEntry::fields() {
  using E = AliasListEntry;
  static constexpr Field fields[] = {field<E, &E::alias_name>("AliasName", kAliasName),
                                     field<E, &E::alias_arn>("AliasArn", kArn),
                                     field<E, &E::target_key_id>("TargetKeyId", kKeyId),
                                     field<E, &E::creation_date>("CreationDate", kDate),
                                     field<E, &E::last_updated_date>("LastUpdatedDate", kDate)};
  return fields;
}

Fields RenameKeyRequest::fields() {
  using R = RenameKeyRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("TargetKeyId", kKeyId, Need::Required),
      field<R, &R::new_alias>("AliasName", kAliasName, Need::Required)};
  return fields;
}

}  // namespace trent::kms
