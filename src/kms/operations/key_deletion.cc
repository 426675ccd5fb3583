// ScheduleKeyDeletion, CancelKeyDeletion.
#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

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

const model::Operation& operations::schedule_key_deletion() {
  static const auto operation =
      model::operation<&schedule>({"ScheduleKeyDeletion", kSchedulePermissions, kErrors});
  return operation;
}
const model::Operation& ScheduleKeyDeletionRequest::operation() {
  return operations::schedule_key_deletion();
}

const model::Operation& operations::cancel_key_deletion() {
  static const auto operation =
      model::operation<&cancel>({"CancelKeyDeletion", kCancelPermissions, kErrors});
  return operation;
}
const model::Operation& CancelKeyDeletionRequest::operation() {
  return operations::cancel_key_deletion();
}

model::Fields ScheduleKeyDeletionRequest::fields() {
  using R = ScheduleKeyDeletionRequest;
  static constexpr model::Field fields[] = {
      model::field<R, &R::key_id>("KeyId", model::kKeyId, model::Need::Required, kManagedKeyHelp),
      model::field<R, &R::pending_window_in_days>("PendingWindowInDays",
                                                  model::kPendingWindowInDays)};
  return fields;
}

model::Fields ScheduleKeyDeletionResponse::fields() {
  using R = ScheduleKeyDeletionResponse;
  static constexpr model::Field fields[] = {
      model::field<R, &R::key_id>("KeyId", model::kKeyId),
      model::field<R, &R::deletion_date>("DeletionDate", model::kDate),
      model::field<R, &R::key_state>("KeyState", model::kKeyState),
      model::field<R, &R::pending_window_in_days>("PendingWindowInDays",
                                                  model::kPendingWindowInDays)};
  return fields;
}

model::Fields CancelKeyDeletionRequest::fields() {
  using R = CancelKeyDeletionRequest;
  static constexpr model::Field fields[] = {
      model::field<R, &R::key_id>("KeyId", model::kKeyId, model::Need::Required, kManagedKeyHelp)};
  return fields;
}

model::Fields CancelKeyDeletionResponse::fields() {
  using R = CancelKeyDeletionResponse;
  static constexpr model::Field fields[] = {model::field<R, &R::key_id>("KeyId", model::kKeyId)};
  return fields;
}

}  // namespace trent::kms
