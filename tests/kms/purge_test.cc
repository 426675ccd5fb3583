// SPDX-License-Identifier: Apache-2.0
// kms::purge: which keys `trent purge` destroys, which it never does, and what is left of them.
#include "kms/purge.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "catalog/record.h"
#include "fault.h"
#include "key_pairs.h"
#include "kms/check.h"
#include "token_objects.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using nlohmann::json;

Service& service() {
  static Service kms([] {
    Config config = load_config();
    config.refresh = std::chrono::milliseconds(0);
    return config;
  }());
  return kms;
}

kms::PurgeReport purge(const kms::PurgeOptions& options = {}) {
  auto reports = kms::purge(service(), options);
  CHECK_EQ(reports.size(), 1U);
  CHECK(reports[0].problems.empty());
  return reports[0];
}

// `trent check` finds exactly one problem, with all of these words in it.
void check_problem(const std::vector<std::string>& words) {
  const auto problems = kms::check(service(), {}).at(0).problems;
  std::string all;
  for (const auto& problem : problems) all += problem + "\n";
  if (problems.size() != 1) throw Failure("not one problem: " + all);
  for (const auto& word : words)
    if (all.find(word) == all.npos) throw Failure("no \"" + word + "\" in " + all);
}

void check_healthy() {
  const auto reports = kms::check(service(), {});
  for (const auto& problem : reports.at(0).problems) throw Failure(problem);
}

void let_deletion_date_pass(const std::string& key) {
  auto& account = service().home();
  account.catalog.change_key(hsm::ChangeLock(account.token), key, [](catalog::KeyRecord& record) {
    record.deletion = std::chrono::system_clock::now() - std::chrono::seconds(1);
  });
}

void key_past_its_deletion_date_is_destroyed() {
  RawSession raw;
  std::string key = create_key(service());
  std::string other = create_key(service());
  service().create_alias({"alias/dead", key});
  service().create_alias({"alias/alive", other});
  const auto grant = [&](const std::string& of) {
    return request(service(), "CreateGrant",
                   {{"KeyId", of},
                    {"GranteePrincipal", "arn:aws:iam::111122223333:user/alice"},
                    {"Operations", {"Encrypt"}}});
  };
  grant(key);
  grant(other);
  service().schedule_key_deletion({key, {}});
  let_deletion_date_pass(key);
  check_problem({key, "deletion date", "`trent purge`"});
  // What only looks, and a repair, do not destroy it.
  kms::check(service(), {.repair = true});
  auto report = purge({.dry_run = true});
  CHECK_EQ(report.keys.size(), 1U);
  CHECK(!report.keys[0].destroyed && report.keys[0].kept.empty());
  CHECK_EQ(materials(raw, key_label(key)).size(), 1U);
  CHECK_EQ(records(raw, "trent/alias/dead").size(), 1U);
  report = purge();
  CHECK_EQ(report.arn_prefix, std::string("arn:aws:kms:") + kRegion + ":" + kAccount + ":");
  CHECK_EQ(report.keys.size(), 1U);
  CHECK_EQ(report.keys[0].key_id, key);
  CHECK_EQ(report.keys[0].materials, 1U);
  CHECK_EQ(report.keys[0].aliases.size(), 1U);
  CHECK_EQ(report.keys[0].aliases[0], "alias/dead");
  CHECK_EQ(report.keys[0].grants, 1U);
  CHECK(report.keys[0].destroyed);
  CHECK_EQ(materials(raw, key_label(key)).size(), 0U);
  CHECK_EQ(records(raw, key_label(key)).size(), 0U);
  CHECK_EQ(records(raw, "trent/alias/dead").size(), 0U);
  CHECK_EQ(service().describe_key({"alias/alive", {}}).key_metadata.key_id, other);
  CHECK_EQ(request(service(), "ListGrants", {{"KeyId", other}})["Grants"].size(), 1U);
  service().delete_alias({"alias/alive"});
  check_healthy();
  CHECK(purge().keys.empty());
}

// Private keys go with their public halves.
void key_pairs_and_hmac_keys_are_destroyed() {
  RawSession raw;
  const std::size_t before = raw.count();
  std::vector<std::string> keys;
  for (const auto& [spec, usage] : {std::pair{"ECC_NIST_P256", "SIGN_VERIFY"},
                                    {"RSA_2048", "ENCRYPT_DECRYPT"},
                                    {"HMAC_256", "GENERATE_VERIFY_MAC"}}) {
    keys.push_back(create(service(), spec, usage));
    service().schedule_key_deletion({keys.back(), {}});
    let_deletion_date_pass(keys.back());
  }
  CHECK(raw.count() > before);
  CHECK_EQ(purge().keys.size(), keys.size());
  CHECK_EQ(raw.count(), before);
}

void keys_whose_time_has_not_come_are_kept() {
  std::string enabled = create_key(service());
  std::string disabled = create_key(service());
  service().disable_key({disabled});
  std::string pending = create_key(service());
  service().schedule_key_deletion({pending, {}});
  CHECK(purge({.clock_is_right = true}).keys.empty());
  for (const std::string& key : {enabled, disabled, pending})
    CHECK_EQ(materials(RawSession(), key_label(key)).size(), 1U);
}

// Killed between two steps: whatever is left is finished by the next one.
void interrupted_purge_is_finished() {
  RawSession raw;
  std::string key = create_key(service());
  service().create_alias({"alias/half", key});
  service().schedule_key_deletion({key, {}});
  let_deletion_date_pass(key);
  destroy(raw, materials(raw, key_label(key)).at(0));
  check_problem({key, "`trent purge`"});  // and nothing that is lost
  destroy(raw, records(raw, "trent/alias/half").at(0).handle);
  check_problem({key, "`trent purge`"});
  const auto report = purge();
  CHECK_EQ(report.keys.size(), 1U);
  CHECK_EQ(report.keys[0].materials, 0U);
  CHECK(report.keys[0].destroyed);
  check_healthy();
}

// Which revision holds cannot be told: nothing is destroyed on a suspicion.
void key_of_a_doubtful_record_is_kept() {
  RawSession raw;
  std::string key = create_key(service());
  service().schedule_key_deletion({key, {}});
  let_deletion_date_pass(key);
  auto garbage = put(raw, key_label(key), "no record");
  auto report = purge();
  CHECK_EQ(report.keys.size(), 1U);
  CHECK(!report.keys[0].destroyed);
  CHECK(report.keys[0].kept.find("trent check") != std::string::npos);
  CHECK_EQ(materials(raw, key_label(key)).size(), 1U);
  destroy(raw, garbage);
  CHECK(purge().keys.at(0).destroyed);
}

// The names of a key that is past its deletion date are free for others, and these may come between
// any two steps of a repair.
void aliases_that_are_made_anew_meanwhile_are_kept() {
  constexpr int kKeys = 12;
  std::string live = create_key(service());
  std::vector<std::string> names;
  for (int i = 0; i < kKeys; ++i) {
    std::string key = create_key(service());
    names.push_back("alias/reborn-" + std::to_string(i));
    service().create_alias({names.back(), key});
    service().schedule_key_deletion({key, {}});
    let_deletion_date_pass(key);
  }
  std::thread purging([] { purge(); });
  std::vector<std::string> made;
  try {
    Service other(service().config());
    for (const auto& name : names) {
      other.create_alias({name, live});
      made.push_back(name);
    }
  } catch (...) {
    purging.join();
    throw;
  }
  purging.join();
  RawSession raw;
  for (const auto& name : made) {
    CHECK_EQ(records(raw, catalog::alias_label(name)).size(), 1U);
    CHECK_EQ(service().describe_key({name, {}}).key_metadata.key_id, live);
    service().delete_alias({name});
  }
  purge();
  check_healthy();
}

// In a token of its own, for the newest date in it is what counts.
void clock_that_is_ahead_destroys_nothing() {
  trent::test::make_token("quiet");
  Config config = load_config();
  config.tokens.front().uri = "pkcs11:token=quiet";
  Service kms(config);
  std::string key = create_key(kms);
  Bytes blob = encrypt(kms, key, "text");
  kms.schedule_key_deletion({key, {}});
  auto label = key_label(key);
  const auto purge_it = [&](bool clock_is_right) {
    return kms::purge(kms, {.clock_is_right = clock_is_right}).at(0).keys.at(0);
  };
  const auto date_it = [&](std::int64_t created, std::int64_t deletion) {
    RawSession raw("quiet");
    auto old = records(raw, label).at(0);
    json record = json::parse(old.value);
    record["created"] = record["made"] = created;
    for (auto& material : record["materials"]) material["created"] = created;
    record["deletion"] = deletion;
    destroy(raw, old.handle);
    put(raw, label, record.dump());
  };
  constexpr std::int64_t kDay = 24 * 3600 * 1000LL;
  constexpr std::int64_t kThen = 1'600'000'000'000;
  // Nothing has happened in the token for longer than a day before the date.
  date_it(kThen, kThen + 2 * kDay);
  const auto check_kept = [&] {
    const kms::PurgedKey kept = purge_it(false);
    CHECK(!kept.destroyed);
    for (const char* word : {"2020-09-15", "2020-09-13", "--clock-is-right"})
      if (kept.kept.find(word) == std::string::npos) throw Failure(word + kept.kept);
  };
  check_kept();
  {
    RawSession raw("quiet");
    CHECK_EQ(materials(raw, label).size(), 1U);
    CHECK_EQ(records(raw, label).size(), 1U);
  }
  // Nor is anything repaired: a new revision would be the proof, next time.
  {
    RawSession raw("quiet");
    put(raw, label, catalog::marker_text("0123456789abcdef", catalog::now()));
    const auto report = kms::check(kms, {.repair = true}).at(0);
    CHECK(report.repaired.empty());
    CHECK(std::ranges::any_of(report.problems, [&](const std::string& problem) {
      return problem.starts_with("Nothing was repaired because of key " + key);
    }));
    CHECK_EQ(records(raw, label).size(), 2U);
    for (const Object& object : records(raw, label))
      if (object.value.find("pending") != std::string::npos &&
          object.value.find("created") == std::string::npos)
        destroy(raw, object.handle);
    CHECK_EQ(records(raw, label).size(), 1U);
  }
  // It says so each time, and a key that is made meanwhile shows what time it is.
  check_kept();
  std::string other = create_key(kms);
  CHECK(purge_it(false).destroyed);
  {
    RawSession raw("quiet");
    CHECK_EQ(materials(raw, label).size(), 0U);
  }
  // Or somebody who looks at the clock.
  kms.schedule_key_deletion({other, {}});
  label = key_label(other);
  date_it(kThen, kThen + 2 * kDay);
  check_kept();
  CHECK(purge_it(true).destroyed);
  RawSession raw("quiet");
  CHECK_EQ(materials(raw, label).size(), 0U);
  CHECK_EQ(records(raw, label).size(), 0U);
}

// Another host does this in the middle of a purge: at the next search after the material of `key`
// was destroyed.
kms::PurgeReport purge_and_meanwhile(const RawSession& raw, const std::string& key,
                                     const std::function<void()>& others) {
  bool done = false;
  const auto when_destroyed = [&] {
    if (done || !materials(raw, key_label(key)).empty()) return;
    done = true;
    others();
  };
  fault_module().arm({.nth = 1,
                      .rv = CKR_OK,
                      .function = "C_FindObjectsInit",
                      .and_later = true,
                      .before = when_destroyed});
  kms::PurgeReport report;
  try {
    report = purge();
  } catch (...) {
    fault_module().disarm();
    throw;
  }
  fault_module().disarm();
  CHECK(done);
  return report;
}

// Of two keys the purge sees that they are to be destroyed, and destroys the first.
void key_whose_deletion_is_taken_back_during_a_purge_is_kept() {
  RawSession raw;
  std::vector<std::string> keys{create_key(service()), create_key(service())};
  std::ranges::sort(keys);  // as the purge goes through them
  for (const auto& key : keys) service().schedule_key_deletion({key, {}});
  const std::string label = key_label(keys[1]);
  const std::string pending = records(raw, label).at(0).value;
  for (const auto& key : keys) let_deletion_date_pass(key);
  const auto report = purge_and_meanwhile(raw, keys[0], [&] {
    destroy(raw, records(raw, label).at(0).handle);
    put(raw, label, pending);
  });
  CHECK_EQ(report.keys.size(), 2U);
  CHECK(report.keys[0].destroyed && !report.keys[1].destroyed);
  CHECK_EQ(report.keys[1].kept, "Another program changed its record meanwhile.");
  CHECK_EQ(materials(raw, label).size(), 1U);
  CHECK_EQ(service().describe_key({keys[1], {}}).key_metadata.key_state, "PendingDeletion");
  check_healthy();
}

void alias_that_gets_another_key_during_a_purge_is_kept() {
  RawSession raw;
  std::string dead = create_key(service());
  std::string live = create_key(service());
  service().create_alias({"alias/passed-on", dead});
  service().schedule_key_deletion({dead, {}});
  let_deletion_date_pass(dead);
  purge_and_meanwhile(raw, dead, [&] {
    auto old = records(raw, "trent/alias/passed-on").at(0);
    json record = json::parse(old.value);
    record["target"] = live;
    destroy(raw, old.handle);
    put(raw, "trent/alias/passed-on", record.dump());
  });
  CHECK_EQ(service().describe_key({"alias/passed-on", {}}).key_metadata.key_id, live);
  service().delete_alias({"alias/passed-on"});
  check_healthy();
}

}  // namespace

int main() {
  SoftHsm hsm({.module = fault_module_path()});
  return RUN_TESTS("kms purge", TEST(key_past_its_deletion_date_is_destroyed),
                   TEST(key_pairs_and_hmac_keys_are_destroyed),
                   TEST(keys_whose_time_has_not_come_are_kept), TEST(interrupted_purge_is_finished),
                   TEST(key_of_a_doubtful_record_is_kept),
                   TEST(aliases_that_are_made_anew_meanwhile_are_kept),
                   TEST(clock_that_is_ahead_destroys_nothing),
                   TEST(key_whose_deletion_is_taken_back_during_a_purge_is_kept),
                   TEST(alias_that_gets_another_key_during_a_purge_is_kept));
}
