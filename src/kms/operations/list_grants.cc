// SPDX-License-Identifier: Apache-2.0
// ListGrants, ListRetirableGrants.
#include <algorithm>

#include "base/error.h"
#include "kms/call.h"
#include "kms/grant.h"
#include "kms/grant_shapes.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/paging.h"

namespace trent::kms {

using namespace model;

namespace {

struct GrantListEntry {
  std::string key_id;  // an ARN
  std::string grant_id;
  std::string name;
  Timestamp creation_date;
  std::string grantee_principal;
  std::string retiring_principal;
  std::string issuing_account;
  std::vector<std::string> operations;
  GrantConstraints constraints;

  static Fields fields() {
    using E = GrantListEntry;
    static constexpr Field fields[] = {
        field<E, &E::key_id>("KeyId", kKeyId), field<E, &E::grant_id>("GrantId", kGrantId),
        // Sent also if it is empty, as the service does.
        field<E, &E::name>("Name", kGrantName, Need::Required),
        field<E, &E::creation_date>("CreationDate", kDate),
        field<E, &E::grantee_principal>("GranteePrincipal", kPrincipalId),
        field<E, &E::retiring_principal>("RetiringPrincipal", kPrincipalId),
        field<E, &E::issuing_account>("IssuingAccount", kPrincipalId),
        field<E, &E::operations>("Operations", kGrantOperationList),
        field<E, &E::constraints>("Constraints", kGrantConstraints)};
    return fields;
  }
};

struct Response {
  std::vector<GrantListEntry> grants;
  std::string next_marker;  // only if truncated
  bool truncated = false;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Response, &Response::grants>("Grants", kGrantList),
        field<Response, &Response::next_marker>("NextMarker", kMarker),
        field<Response, &Response::truncated>("Truncated", kBoolean)};
    return fields;
  }
};

struct Request {
  std::optional<std::int64_t> limit;
  std::optional<std::string> marker;
  std::string key_id;
  std::optional<std::string> grant_id;
  std::optional<std::string> grantee_principal;

  static Fields fields() {
    using R = Request;
    static constexpr Field fields[] = {
        field<R, &R::limit>("Limit", kLimit), field<R, &R::marker>("Marker", kMarker),
        field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<R, &R::grant_id>("GrantId", kGrantId, Need::Optional, "Only this grant"),
        field<R, &R::grantee_principal>("GranteePrincipal", kPrincipalId, Need::Optional,
                                        "Only the grants of this user or role")};
    return fields;
  }
};

struct RetirableRequest {
  std::optional<std::int64_t> limit;
  std::optional<std::string> marker;
  std::optional<std::string> retiring_principal;

  static Fields fields() {
    using R = RetirableRequest;
    static constexpr Field fields[] = {
        field<R, &R::limit>("Limit", kLimit), field<R, &R::marker>("Marker", kMarker),
        field<R, &R::retiring_principal>("RetiringPrincipal", kPrincipalId, Need::Optional,
                                         "ARN of the user or role that may retire them")};
    return fields;
  }
};

GrantListEntry entry_of(const Account& account, const catalog::GrantRecord& grant) {
  GrantListEntry entry;
  entry.key_id = account.key_arn(grant.key_id);
  entry.grant_id = grant.grant_id;
  entry.name = grant.name;
  entry.creation_date = grant.created;
  entry.grantee_principal = grant.grantee;
  entry.retiring_principal = grant.retiring;
  entry.issuing_account = grant.issuer;
  entry.operations = grant.operations;
  entry.constraints.encryption_context_equals = grant.constraints.context_equals;
  entry.constraints.encryption_context_subset = grant.constraints.context_subset;
  if (!grant.constraints.source_arn.empty())
    entry.constraints.source_arn = grant.constraints.source_arn;
  return entry;
}

template <class Keep>
Response page_of(const Account& account, const std::vector<GrantPointer>& grants,
                 const std::optional<std::int64_t>& limit, const std::optional<std::string>& marker,
                 const Keep& keep) {
  // The model allows 1000, the service gives 100 at the most.
  const auto most = static_cast<std::size_t>(std::min<std::int64_t>(limit.value_or(50), 100));
  auto page = take_page(grants, &catalog::GrantRecord::grant_id, marker, most, keep);
  Response response;
  for (const auto& grant : page.items) response.grants.push_back(entry_of(account, *grant));
  response.next_marker = page.next_marker;
  response.truncated = page.truncated;
  return response;
}

Response list(Call& call, const Request& request) {
  const Key key = call.look_at(request.key_id, "kms:ListGrants", Call::Accept::KeyIdOnly);
  const auto listing = key.account->catalog.list(request.marker.has_value());
  const auto found = listing->grants.find(key.record->key_id);
  const std::vector<GrantPointer> none;
  const auto& grants = found == listing->grants.end() ? none : found->second;
  if (request.grant_id &&
      std::ranges::find(grants, *request.grant_id,
                        [](const GrantPointer& grant) { return grant->grant_id; }) == grants.end())
    throw Error(ErrorCode::InvalidGrantId, "The key has no grant " + *request.grant_id + ".",
                "`trent list-grants` without a grant id shows those that it has.");
  return page_of(
      *key.account, grants, request.limit, request.marker, [&](const catalog::GrantRecord& grant) {
        return (!request.grant_id || grant.grant_id == *request.grant_id) &&
               (!request.grantee_principal || grant.grantee == *request.grantee_principal);
      });
}

// Of the keys in the token of the caller's account.
Response list_retirable(Call& call, const RetirableRequest& request) {
  if (!request.retiring_principal)
    throw Error(ErrorCode::Validation, "RetiringPrincipal is required.",
                "It is the ARN of the user or role that may retire the grants.");
  if (!is_principal(*request.retiring_principal))
    throw Error(ErrorCode::InvalidArn, "RetiringPrincipal is not the ARN of a principal.",
                "Write it like arn:aws:iam::111122223333:user/alice.");
  call.permit("kms:ListRetirableGrants");
  Account& account = call.home();
  const auto listing = account.catalog.list(request.marker.has_value());
  std::vector<GrantPointer> grants;
  for (const auto& of_key : listing->grants)
    for (const auto& grant : of_key.second)
      if (grant->retiring == *request.retiring_principal) grants.push_back(grant);
  std::ranges::sort(grants, {}, [](const GrantPointer& grant) { return grant->grant_id; });
  return page_of(account, grants, request.limit, request.marker,
                 [&](const catalog::GrantRecord& grant) {
                   const auto record = account.catalog.key(grant.key_id);
                   return record && !is_deleted(*record);
                 });
}

constexpr std::string_view kPermissions[] = {"kms:ListGrants"};
constexpr ErrorCode kErrors[] = {ErrorCode::NotFound,       ErrorCode::DependencyTimeout,
                                 ErrorCode::InvalidMarker,  ErrorCode::InvalidGrantId,
                                 ErrorCode::InvalidArn,     ErrorCode::KMSInternal,
                                 ErrorCode::KMSInvalidState};
constexpr Missing kMissing[] = {
    {"GranteeServicePrincipal", "Services of AWS do not call here: name a user or a role."}};
constexpr std::string_view kRetirablePermissions[] = {"kms:ListRetirableGrants"};
constexpr ErrorCode kRetirableErrors[] = {ErrorCode::DependencyTimeout, ErrorCode::InvalidMarker,
                                          ErrorCode::InvalidArn, ErrorCode::NotFound,
                                          ErrorCode::KMSInternal};
constexpr Missing kRetirableMissing[] = {
    {"RetiringServicePrincipal", "Services of AWS do not call here: name a user or a role."}};

}  // namespace

const Operation& operations::list_grants() {
  static const Operation stated =
      operation<&list>({"ListGrants", kPermissions, kErrors, true, kMissing, kAcrossAccounts});
  return stated;
}

const Operation& operations::list_retirable_grants() {
  static const Operation stated = operation<&list_retirable>(
      {"ListRetirableGrants", kRetirablePermissions, kRetirableErrors, true, kRetirableMissing});
  return stated;
}

}  // namespace trent::kms
