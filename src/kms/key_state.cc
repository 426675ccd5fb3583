// EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion (states: KMS Developer Guide, "Key
// states of AWS KMS keys").
#include "base/error.h"
#include "kms/implementation.h"
#include "kms/validation.h"

namespace trent::kms {

namespace {

Error pending_deletion(const Key& key) {
  return Error(ErrorCode::KMSInvalidState, key.arn() + " is pending deletion.",
               "`trent cancel-key-deletion` keeps the key.");
}

Error gone(const Key& key) {
  return Error(ErrorCode::NotFound, "Key '" + key.arn() + "' does not exist");
}

// Finds the key and changes its record. `change` is given the record as it is at that moment.
template <class Change>
Key change_key(Service::Implementation& kms, const std::string& key_id, Change change) {
  Validation().key_id("keyId", key_id).check();
  Key key = kms.resolve(key_id, Service::Implementation::Accept::KeyIdOnly);
  const hsm::ChangeLock lock(key.account->token);
  bool found = key.account->catalog.change_key(
      lock, key.record->key_id, [&](catalog::KeyRecord& record) { change(key, record); });
  if (!found) throw gone(key);
  return key;
}

void set_enabled(Service::Implementation& kms, const std::string& key_id, const char* state) {
  change_key(kms, key_id, [&](const Key& key, catalog::KeyRecord& record) {
    if (record.state == "PendingDeletion") throw pending_deletion(key);
    record.state = state;
  });
}

}  // namespace

void Service::enable_key(const EnableKeyRequest& request) {
  hsm::ForkGuard fork;
  set_enabled(*implementation_, request.key_id, "Enabled");
}

void Service::disable_key(const DisableKeyRequest& request) {
  hsm::ForkGuard fork;
  set_enabled(*implementation_, request.key_id, "Disabled");
}

ScheduleKeyDeletionResponse Service::schedule_key_deletion(
    const ScheduleKeyDeletionRequest& request) {
  hsm::ForkGuard fork;
  Validation().range("pendingWindowInDays", request.pending_window_in_days, 7, 30).check();
  ScheduleKeyDeletionResponse response;
  response.pending_window_in_days = request.pending_window_in_days.value_or(30);
  response.deletion_date =
      catalog::now() + std::chrono::hours(24) * response.pending_window_in_days;
  response.key_state = "PendingDeletion";
  Key key = change_key(*implementation_, request.key_id,
                       [&](const Key& found, catalog::KeyRecord& record) {
                         if (record.state == "PendingDeletion") throw pending_deletion(found);
                         record.state = "PendingDeletion";
                         record.deletion = response.deletion_date;
                       });
  response.key_id = key.arn();
  return response;
}

CancelKeyDeletionResponse Service::cancel_key_deletion(const CancelKeyDeletionRequest& request) {
  hsm::ForkGuard fork;
  Key key = change_key(
      *implementation_, request.key_id, [](const Key& found, catalog::KeyRecord& record) {
        if (record.state != "PendingDeletion")
          throw Error(ErrorCode::KMSInvalidState,
                      found.arn() + " is not pending deletion (or pending replica deletion).");
        if (is_deleted(record)) throw gone(found);
        record.state = "Disabled";  // KMS: enable it afterwards
        record.deletion.reset();
      });
  return {key.arn()};
}

}  // namespace trent::kms
