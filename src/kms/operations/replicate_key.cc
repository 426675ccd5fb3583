// SPDX-License-Identifier: Apache-2.0
// ReplicateKey.
#include <algorithm>

#include "base/error.h"
#include "hsm/data_trial.h"
#include "kms/call.h"
#include "kms/key_policy.h"
#include "kms/model/shapes.h"
#include "kms/multi_region.h"
#include "kms/operations/operations.h"
#include "kms/replication.h"
#include "kms/tag.h"

namespace trent::kms {

using namespace model;

namespace {

struct Request {
  std::string key_id;
  std::string replica_region;
  std::optional<std::string> policy;
  bool bypass_policy_lockout_safety_check = false;
  std::string description;
  std::vector<Tag> tags;

  static Fields fields() {
    using R = Request;
    static constexpr Field fields[] = {
        field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<R, &R::replica_region>("ReplicaRegion", kRegion, Need::Required),
        field<R, &R::policy>("Policy", kPolicy, Need::Optional,
                             "Default: the account decides, by the policies of its principals"),
        field<R, &R::bypass_policy_lockout_safety_check>("BypassPolicyLockoutSafetyCheck", kBoolean,
                                                         Need::Optional, kBypassLockoutHelp),
        field<R, &R::description>("Description", kDescription),
        field<R, &R::tags>("Tags", kTagList)};
    return fields;
  }
};

struct Response {
  KeyMetadata replica_key_metadata;
  std::string replica_policy;
  std::vector<Tag> replica_tags;

  static Fields fields() {
    using R = Response;
    static constexpr Field fields[] = {
        field<R, &R::replica_key_metadata>("ReplicaKeyMetadata", kKeyMetadata),
        field<R, &R::replica_policy>("ReplicaPolicy", kPolicy),
        field<R, &R::replica_tags>("ReplicaTags", kTagList)};
    return fields;
  }
};

Account& region_of(Call& call, const Key& key, const std::string& region) {
  if (Account* account = call.accounts().find_region(key.account->id, region)) return *account;
  throw Error(
      ErrorCode::Validation,
      "ReplicaRegion " + region + " is not a region of account " + key.account->id + ".",
      "The configuration names its token: it needs a [[token]] of that account and region.");
}

void require_absent(const RelatedKeys& related, const LockedRegions& regions, const Key& key,
                    Account& to) {
  const auto there = to.catalog.key(regions.lock_of(to), key.record->key_id);
  if (!there && related.in_region(to.region) == nullptr) return;
  throw Error(ErrorCode::AlreadyExists,
              "Unable to replicate key " + key.record->key_id + " to region " + to.region +
                  ", as the key already exists there",
              there && is_deleted(*there)
                  ? "It is past its deletion date: `trent purge` destroys what is left of it."
                  : "");
}

// What is the same in all regions is the primary key's, all else the request's.
catalog::KeyRecord replica_of(const RelatedKeys& related, const Key& primary,
                              const Request& request) {
  const catalog::KeyRecord& from = *primary.record;
  catalog::KeyRecord record;
  record.key_id = from.key_id;
  record.created = catalog::now();
  record.description = request.description;
  record.usage = from.usage;
  record.spec = from.spec;
  record.origin = from.origin;
  std::ranges::transform(from.materials, std::back_inserter(record.materials), in_replica);
  record.current = from.current;
  record.staged = from.staged;
  record.multi_region = related.told();
  add_tags(record.tags, request.tags);
  return record;
}

// The record is what makes the key, so it comes after the materials.
void put(const StagedCopies& copies, const catalog::KeyRecord& record) {
  Account& to = copies.account();
  if (!to.catalog.create_key(copies.lock(), record))
    throw Error(ErrorCode::KMSInternal, "There is a record " + record.label() + " already.",
                "Try again.");
  if (copies.name(record)) return;
  // A repair on another host took a material for remains.
  to.catalog.delete_key(copies.lock(), record.key_id,
                        [](const catalog::KeyRecord*) { return true; });
  throw Error(ErrorCode::KMSInternal,
              "Another program removed the new material of key " + record.key_id +
                  " from the token of region " + to.region + ": the key was not replicated.",
              "Try again.");
}

// Another host may have rotated the key since its record was read, without knowing of the replica.
RelatedKeys with_rotations_meanwhile(const LockedRegions& regions, const RelatedKeys& related,
                                     const Key& replica) {
  try {
    RelatedKeys now = regions.keys(*replica.account, replica.record->key_id);
    follow(regions, now, *now.in_region(replica.account->region));
    return now;
  } catch (const Error&) {  // it is there all the same, and follows later
    std::vector<Key> all = related.keys();
    all.push_back(replica);
    return RelatedKeys(std::move(all));
  }
}

Response replicate(Call& call, const Request& request) {
  const Key seen = call.look_at(request.key_id, "kms:ReplicateKey", Call::Accept::KeyIdOnly);
  require_enabled(seen);
  require_multi_region(seen);
  Account& to = region_of(call, seen, request.replica_region);
  check_tags(request.tags);
  call.copies(seen);
  call.permit("kms:CreateKey");
  if (!request.tags.empty()) call.permit("kms:TagResource");

  const LockedRegions regions(call.accounts(), *seen.account);
  const RelatedKeys related = regions.keys(*seen.account, seen.record->key_id);
  const Key& primary = *related.in_region(seen.account->region);
  require_enabled(primary);
  require_primary(related, primary);
  require_absent(related, regions, primary, to);
  auto record = std::make_shared<catalog::KeyRecord>(replica_of(related, primary, request));
  if (request.policy)
    set_policy(call, to, *record, *request.policy, request.bypass_policy_lockout_safety_check);
  hsm::require_data_objects(regions.lock_of(to), to.token);
  StagedCopies copies(regions.lock_of(to), to);
  try {
    for (const catalog::KeyMaterial& material : record->materials) copies.add(primary, material.id);
    put(copies, *record);
  } catch (const Error&) {
    copies.withdraw(record->key_id);
    throw;
  }

  const Key replica{&to, std::move(record)};
  call.made(replica.arn());
  const RelatedKeys now = with_rotations_meanwhile(regions, related, replica);
  Response response{metadata(replica),
                    replica.record->policy ? *replica.record->policy : default_key_policy(to.id),
                    request.tags};
  add_regions(now, replica, response.replica_key_metadata);
  return response;
}

constexpr std::string_view kPermissions[] = {"kms:ReplicateKey", "kms:CreateKey",
                                             "kms:TagResource"};
constexpr ErrorCode kErrors[] = {
    ErrorCode::AlreadyExists,           ErrorCode::Disabled,    ErrorCode::InvalidArn,
    ErrorCode::KMSInvalidState,         ErrorCode::KMSInternal, ErrorCode::LimitExceeded,
    ErrorCode::MalformedPolicyDocument, ErrorCode::NotFound,    ErrorCode::Tag,
    ErrorCode::UnsupportedOperation};

}  // namespace

const Operation& operations::replicate_key() {
  static const Operation stated = operation<&replicate>({"ReplicateKey", kPermissions, kErrors});
  return stated;
}

}  // namespace trent::kms
