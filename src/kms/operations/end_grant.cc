// SPDX-License-Identifier: Apache-2.0
// RetireGrant, RevokeGrant.
#include <algorithm>

#include "base/error.h"
#include "kms/call.h"
#include "kms/grant.h"
#include "kms/grant_shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

struct RetireRequest {
  std::optional<std::string> grant_token;
  std::optional<std::string> key_id;
  std::optional<std::string> grant_id;
  bool dry_run = false;

  static Fields fields() {
    using R = RetireRequest;
    static constexpr Field fields[] = {
        field<R, &R::grant_token>("GrantToken", kGrantToken, Need::Optional,
                                  "Names the grant, instead of key and grant ID"),
        field<R, &R::key_id>("KeyId", kKeyId, Need::Optional, kManagedKeyHelp),
        field<R, &R::grant_id>("GrantId", kGrantId),
        field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
    return fields;
  }
};

struct RevokeRequest {
  std::string key_id;
  std::string grant_id;
  bool dry_run = false;

  static Fields fields() {
    using R = RevokeRequest;
    static constexpr Field fields[] = {
        field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<R, &R::grant_id>("GrantId", kGrantId, Need::Required),
        field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
    return fields;
  }
};

Error no_such_grant(const std::string& grant_id) {
  return Error(ErrorCode::InvalidGrantId, "The key has no grant " + grant_id + ".",
               "`trent list-grants` shows the grants of a key.");
}

GrantPointer find_grant(const Key& key, const std::string& grant_id) {
  auto grant = key.account->catalog.grant(grant_id);
  if (!grant || grant->key_id != key.record->key_id) throw no_such_grant(grant_id);
  return grant;
}

Nothing end(Call& call, const Key& key, const GrantPointer& grant, bool is_dry_run) {
  call.end_dry_run(is_dry_run);
  const hsm::ChangeLock lock(key.account->token);
  const auto deletion = key.account->catalog.delete_grant(
      lock, grant->grant_id, [](const catalog::GrantRecord*) { return true; });
  if (deletion != catalog::Deletion::Done) throw no_such_grant(grant->grant_id);
  return {};
}

// Those whom the grant itself names, and the account that made it; a policy may still deny it.
bool may_retire(const catalog::GrantRecord& grant, const policy::Principal& principal) {
  const auto is = [&](const std::string& arn) {
    return !arn.empty() && (arn == principal.arn || arn == principal.role);
  };
  return is(grant.retiring) || is(grant.issuer) ||
         (is(grant.grantee) &&
          std::ranges::find(grant.operations, "RetireGrant") != grant.operations.end());
}

Nothing retire(Call& call, const RetireRequest& request) {
  const bool is_named = request.key_id && request.grant_id;
  if (request.grant_token.has_value() == is_named ||
      (request.grant_token && (request.key_id || request.grant_id)))
    throw Error(ErrorCode::Validation, "Give GrantToken, or KeyId and GrantId.");
  GrantPointer grant;
  Key key;
  if (request.grant_token) {
    const NamedGrant named = grant_of_token(call.accounts(), *request.grant_token);
    grant = named.grant;
    key = Call::key_in(*named.account, grant->key_id);
  } else {
    key = call.named_key(*request.key_id);
    grant = find_grant(key, *request.grant_id);
  }
  call.permit("kms:RetireGrant", key,
              may_retire(*grant, principal_of(call.caller(), key.account->id)));
  return end(call, key, grant, request.dry_run);
}

Nothing revoke(Call& call, const RevokeRequest& request) {
  const Key key = call.look_at(request.key_id, "kms:RevokeGrant", Call::Accept::KeyIdOnly);
  return end(call, key, find_grant(key, request.grant_id), request.dry_run);
}

constexpr std::string_view kRetirePermissions[] = {"kms:RetireGrant"};
constexpr ErrorCode kRetireErrors[] = {ErrorCode::InvalidArn,        ErrorCode::InvalidGrantToken,
                                       ErrorCode::InvalidGrantId,    ErrorCode::NotFound,
                                       ErrorCode::DependencyTimeout, ErrorCode::KMSInternal,
                                       ErrorCode::KMSInvalidState,   ErrorCode::DryRunOperation};
constexpr std::string_view kRevokePermissions[] = {"kms:RevokeGrant"};
constexpr ErrorCode kRevokeErrors[] = {ErrorCode::NotFound,       ErrorCode::DependencyTimeout,
                                       ErrorCode::InvalidArn,     ErrorCode::InvalidGrantId,
                                       ErrorCode::KMSInternal,    ErrorCode::KMSInvalidState,
                                       ErrorCode::DryRunOperation};

}  // namespace

const Operation& operations::retire_grant() {
  static const Operation stated = operation<&retire>(
      {"RetireGrant", kRetirePermissions, kRetireErrors, false, {}, kAcrossAccounts});
  return stated;
}

const Operation& operations::revoke_grant() {
  static const Operation stated = operation<&revoke>(
      {"RevokeGrant", kRevokePermissions, kRevokeErrors, false, {}, kAcrossAccounts});
  return stated;
}

}  // namespace trent::kms
