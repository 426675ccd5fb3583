// SPDX-License-Identifier: Apache-2.0
// EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus: automatic rotation, which
// `trent rotate-due` carries out.
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/multi_region.h"
#include "kms/operations/operations.h"
#include "kms/rotation.h"

namespace trent::kms {

using namespace model;

namespace {

constexpr std::int64_t kUsualPeriod = 365;

struct EnableRequest {
  std::string key_id;
  std::optional<std::int64_t> rotation_period_in_days;

  static Fields fields() {
    using R = EnableRequest;
    static constexpr Field fields[] = {
        field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<R, &R::rotation_period_in_days>("RotationPeriodInDays", kRotationPeriodInDays)};
    return fields;
  }
};

struct DisableRequest {
  std::string key_id;

  static Fields fields() {
    using R = DisableRequest;
    static constexpr Field fields[] = {
        field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp)};
    return fields;
  }
};

struct StatusResponse {
  bool key_rotation_enabled = false;
  std::string key_id;
  std::optional<std::int64_t> rotation_period_in_days;
  std::optional<Timestamp> next_rotation_date;

  static Fields fields() {
    using R = StatusResponse;
    static constexpr Field fields[] = {
        field<R, &R::key_rotation_enabled>("KeyRotationEnabled", kBoolean),
        field<R, &R::key_id>("KeyId", kKeyId),
        field<R, &R::rotation_period_in_days>("RotationPeriodInDays", kRotationPeriodInDays),
        field<R, &R::next_rotation_date>("NextRotationDate", kDate)};
    return fields;
  }
};

struct StatusRequest {
  std::string key_id;

  static Fields fields() {
    using R = StatusRequest;
    static constexpr Field fields[] = {
        field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp)};
    return fields;
  }
};

// Imported material is rotated on demand only, for somebody has to bring the new one.
Error imported(const std::string& arn) {
  return Error(ErrorCode::UnsupportedOperation,
               arn + " origin is EXTERNAL which is not valid for this operation.",
               "Import the next key material (ImportKeyMaterial), then use RotateKeyOnDemand.");
}

void require_automatic(const catalog::KeyRecord& record, const std::string& arn) {
  if (record.origin == catalog::KeyOrigin::External) throw imported(arn);
  require_enabled(record, arn);
  require_rotatable(record, arn);
}

// The primary key has the schedule.
void require_own_schedule(Call& call, const std::string& key_id, std::string_view permission) {
  if (!catalog::is_multi_region(call.locate(key_id).key_id)) return;
  const Key key = call.look_at(key_id, permission, Call::Accept::KeyIdOnly);
  require_automatic(*key.record, key.arn());
  require_primary(related_keys(call.accounts(), key), key);
}

Nothing enable(Call& call, const EnableRequest& request) {
  require_own_schedule(call, request.key_id, "kms:EnableKeyRotation");
  call.change_key(
      request.key_id, "kms:EnableKeyRotation",
      [&](catalog::KeyRecord& record, const std::string& arn) {
        require_automatic(record, arn);
        const std::int64_t days = request.rotation_period_in_days.value_or(kUsualPeriod);
        // Counted from where the present period began.
        const auto from =
            record.rotation ? record.rotation->next - record.rotation->period() : catalog::now();
        record.rotation = {days, {}};
        record.rotation->next = from + record.rotation->period();
      });
  return {};
}

Nothing disable(Call& call, const DisableRequest& request) {
  require_own_schedule(call, request.key_id, "kms:DisableKeyRotation");
  call.change_key(request.key_id, "kms:DisableKeyRotation",
                  [&](catalog::KeyRecord& record, const std::string& arn) {
                    require_automatic(record, arn);
                    record.rotation.reset();
                  });
  return {};
}

// A replica's is that of its primary key, if that can be asked.
std::optional<catalog::RotationSchedule> schedule_of(Call& call, const Key& key) {
  if (!is_multi_region(key)) return key.record->rotation;
  const RelatedKeys related = related_keys(call.accounts(), key);
  const Key* primary = related.in_region(related.primary_region());
  return primary == nullptr ? std::nullopt : primary->record->rotation;
}

StatusResponse status(Call& call, const StatusRequest& request) {
  const Key key = call.look_at(request.key_id, "kms:GetKeyRotationStatus", Call::Accept::KeyIdOnly);
  const catalog::KeyRecord& record = *key.record;
  require_rotatable(record, key.arn());
  if (state_of(record) == KeyState::PendingImport) throw imported(key.arn());
  StatusResponse response;
  response.key_id = record.key_id;
  // Of a key that waits for its deletion KMS says that it is not rotated, until that is cancelled.
  const auto rotation = schedule_of(call, key);
  if (!rotation || catalog::is_pending_deletion(record.state)) return response;
  response.key_rotation_enabled = true;
  response.rotation_period_in_days = rotation->period_days;
  response.next_rotation_date = rotation->next;
  return response;
}

constexpr std::string_view kEnablePermissions[] = {"kms:EnableKeyRotation"};
constexpr std::string_view kDisablePermissions[] = {"kms:DisableKeyRotation"};
constexpr std::string_view kStatusPermissions[] = {"kms:GetKeyRotationStatus"};
constexpr ErrorCode kChangeErrors[] = {ErrorCode::NotFound,
                                       ErrorCode::Disabled,
                                       ErrorCode::InvalidArn,
                                       ErrorCode::DependencyTimeout,
                                       ErrorCode::KMSInternal,
                                       ErrorCode::KMSInvalidState,
                                       ErrorCode::UnsupportedOperation};
constexpr ErrorCode kStatusErrors[] = {
    ErrorCode::NotFound,    ErrorCode::InvalidArn,      ErrorCode::DependencyTimeout,
    ErrorCode::KMSInternal, ErrorCode::KMSInvalidState, ErrorCode::UnsupportedOperation};

}  // namespace

const Operation& operations::enable_key_rotation() {
  static const Operation stated =
      operation<&enable>({"EnableKeyRotation", kEnablePermissions, kChangeErrors});
  return stated;
}

const Operation& operations::disable_key_rotation() {
  static const Operation stated =
      operation<&disable>({"DisableKeyRotation", kDisablePermissions, kChangeErrors});
  return stated;
}

const Operation& operations::get_key_rotation_status() {
  static const Operation stated = operation<&status>(
      {"GetKeyRotationStatus", kStatusPermissions, kStatusErrors, true, {}, kAcrossAccounts});
  return stated;
}

}  // namespace trent::kms
