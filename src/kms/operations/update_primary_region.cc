// SPDX-License-Identifier: Apache-2.0
// UpdatePrimaryRegion.
#include "base/error.h"
#include "kms/call.h"
#include "kms/key_id.h"
#include "kms/model/shapes.h"
#include "kms/multi_region.h"
#include "kms/operations/operations.h"
#include "kms/replication.h"

namespace trent::kms {

using namespace model;

namespace {

struct Request {
  std::string key_id;
  std::string primary_region;

  static Fields fields() {
    using R = Request;
    static constexpr Field fields[] = {
        field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<R, &R::primary_region>("PrimaryRegion", kRegion, Need::Required)};
    return fields;
  }
};

const Key& next_primary(const RelatedKeys& related, const Key& primary, const std::string& region) {
  if (region == primary.account->region)
    throw Error(ErrorCode::UnsupportedOperation, primary.arn() + " is the primary key already.",
                "Name the region of one of its replicas.");
  if (const Key* replica = related.in_region(region)) return *replica;
  throw Error(ErrorCode::NotFound,
              "Key '" + arn_prefix(region, primary.account->id) + "key/" + primary.record->key_id +
                  "' does not exist",
              "Make a replica there first: `trent replicate-key`.");
}

// The record of the new primary key counts one more change than all others, so it is what makes it
// the primary one. The others are told, and if that fails, by whoever looks next.
void make_primary(const LockedRegions& regions, const RelatedKeys& related, const Key& primary,
                  const Key& next) {
  const std::string& key_id = next.record->key_id;
  const catalog::MultiRegion told{next.account->region, related.told().changes + 1};
  const auto rotation = primary.record->rotation;
  const bool found = next.account->catalog.change_key(regions.lock_of(*next.account), key_id,
                                                      [&](catalog::KeyRecord& record) {
                                                        record.multi_region = told;
                                                        record.rotation = rotation;
                                                      });
  if (!found) throw no_such_key(*next.account, key_id);
  try {
    const RelatedKeys now = regions.keys(*next.account, key_id);
    follow_all(regions, now);
  } catch (const Error&) {  // it is done all the same
  }
}

Nothing update(Call& call, const Request& request) {
  constexpr std::string_view kPermission = "kms:UpdatePrimaryRegion";
  const Key seen = call.look_at(request.key_id, kPermission, Call::Accept::KeyIdOnly);
  require_enabled(seen);
  require_multi_region(seen);
  const LockedRegions regions(call.accounts(), *seen.account);
  const RelatedKeys related = regions.keys(*seen.account, seen.record->key_id);
  const Key& primary = *related.in_region(seen.account->region);
  require_enabled(primary);
  require_primary(related, primary);
  const Key& next = next_primary(related, primary, request.primary_region);
  call.permit(kPermission, next);
  require_enabled(next);
  // It is to have all that the others have, before it is the one that they follow.
  follow(regions, related, next);
  make_primary(regions, related, primary, next);
  return {};
}

constexpr std::string_view kPermissions[] = {"kms:UpdatePrimaryRegion"};
constexpr ErrorCode kErrors[] = {ErrorCode::Disabled,        ErrorCode::InvalidArn,
                                 ErrorCode::KMSInvalidState, ErrorCode::KMSInternal,
                                 ErrorCode::NotFound,        ErrorCode::UnsupportedOperation};

}  // namespace

const Operation& operations::update_primary_region() {
  static const Operation stated =
      operation<&update>({"UpdatePrimaryRegion", kPermissions, kErrors});
  return stated;
}

}  // namespace trent::kms
