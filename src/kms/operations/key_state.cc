// EnableKey, DisableKey (states: KMS Developer Guide, "Key states of AWS KMS keys").
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

namespace {

void set_state(Call& call, const std::string& key_id, std::string_view permission, KeyState state) {
  call.change_key(key_id, permission, [&](catalog::KeyRecord& record, const std::string& arn) {
    if (record.state == KeyState::PendingDeletion) throw pending_deletion(arn);
    record.state = state;
  });
}

model::Nothing enable(Call& call, const EnableKeyRequest& request) {
  set_state(call, request.key_id, "kms:EnableKey", KeyState::Enabled);
  return {};
}

model::Nothing disable(Call& call, const DisableKeyRequest& request) {
  set_state(call, request.key_id, "kms:DisableKey", KeyState::Disabled);
  return {};
}

constexpr std::string_view kEnablePermissions[] = {"kms:EnableKey"};
constexpr ErrorCode kEnableErrors[] = {ErrorCode::NotFound,          ErrorCode::InvalidArn,
                                       ErrorCode::DependencyTimeout, ErrorCode::KMSInternal,
                                       ErrorCode::LimitExceeded,     ErrorCode::KMSInvalidState};
constexpr std::string_view kDisablePermissions[] = {"kms:DisableKey"};
constexpr ErrorCode kDisableErrors[] = {ErrorCode::NotFound, ErrorCode::InvalidArn,
                                        ErrorCode::DependencyTimeout, ErrorCode::KMSInternal,
                                        ErrorCode::KMSInvalidState};

}  // namespace

const model::Operation& operations::enable_key() {
  static const auto operation =
      model::operation<&enable>({"EnableKey", kEnablePermissions, kEnableErrors});
  return operation;
}
const model::Operation& EnableKeyRequest::operation() {
  return operations::enable_key();
}

const model::Operation& operations::disable_key() {
  static const auto operation =
      model::operation<&disable>({"DisableKey", kDisablePermissions, kDisableErrors});
  return operation;
}
const model::Operation& DisableKeyRequest::operation() {
  return operations::disable_key();
}

model::Fields EnableKeyRequest::fields() {
  using R = EnableKeyRequest;
  static constexpr model::Field fields[] = {
      model::field<R, &R::key_id>("KeyId", model::kKeyId, model::Need::Required, kManagedKeyHelp)};
  return fields;
}

model::Fields DisableKeyRequest::fields() {
  using R = DisableKeyRequest;
  static constexpr model::Field fields[] = {
      model::field<R, &R::key_id>("KeyId", model::kKeyId, model::Need::Required, kManagedKeyHelp)};
  return fields;
}

}  // namespace trent::kms
