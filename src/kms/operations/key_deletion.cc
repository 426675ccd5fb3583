// SPDX-License-Identifier: Apache-2.0
// ScheduleKeyDeletion, CancelKeyDeletion.
#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

ScheduleKeyDeletionResponse schedule(Call& call, const ScheduleKeyDeletionRequest& request) {
  ScheduleKeyDeletionResponse response;
  response.pending_window_in_days = request.pending_window_in_days.value_or(30);
  response.deletion_date =
      catalog::now() + std::chrono::hours(24) * response.pending_window_in_days;
  response.key_state = wire_name(KeyState::PendingDeletion);
  response.key_id = call.change_key(request.key_id, "kms:ScheduleKeyDeletion",
                                    [&](catalog::KeyRecord& record, const std::string& arn) {
                                      if (record.state == KeyState::PendingDeletion)
                                        throw pending_deletion(arn);
                                      record.state = KeyState::PendingDeletion;
                                      record.deletion = response.deletion_date;
                                    });
  return response;
}

CancelKeyDeletionResponse cancel(Call& call, const CancelKeyDeletionRequest& request) {
  return {call.change_key(request.key_id, "kms:CancelKeyDeletion",
                          [](catalog::KeyRecord& record, const std::string& arn) {
                            if (record.state != KeyState::PendingDeletion)
                              throw Error(
                                  ErrorCode::KMSInvalidState,
                                  arn + " is not pending deletion (or pending replica deletion).");
                            record.state = KeyState::Disabled;  // KMS: enable it afterwards
                            record.deletion.reset();
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
