// SPDX-License-Identifier: Apache-2.0
// EnableKey, DisableKey (states: KMS Developer Guide, "Key states of AWS KMS keys").
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

void set_state(Call& call, const std::string& key_id, std::string_view permission, KeyState state) {
  call.change_key(key_id, permission, [&](catalog::KeyRecord& record, const std::string& arn) {
    if (catalog::is_pending_deletion(record.state)) throw pending_deletion(arn);
    if (state_of(record) == KeyState::PendingImport) throw pending_import(arn);
    record.state = state;
  });
}

Nothing enable(Call& call, const EnableKeyRequest& request) {
  set_state(call, request.key_id, "kms:EnableKey", KeyState::Enabled);
  return {};
}

Nothing disable(Call& call, const DisableKeyRequest& request) {
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

const Operation& operations::enable_key() {
  static const Operation stated =
      operation<&enable>({"EnableKey", kEnablePermissions, kEnableErrors});
  return stated;
}
const Operation& EnableKeyRequest::operation() {
  return operations::enable_key();
}

const Operation& operations::disable_key() {
  static const Operation stated =
      operation<&disable>({"DisableKey", kDisablePermissions, kDisableErrors});
  return stated;
}
const Operation& DisableKeyRequest::operation() {
  return operations::disable_key();
}

Fields EnableKeyRequest::fields() {
  using R = EnableKeyRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp)};
  return fields;
}

Fields DisableKeyRequest::fields() {
  using R = DisableKeyRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp)};
  return fields;
}

}  // namespace trent::kms
