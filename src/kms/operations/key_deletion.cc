// SPDX-License-Identifier: Apache-2.0
// ScheduleKeyDeletion, CancelKeyDeletion.
#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/multi_region.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

constexpr std::string_view kSchedule = "kms:ScheduleKeyDeletion";

// As far as its own record tells, which never denies that it is.
bool says_primary(const Account& account, const catalog::KeyRecord& record) {
  return record.multi_region && record.multi_region->primary_region == account.region;
}
bool says_primary(const Key& key) {
  return says_primary(*key.account, *key.record);
}

// Nobody can make another replica meanwhile.
bool has_replicas(const LockedRegions& regions, const Call::Named& named) {
  const RelatedKeys related = regions.keys(named.account, named.key_id);
  return related.is_primary(*related.in_region(named.account.region)) &&
         !related.replicas().empty();
}

ScheduleKeyDeletionResponse schedule(Call& call, const ScheduleKeyDeletionRequest& request) {
  ScheduleKeyDeletionResponse response;
  response.pending_window_in_days = request.pending_window_in_days.value_or(30);
  response.deletion_date =
      catalog::now() + std::chrono::hours(24) * response.pending_window_in_days;
  const Call::Named named = call.locate(request.key_id);
  const bool is_primary =
      catalog::is_multi_region(named.key_id) &&
      says_primary(call.look_at(request.key_id, kSchedule, Call::Accept::KeyIdOnly));
  KeyState state = KeyState::PendingDeletion;
  const auto change = [&](catalog::KeyRecord& record, const std::string& arn) {
    if (catalog::is_pending_deletion(record.state)) throw pending_deletion(arn);
    if (!is_primary && says_primary(named.account, record))
      throw Error(ErrorCode::KMSInternal, arn + " has become the primary key meanwhile.",
                  "Try again.");
    record.state = state;
    record.deletion = response.deletion_date;
    if (state == KeyState::PendingReplicaDeletion)
      record.deletion_window = response.pending_window_in_days;
  };
  if (is_primary) {
    const LockedRegions regions(call.accounts(), named.account);
    if (has_replicas(regions, named)) {
      // KMS lets it wait until they are gone: then its own waiting period begins.
      state = KeyState::PendingReplicaDeletion;
      response.deletion_date.reset();
    }
    response.key_id = call.change_key(regions.lock_of(named.account), named, kSchedule, change);
  } else {
    response.key_id = call.change_key(request.key_id, kSchedule, change);
  }
  response.key_state = wire_name(state);
  return response;
}

CancelKeyDeletionResponse cancel(Call& call, const CancelKeyDeletionRequest& request) {
  return {call.change_key(request.key_id, "kms:CancelKeyDeletion",
                          [](catalog::KeyRecord& record, const std::string& arn) {
                            if (!catalog::is_pending_deletion(record.state))
                              throw Error(
                                  ErrorCode::KMSInvalidState,
                                  arn + " is not pending deletion (or pending replica deletion).");
                            record.state = KeyState::Disabled;  // KMS: enable it afterwards
                            record.deletion.reset();
                            record.deletion_window.reset();
                          })};
}

constexpr std::string_view kSchedulePermissions[] = {"kms:ScheduleKeyDeletion"};
constexpr std::string_view kCancelPermissions[] = {"kms:CancelKeyDeletion"};
constexpr ErrorCode kErrors[] = {ErrorCode::NotFound, ErrorCode::InvalidArn,
                                 ErrorCode::DependencyTimeout, ErrorCode::KMSInternal,
                                 ErrorCode::KMSInvalidState};

}  // namespace

const Operation& operations::schedule_key_deletion() {
  static const Operation stated =
      operation<&schedule>({"ScheduleKeyDeletion", kSchedulePermissions, kErrors});
  return stated;
}
const Operation& ScheduleKeyDeletionRequest::operation() {
  return operations::schedule_key_deletion();
}

const Operation& operations::cancel_key_deletion() {
  static const Operation stated =
      operation<&cancel>({"CancelKeyDeletion", kCancelPermissions, kErrors});
  return stated;
}
const Operation& CancelKeyDeletionRequest::operation() {
  return operations::cancel_key_deletion();
}

Fields ScheduleKeyDeletionRequest::fields() {
  using R = ScheduleKeyDeletionRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
      field<R, &R::pending_window_in_days>("PendingWindowInDays", kPendingWindowInDays)};
  return fields;
}

Fields ScheduleKeyDeletionResponse::fields() {
  using R = ScheduleKeyDeletionResponse;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId), field<R, &R::deletion_date>("DeletionDate", kDate),
      field<R, &R::key_state>("KeyState", kKeyState),
      field<R, &R::pending_window_in_days>("PendingWindowInDays", kPendingWindowInDays)};
  return fields;
}

Fields CancelKeyDeletionRequest::fields() {
  using R = CancelKeyDeletionRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp)};
  return fields;
}

Fields CancelKeyDeletionResponse::fields() {
  using R = CancelKeyDeletionResponse;
  static constexpr Field fields[] = {field<R, &R::key_id>("KeyId", kKeyId)};
  return fields;
}

}  // namespace trent::kms
