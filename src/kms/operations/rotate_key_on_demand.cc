// SPDX-License-Identifier: Apache-2.0
// RotateKeyOnDemand.
#include <algorithm>

#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/rotation.h"

namespace trent::kms {

using namespace model;

namespace {

struct Response {
  std::string key_id;

  static Fields fields() {
    static constexpr Field fields[] = {field<Response, &Response::key_id>("KeyId", kKeyId)};
    return fields;
  }
};

struct Request {
  std::string key_id;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Request, &Request::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp)};
    return fields;
  }
};

// Whether an automatic rotation was a moment ago, or comes in a moment.
bool is_near_automatic_rotation(const catalog::KeyRecord& record) {
  const auto now = catalog::now();
  if (record.rotation && record.rotation->next > now &&
      record.rotation->next <= now + kNearAutomaticRotation)
    return true;
  return std::ranges::any_of(record.materials, [&](const catalog::KeyMaterial& material) {
    return material.rotation && material.rotation->type == catalog::RotationType::Automatic &&
           material.rotation->date + kNearAutomaticRotation > now;
  });
}

void require_another_rotation(const catalog::KeyRecord& record, const std::string& arn) {
  const auto done =
      std::ranges::count_if(record.materials, [](const catalog::KeyMaterial& material) {
        return material.rotation && material.rotation->type == catalog::RotationType::OnDemand;
      });
  if (done >= kMaxOnDemandRotations)
    throw Error(ErrorCode::LimitExceeded,
                "The on-demand rotations limit has been reached for the given keyId. No more "
                "on-demand rotations can be performed for this key: " +
                    arn,
                "Rotate it automatically (EnableKeyRotation), or make a new key.");
  if (is_near_automatic_rotation(record))
    throw Error(ErrorCode::Conflict,
                "An automatic rotation of " + arn + " was less than 20 minutes ago, or is next.",
                "Try again in 20 minutes, if you still want to.");
}

Response rotate_on_demand(Call& call, const Request& request) {
  const Call::Named named = call.locate(request.key_id);
  const std::string arn = named.account.key_arn(named.key_id);
  constexpr std::string_view kPermission = "kms:RotateKeyOnDemand";
  const auto allow = [&](const catalog::KeyRecord& record) {
    require_enabled(record, arn);
    require_rotatable(record, arn);
    require_another_rotation(record, arn);
  };
  if (catalog::is_multi_region(named.key_id)) {
    const LockedRegions regions(call.accounts(), named.account);
    const Key key = call.find(regions.lock_of(named.account), named, kPermission);
    if (key.record->origin == catalog::KeyOrigin::External)
      rotate_everywhere_to_imported(regions, key, allow);
    else
      rotate_everywhere(regions, key, catalog::RotationType::OnDemand, allow);
    return {arn};
  }
  const hsm::ChangeLock lock(named.account.token);
  const Key key = call.find(lock, named, kPermission);
  if (key.record->origin == catalog::KeyOrigin::External)
    rotate_to_imported(lock, named.account, named.key_id, allow);
  else
    rotate(lock, named.account, named.key_id, catalog::RotationType::OnDemand, allow);
  return {arn};
}

constexpr std::string_view kPermissions[] = {"kms:RotateKeyOnDemand"};
constexpr ErrorCode kErrors[] = {ErrorCode::NotFound,
                                 ErrorCode::Disabled,
                                 ErrorCode::InvalidArn,
                                 ErrorCode::DependencyTimeout,
                                 ErrorCode::KMSInternal,
                                 ErrorCode::KMSInvalidState,
                                 ErrorCode::UnsupportedOperation,
                                 ErrorCode::LimitExceeded,
                                 ErrorCode::Conflict};

}  // namespace

const Operation& operations::rotate_key_on_demand() {
  static const Operation stated =
      operation<&rotate_on_demand>({"RotateKeyOnDemand", kPermissions, kErrors});
  return stated;
}

}  // namespace trent::kms
