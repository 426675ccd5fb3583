// SPDX-License-Identifier: Apache-2.0
// EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion, and what a key's state forbids:
// the table in docs/kms-behaviour.md.
#include <functional>

#include "kms/object_requests.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using namespace std::chrono_literals;

Service& service() {
  static Service kms(load_config());
  return kms;
}

kms::KeyMetadata describe(const std::string& id) {
  return service().describe_key({id, {}}).key_metadata;
}

enum class State { Enabled, Disabled, PendingDeletion };

void bring_to(const std::string& key, State state) {
  if (state == State::Disabled) service().disable_key({key});
  if (state == State::PendingDeletion) service().schedule_key_deletion({key, {}});
}

std::string key_in(State state) {
  std::string key = create_key(service());
  bring_to(key, state);
  return key;
}

// The deletion that was scheduled for this key is over.
void let_the_window_pass(const std::string& key) {
  service().schedule_key_deletion({key, {}});
  auto& account = service().home();
  account.catalog.change_key(hsm::ChangeLock(account.token), key, [](catalog::KeyRecord& record) {
    record.deletion = std::chrono::system_clock::now() - 1ms;
  });
}

std::string pending(const std::string& key) {
  return key_arn(key) + " is pending deletion.";
}
std::string disabled(const std::string& key) {
  return key_arn(key) + " is disabled.";
}

void disable_and_enable() {
  std::string key = create_key(service());
  service().disable_key({key});
  CHECK_EQ(describe(key).key_state, "Disabled");
  CHECK(!describe(key).enabled);
  service().disable_key({key});  // again: no error
  CHECK_EQ(describe(key).key_state, "Disabled");
  service().enable_key({key});
  CHECK_EQ(describe(key).key_state, "Enabled");
  CHECK(describe(key).enabled);
  service().enable_key({key_arn(key)});
  CHECK_EQ(describe(key).key_state, "Enabled");
}

void schedule_and_cancel() {
  std::string key = create_key(service());
  auto before = std::chrono::system_clock::now();
  auto response = service().schedule_key_deletion({key, 7});
  CHECK_EQ(response.key_id, key_arn(key));
  CHECK_EQ(response.key_state, "PendingDeletion");
  CHECK_EQ(response.pending_window_in_days, 7);
  CHECK(response.deletion_date >= before + 7 * 24h - 1ms);
  CHECK(response.deletion_date <= std::chrono::system_clock::now() + 7 * 24h);
  auto seen = describe(key);
  CHECK_EQ(seen.key_state, "PendingDeletion");
  CHECK(!seen.enabled);
  CHECK(seen.deletion_date == response.deletion_date);

  CHECK_EQ(service().cancel_key_deletion({key}).key_id, key_arn(key));
  CHECK_EQ(describe(key).key_state, "Disabled");  // not Enabled
  CHECK(!describe(key).deletion_date);
  CHECK_WORDS(Disabled, disabled(key), encrypt(service(), key, secret("x")));
}

void window_is_30_days_unless_given() {
  auto response = service().schedule_key_deletion({create_key(service()), {}});
  CHECK_EQ(response.pending_window_in_days, 30);
  CHECK(response.deletion_date > std::chrono::system_clock::now() + 29 * 24h);
  service().schedule_key_deletion({create_key(service()), 30});
  std::string key = create_key(service());
  CHECK_WORDS(Validation,
              "1 validation error detected: Value '6' at 'pendingWindowInDays' failed to satisfy "
              "constraint: Member must have value greater than or equal to 7",
              service().schedule_key_deletion({key, 6}));
  CHECK_WORDS(Validation,
              "1 validation error detected: Value '31' at 'pendingWindowInDays' failed to satisfy "
              "constraint: Member must have value less than or equal to 30",
              service().schedule_key_deletion({key, 31}));
  CHECK_EQ(describe(key).key_state, "Enabled");
}

void disabled_key_can_be_scheduled_and_cancelled() {
  std::string key = key_in(State::Disabled);
  service().schedule_key_deletion({key, {}});
  service().cancel_key_deletion({key});
  CHECK_EQ(describe(key).key_state, "Disabled");
}

void pending_deletion_forbids_changes() {
  std::string key = key_in(State::PendingDeletion);
  auto date = describe(key).deletion_date;
  CHECK_WORDS(KMSInvalidState, pending(key), service().enable_key({key}));
  CHECK_WORDS(KMSInvalidState, pending(key), service().disable_key({key}));
  CHECK_WORDS(KMSInvalidState, pending(key), service().schedule_key_deletion({key, 7}));
  CHECK_EQ(describe(key).key_state, "PendingDeletion");
  CHECK(describe(key).deletion_date == date);
}

void only_a_pending_deletion_can_be_cancelled() {
  for (State state : {State::Enabled, State::Disabled}) {
    std::string key = key_in(state);
    CHECK_WORDS(KMSInvalidState,
                key_arn(key) + " is not pending deletion (or pending replica deletion).",
                service().cancel_key_deletion({key}));
  }
}

struct Use {
  const char* name;
  std::function<void(const std::string& key, const Bytes& blob)> call;  // blob: of the key
};

// Each cryptographic operation; ReEncrypt with the key on either side.
const std::vector<Use>& uses() {
  static const std::string other = create_key(service());
  static const Bytes other_blob = encrypt(service(), other, secret("other"));
  static const auto data_key_request = [](const std::string& key) {
    kms::GenerateDataKeyRequest request;
    request.key_id = key;
    request.number_of_bytes = 24;
    return request;
  };
  static const std::vector<Use> all = {
      {"Encrypt",
       [](const std::string& key, const Bytes&) { encrypt(service(), key, secret("x")); }},
      {"Decrypt", [](const std::string&, const Bytes& blob) { decrypt(service(), blob); }},
      {"Decrypt with KeyId",
       [](const std::string& key, const Bytes& blob) { decrypt(service(), blob, {}, key); }},
      {"ReEncrypt from",
       [](const std::string&, const Bytes& blob) { service().re_encrypt(move_to(other, blob)); }},
      {"ReEncrypt to", [](const std::string& key,
                          const Bytes&) { service().re_encrypt(move_to(key, other_blob)); }},
      {"ReEncrypt on the same key",
       [](const std::string& key, const Bytes& blob) { service().re_encrypt(move_to(key, blob)); }},
      {"GenerateDataKey", [](const std::string& key,
                             const Bytes&) { service().generate_data_key(data_key_request(key)); }},
      {"GenerateDataKeyWithoutPlaintext",
       [](const std::string& key, const Bytes&) {
         service().generate_data_key_without_plaintext(data_key_request(key));
       }},
      {"Encrypt, DryRun",
       [](const std::string& key, const Bytes&) {
         kms::EncryptRequest request;
         request.key_id = key;
         request.plaintext = secret("x");
         request.dry_run = true;
         try {
           service().encrypt(request);
         } catch (const Error& error) {
           if (error.code() != ErrorCode::DryRunOperation) throw;
         }
       }},
  };
  return all;
}

void state_forbids_use(State state, ErrorCode code,
                       const std::function<std::string(std::string)>& words) {
  std::string key = create_key(service());
  service().create_alias({"alias/" + key, key});
  Bytes blob = encrypt(service(), key, secret("text"));
  bring_to(key, state);
  for (const std::string& name : {key, key_arn(key), "alias/" + key})
    for (const Use& use : uses()) {
      Error error = ERROR_OF(use.call(name, blob));
      CHECK_EQ(std::string(use.name) + ": " + error_name(error.code()) + " " + error.message(),
               std::string(use.name) + ": " + error_name(code) + " " + words(key));
    }
}

void enabled_key_can_be_used() {
  std::string key = create_key(service());
  Bytes blob = encrypt(service(), key, secret("text"));
  for (const Use& use : uses()) use.call(key, blob);
}

void disabled_key_cannot_be_used() {
  state_forbids_use(State::Disabled, ErrorCode::Disabled, disabled);
}

void key_pending_deletion_cannot_be_used() {
  state_forbids_use(State::PendingDeletion, ErrorCode::KMSInvalidState, pending);
}

void enabled_again_it_reads_its_old_blobs() {
  std::string key = create_key(service());
  Bytes blob = encrypt(service(), key, secret("text"));
  service().disable_key({key});
  service().enable_key({key});
  CHECK(decrypt(service(), blob) == "text");
  service().schedule_key_deletion({key, {}});
  service().cancel_key_deletion({key});
  service().enable_key({key});
  CHECK(decrypt(service(), blob) == "text");
}

void re_encrypt_names_the_side_that_fails() {
  std::string source = create_key(service());
  Bytes blob = encrypt(service(), source, secret("text"));
  std::string destination = key_in(State::PendingDeletion);
  CHECK_WORDS(KMSInvalidState, pending(destination),
              service().re_encrypt(move_to(destination, blob)));
  service().disable_key({source});
  // Both fail: the source is looked at first.
  CHECK_WORDS(Disabled, disabled(source), service().re_encrypt(move_to(destination, blob)));
  CHECK_WORDS(Disabled, disabled(source), service().re_encrypt(move_to("alias/none", blob)));
}

void every_state_can_be_described() {
  for (State state : {State::Enabled, State::Disabled, State::PendingDeletion})
    CHECK_EQ(describe(key_in(state)).key_manager, "CUSTOMER");
}

void key_is_gone_when_its_window_is_over() {
  std::string key = create_key(service());
  service().create_alias({"alias/of-gone", key});
  Bytes blob = encrypt(service(), key, secret("text"));
  let_the_window_pass(key);
  const std::string words = "Key '" + key_arn(key) + "' does not exist";
  CHECK_WORDS(NotFound, words, describe(key));
  CHECK_WORDS(NotFound, words, encrypt(service(), key, secret("x")));
  CHECK_WORDS(NotFound, words, decrypt(service(), blob, {}, key));
  CHECK_WORDS(NotFound, words, service().enable_key({key}));
  CHECK_WORDS(NotFound, words, service().disable_key({key}));
  CHECK_WORDS(NotFound, words, service().schedule_key_deletion({key, {}}));
  CHECK_WORDS(NotFound, words, service().cancel_key_deletion({key}));
  CHECK_WORDS(NotFound, words, service().create_alias({"alias/to-gone", key}));
  CHECK_WORDS(NotFound, "Alias " + alias_arn("alias/of-gone") + " is not found.",
              describe("alias/of-gone"));
  CHECK_WORDS(
      AccessDenied,
      "User: arn:aws:iam::111122223333:root is not authorized to perform: kms:Decrypt on the "
      "resource "
      "associated with this ciphertext because the resource does not exist in this Region, no "
      "resource-based policies allow access, or a resource-based policy explicitly denies access",
      decrypt(service(), blob));
  for (const auto& entry : service().list_keys({1000, {}}).keys) CHECK(entry.key_id != key);
  for (const auto& entry : service().list_aliases({{}, 100, {}}).aliases)
    CHECK(entry.alias_name != "alias/of-gone");
  for (const auto& each : service().call(kms::ListEverythingRequest{}).keys)
    CHECK(each.metadata.key_id != key);
  // Its name is free.
  std::string next = create_key(service());
  service().create_alias({"alias/of-gone", next});
  CHECK_EQ(describe("alias/of-gone").key_id, next);
  CHECK_WORDS(AlreadyExists,
              "An alias with the name " + alias_arn("alias/of-gone") + " already exists",
              service().create_alias({"alias/of-gone", create_key(service())}));
  service().delete_alias({"alias/of-gone"});
}

void window_may_end_between_look_up_and_cancel() {
  std::string key = create_key(service());
  let_the_window_pass(key);
  Config config = load_config();
  config.refresh = 1h;
  Service slow(config);
  // Its memory is of the time before: undo the past date, look, and set it again.
  auto& account = service().home();
  account.catalog.change_key(hsm::ChangeLock(account.token), key, [](catalog::KeyRecord& record) {
    record.deletion = std::chrono::system_clock::now() + 1h;
  });
  CHECK_EQ(slow.describe_key({key, {}}).key_metadata.key_state, "PendingDeletion");
  account.catalog.change_key(hsm::ChangeLock(account.token), key, [](catalog::KeyRecord& record) {
    record.deletion = std::chrono::system_clock::now() - 1ms;
  });
  CHECK_WORDS(NotFound, "Key '" + key_arn(key) + "' does not exist",
              slow.cancel_key_deletion({key}));
}

}  // namespace

int main() {
  SoftHsm hsm;
  return RUN_TESTS(
      "key states", TEST(disable_and_enable), TEST(schedule_and_cancel),
      TEST(window_is_30_days_unless_given), TEST(disabled_key_can_be_scheduled_and_cancelled),
      TEST(pending_deletion_forbids_changes), TEST(only_a_pending_deletion_can_be_cancelled),
      TEST(enabled_key_can_be_used), TEST(disabled_key_cannot_be_used),
      TEST(key_pending_deletion_cannot_be_used), TEST(enabled_again_it_reads_its_old_blobs),
      TEST(re_encrypt_names_the_side_that_fails), TEST(every_state_can_be_described),
      TEST(key_is_gone_when_its_window_is_over), TEST(window_may_end_between_look_up_and_cancel));
}
