// EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion (states: KMS Developer Guide, "Key
// states of AWS KMS keys").
#include "base/error.h"
#include "hsm/change_lock.h"
#include "kms/implementation.h"
#include "kms/validation.h"

namespace trent::kms {

namespace {

Error pending_deletion(const std::string& arn) {
  return Error(ErrorCode::KMSInvalidState, arn + " is pending deletion.",
               "`trent cancel-key-deletion` keeps the key.");
}

// Changes the record of the key, whose ARN it returns. `change` is given the ARN, and the record as
// it is at that moment.
template <class Change>
std::string change_key(Service::Implementation& kms, const std::string& key_id, Change change) {
  Validation().key_id("keyId", key_id).check();
  auto named = kms.locate(key_id);
  std::string arn = named.account.key_arn(named.key_id);
  const hsm::ChangeLock lock(named.account.token);
  bool found =
      named.account.catalog.change_key(lock, named.key_id, [&](catalog::KeyRecord& record) {
        if (is_deleted(record)) throw no_such_key(named.account, named.key_id);
        change(arn, record);
      });
  if (!found) throw no_such_key(named.account, named.key_id);
  kms.log_request(arn);
  return arn;
}

void set_enabled(Service::Implementation& kms, const std::string& key_id, const char* state) {
  change_key(kms, key_id, [&](const std::string& arn, catalog::KeyRecord& record) {
    if (record.state == "PendingDeletion") throw pending_deletion(arn);
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
  response.key_id = change_key(*implementation_, request.key_id,
                               [&](const std::string& arn, catalog::KeyRecord& record) {
                                 if (record.state == "PendingDeletion") throw pending_deletion(arn);
                                 record.state = "PendingDeletion";
                                 record.deletion = response.deletion_date;
                               });
  return response;
}

CancelKeyDeletionResponse Service::cancel_key_deletion(const CancelKeyDeletionRequest& request) {
  hsm::ForkGuard fork;
  return {change_key(
      *implementation_, request.key_id, [](const std::string& arn, catalog::KeyRecord& record) {
        if (record.state != "PendingDeletion")
          throw Error(ErrorCode::KMSInvalidState,
                      arn + " is not pending deletion (or pending replica deletion).");
        record.state = "Disabled";  // KMS: enable it afterwards
        record.deletion.reset();
      })};
}

}  // namespace trent::kms
