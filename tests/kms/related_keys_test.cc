// SPDX-License-Identifier: Apache-2.0
// What the related keys of a multi-Region key do together: rotation, deletion, and the repair of
// what was interrupted.
#include <algorithm>

#include "hsm/change_lock.h"
#include "kms/check.h"
#include "kms/purge.h"
#include "kms/rotation.h"
#include "multi_region.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

std::string replicated() {
  std::string key = create_multi_region(at_home());
  replicate(at_home(), key);
  return key;
}

std::string current(Service& service, const std::string& key) {
  return describe(service, key)["CurrentKeyMaterialId"].get<std::string>();
}

void rotate(Service& service, const std::string& key) {
  request(service, "RotateKeyOnDemand", {{"KeyId", key}});
}

// What is encrypted in one region now opens in the other.
void each_opens_what_the_other_makes(const std::string& key) {
  CHECK_EQ(decrypt(away(), encrypt(at_home(), key, "from home"), {}, key), "from home");
  CHECK_EQ(decrypt(at_home(), encrypt(away(), key, "from away"), {}, key), "from away");
}

void change(Service& service, const std::string& key,
            const std::function<void(catalog::KeyRecord& record)>& how) {
  kms::Account& account = service.home();
  const hsm::ChangeLock lock(account.token);
  lock.look();
  CHECK(account.catalog.change_key(lock, key, how));
}

std::string problems(Service& service, bool repair = false) {
  kms::CheckOptions options;
  options.repair = repair;
  std::string text;
  for (const kms::TokenReport& report : kms::check(service, options))
    for (const std::string& problem : report.problems) text += problem + "\n";
  return text;
}

void a_rotation_is_one_of_all_regions() {
  const std::string key = replicated();
  const Bytes old = encrypt(away(), key, "old");
  const std::string before = current(at_home(), key);
  rotate(at_home(), key);
  CHECK(current(at_home(), key) != before);
  CHECK_EQ(current(away(), key), current(at_home(), key));
  each_opens_what_the_other_makes(key);
  CHECK_EQ(decrypt(at_home(), old), "old");
  const Json list = {{"KeyId", key}, {"IncludeKeyMaterial", "ALL_KEY_MATERIAL"}};
  CHECK(request(at_home(), "ListKeyRotations", list) == request(away(), "ListKeyRotations", list));
  // One that comes later gets all of it.
  const std::string later = create_multi_region(at_home());
  const Bytes oldest = encrypt(at_home(), later, "oldest");
  rotate(at_home(), later);
  replicate(at_home(), later);
  CHECK_EQ(decrypt(away(), oldest), "oldest");
  each_opens_what_the_other_makes(later);
}

void a_replica_is_not_rotated_by_itself() {
  const std::string key = replicated();
  const std::string words = arn_in(kAway, key) + " is not a multi-region primary key.";
  CHECK_WORDS(UnsupportedOperation, words, rotate(away(), key));
  CHECK_WORDS(UnsupportedOperation, words, request(away(), "EnableKeyRotation", {{"KeyId", key}}));
  CHECK_WORDS(UnsupportedOperation, words, request(away(), "DisableKeyRotation", {{"KeyId", key}}));
}

// Of every call into the tokens. No region ever makes what the other cannot open.
void a_rotation_that_fails_changes_nothing() {
  std::string key = replicated();
  rotate(at_home(), key);  // both are connected and known
  unsigned long failed = 0;
  for (unsigned long nth = 1;; ++nth) {
    const std::string before = current(at_home(), key);
    fault_module().arm({.nth = nth, .rv = CKR_FUNCTION_FAILED});
    bool done = true;
    try {
      rotate(at_home(), key);
    } catch (const Error&) {
      done = false;
      ++failed;
    }
    const bool fired = fault_module().fired();
    fault_module().disarm();
    CHECK_EQ(current(at_home(), key) == before, !done);
    each_opens_what_the_other_makes(key);
    if (!fired) break;
    // It went through without what failed: the next time it is to fail.
    if (done) key = replicated();
  }
  CHECK(failed > 40);
  CHECK_EQ(problems(at_home(), true), "");
}

// A region that cannot be reached would miss the new material. All else goes on without it.
void a_region_that_is_cut_off() {
  Config config = regions_config();
  config.tokens.back().uri = "pkcs11:token=nowhere";
  Service alone(config);
  const std::string key = replicated();
  const std::string before = current(at_home(), key);
  CHECK_ERROR(KeyUnavailable, rotate(alone, key));
  CHECK_ERROR(KeyUnavailable, replicate(alone, create_multi_region(alone)));
  CHECK_ERROR(KeyUnavailable, alone.schedule_key_deletion({key, {}}));
  CHECK_EQ(current(at_home(), key), before);
  CHECK_EQ(decrypt(alone, encrypt(alone, key, "secret"), {}, key), "secret");
  const Json told = describe(alone, key)["MultiRegionConfiguration"];
  CHECK_EQ(told["MultiRegionKeyType"].get<std::string>(), "PRIMARY");
  CHECK_EQ(told["ReplicaKeys"].size(), 0U);
}

void let_rotation_be_due(const std::string& key) {
  request(at_home(), "EnableKeyRotation", {{"KeyId", key}});
  change(at_home(), key, [](catalog::KeyRecord& record) {
    record.rotation->next = catalog::now() - std::chrono::hours(1);
  });
}

void automatic_rotation_takes_the_others_along() {
  const std::string key = replicated();
  const std::string before = current(away(), key);
  let_rotation_be_due(key);
  kms::rotate_due(at_home(), true);
  CHECK_EQ(current(at_home(), key), before);
  std::size_t rotated = 0;
  for (const kms::DueReport& report : kms::rotate_due(at_home(), false)) {
    CHECK_EQ(report.problems.size(), 0U);
    for (const kms::DueRotation& due : report.keys) rotated += due.rotated ? 1 : 0;
  }
  CHECK_EQ(rotated, 1U);
  CHECK(current(at_home(), key) != before);
  CHECK_EQ(current(away(), key), current(at_home(), key));
  each_opens_what_the_other_makes(key);
}

// What was changed while it was listed, the catalog does not keep: then it lives for the caller
// only.
void a_listing_lives_until_all_of_it_was_seen() {
  const std::string key = replicated();
  let_rotation_be_due(key);
  fault_module().arm({.nth = 1, .rv = CKR_OK, .function = "C_FindObjects", .before = [&] {
                        fault_module().disarm();
                        at_home().create_alias({"alias/meanwhile", key});
                      }});
  std::size_t rotated = 0;
  for (const kms::DueReport& report : kms::rotate_due(at_home(), false))
    for (const kms::DueRotation& due : report.keys) rotated += due.rotated ? 1 : 0;
  fault_module().disarm();
  CHECK_EQ(rotated, 1U);
  CHECK_EQ(describe(at_home(), "alias/meanwhile")["KeyId"].get<std::string>(), key);
}

// That nothing is behind is seen in the look that tells the primary keys.
void related_keys_are_looked_for_once() {
  replicated();
  const auto searches = [](bool dry_run) {
    fault_module().arm({});
    kms::rotate_due(at_home(), dry_run);
    return std::ranges::count(fault_module().trace(), "C_FindObjectsInit");
  };
  searches(true);
  CHECK_EQ(searches(false), searches(true));
  fault_module().disarm();
}

// As when the process is killed after the primary key has its new material.
std::string left_behind() {
  std::string key = replicated();
  const auto old = away().home().catalog.key(key)->current;
  rotate(at_home(), key);
  change(away(), key, [&](catalog::KeyRecord& record) { record.current = old; });
  CHECK(current(away(), key) != current(at_home(), key));
  return key;
}

void what_was_left_behind_follows() {
  const std::string first = left_behind();
  each_opens_what_the_other_makes(first);
  kms::rotate_due(at_home(), false);
  CHECK_EQ(current(away(), first), current(at_home(), first));

  const std::string second = left_behind();
  CHECK(problems(at_home()).find("Key " + second + ": it does not follow its primary key") !=
        std::string::npos);
  CHECK_EQ(problems(at_home(), true), "");
  CHECK_EQ(current(away(), second), current(at_home(), second));

  const std::string third = left_behind();
  rotate(at_home(), third);
  CHECK_EQ(current(away(), third), current(at_home(), third));
}

// Rotated by a host whose configuration names the primary key's token only.
void what_a_region_lacks_it_gets() {
  const std::string key = replicated();
  Config config = regions_config();
  config.tokens.pop_back();
  Service alone(config);
  rotate(alone, key);
  const Bytes blob = encrypt(alone, key, "secret");
  CHECK_ERROR(IncorrectKey, decrypt(away(), blob, {}, key));
  kms::rotate_due(at_home(), false);
  CHECK_EQ(decrypt(away(), blob, {}, key), "secret");
  each_opens_what_the_other_makes(key);
  CHECK_EQ(problems(at_home()), "");
}

// As when the process is killed in the middle of UpdatePrimaryRegion.
void the_last_change_of_the_primary_counts() {
  const std::string key = replicated();
  request(at_home(), "UpdatePrimaryRegion", {{"KeyId", key}, {"PrimaryRegion", kAway}});
  change(at_home(), key, [](catalog::KeyRecord& record) { record.multi_region = {kHome, 0}; });
  for (Service* service : {&at_home(), &away()})
    CHECK_EQ(describe(*service, key)["MultiRegionConfiguration"]["PrimaryKey"]["Region"]
                 .get<std::string>(),
             kAway);
  CHECK_ERROR(UnsupportedOperation, rotate(at_home(), key));
  rotate(away(), key);
  each_opens_what_the_other_makes(key);
  CHECK_EQ(at_home().home().catalog.key(key)->multi_region->primary_region, kAway);
}

void let_deletion_date_pass(Service& service, const std::string& key) {
  change(service, key, [](catalog::KeyRecord& record) {
    record.deletion = catalog::now() - std::chrono::milliseconds(1);
  });
}

std::size_t begun(const std::string& key, bool dry_run = false) {
  kms::PurgeOptions options;
  options.clock_is_right = true;
  options.dry_run = dry_run;
  std::size_t count = 0;
  for (const kms::PurgeReport& report : kms::purge(at_home(), options)) {
    CHECK_EQ(report.problems.size(), 0U);
    for (const kms::BegunDeletion& deletion : report.begun) count += deletion.key_id == key ? 1 : 0;
  }
  return count;
}

void the_primary_waits_for_its_replicas() {
  const std::string key = replicated();
  const Json answer =
      request(at_home(), "ScheduleKeyDeletion", {{"KeyId", key}, {"PendingWindowInDays", 8}});
  CHECK_EQ(answer["KeyState"].get<std::string>(), "PendingReplicaDeletion");
  CHECK(!answer.contains("DeletionDate"));
  CHECK_EQ(answer["PendingWindowInDays"].get<int>(), 8);
  const Json told = describe(at_home(), key);
  CHECK_EQ(told["KeyState"].get<std::string>(), "PendingReplicaDeletion");
  CHECK_EQ(told["PendingDeletionWindowInDays"].get<int>(), 8);
  CHECK(!told.contains("DeletionDate"));
  CHECK_WORDS(KMSInvalidState, arn_in(kHome, key) + " is pending deletion.",
              encrypt(at_home(), key, "x"));
  // The replica goes on.
  CHECK_EQ(decrypt(away(), encrypt(away(), key, "x")), "x");
  CHECK_EQ(begun(key), 0U);

  const Json replica =
      request(away(), "ScheduleKeyDeletion", {{"KeyId", key}, {"PendingWindowInDays", 7}});
  CHECK_EQ(replica["KeyState"].get<std::string>(), "PendingDeletion");
  CHECK_EQ(begun(key), 0U);
  let_deletion_date_pass(away(), key);
  CHECK_EQ(begun(key, true), 1U);
  CHECK_EQ(describe(at_home(), key)["KeyState"].get<std::string>(), "PendingReplicaDeletion");
  const auto before = catalog::now();
  CHECK_EQ(begun(key), 1U);
  CHECK_ERROR(NotFound, describe(away(), key));
  CHECK_EQ(describe(at_home(), key)["KeyState"].get<std::string>(), "PendingDeletion");
  const auto deletion = at_home().home().catalog.key(key)->deletion;
  CHECK(deletion && *deletion >= before + std::chrono::hours(24) * 8);
  CHECK_EQ(begun(key), 0U);
  let_deletion_date_pass(at_home(), key);
  begun(key);
  CHECK_ERROR(NotFound, describe(at_home(), key));
}

// Though `trent purge` has not destroyed it yet.
void a_replica_past_its_date_keeps_nobody_waiting() {
  const std::string key = replicated();
  away().schedule_key_deletion({key, {}});
  let_deletion_date_pass(away(), key);
  CHECK_EQ(
      request(at_home(), "ScheduleKeyDeletion", {{"KeyId", key}})["KeyState"].get<std::string>(),
      "PendingDeletion");
}

void a_deletion_can_be_cancelled() {
  const std::string key = replicated();
  at_home().schedule_key_deletion({key, {}});
  at_home().cancel_key_deletion({key});
  const Json told = describe(at_home(), key);
  CHECK_EQ(told["KeyState"].get<std::string>(), "Disabled");
  CHECK(!told.contains("PendingDeletionWindowInDays"));
  at_home().enable_key({key});
  each_opens_what_the_other_makes(key);
}

// What is gone can come back from the others.
void a_replica_that_was_destroyed_can_be_made_again() {
  const std::string key = replicated();
  const Bytes blob = encrypt(away(), key, "secret");
  away().schedule_key_deletion({key, {}});
  let_deletion_date_pass(away(), key);
  CHECK_EQ(describe(at_home(), key)["MultiRegionConfiguration"]["ReplicaKeys"].size(), 0U);
  // Without a key in its own region, a ciphertext is opened where there is one.
  CHECK_EQ(decrypt(away(), blob), "secret");
  CHECK_ERROR(AlreadyExists, replicate(at_home(), key));
  begun(key);
  replicate(at_home(), key);
  CHECK_EQ(decrypt(away(), blob, {}, key), "secret");
  // A primary key without replicas is deleted like any other.
  const std::string alone = create_multi_region(at_home());
  CHECK_EQ(
      request(at_home(), "ScheduleKeyDeletion", {{"KeyId", alone}})["KeyState"].get<std::string>(),
      "PendingDeletion");
}

void check_tells_what_it_costs() {
  replicated();
  for (const kms::TokenReport& report : kms::check(at_home(), {})) {
    std::string warnings;
    for (const std::string& warning : report.warnings) warnings += warning;
    CHECK(warnings.find("multi-Region keys out of this token") != std::string::npos);
  }
  CHECK_EQ(problems(at_home()), "");
}

}  // namespace

int main() {
  SoftHsm hsm({.module = fault_module_path()});
  make_token(kAwayLabel);
  return RUN_TESTS(
      "kms related-keys", TEST(a_rotation_is_one_of_all_regions),
      TEST(a_replica_is_not_rotated_by_itself), TEST(a_rotation_that_fails_changes_nothing),
      TEST(a_region_that_is_cut_off), TEST(automatic_rotation_takes_the_others_along),
      TEST(a_listing_lives_until_all_of_it_was_seen), TEST(related_keys_are_looked_for_once),
      TEST(what_was_left_behind_follows), TEST(what_a_region_lacks_it_gets),
      TEST(the_last_change_of_the_primary_counts), TEST(the_primary_waits_for_its_replicas),
      TEST(a_replica_past_its_date_keeps_nobody_waiting), TEST(a_deletion_can_be_cancelled),
      TEST(a_replica_that_was_destroyed_can_be_made_again), TEST(check_tells_what_it_costs));
}
