// SPDX-License-Identifier: Apache-2.0
// RotateKeyOnDemand, EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, ListKeyRotations,
// and what `trent rotate-due` does.
#include "kms/rotation.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "child.h"
#include "fault.h"
#include "key_pairs.h"
#include "kms/check.h"
#include "token_objects.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using namespace std::chrono_literals;
using kms::Json;

Service& service() {
  static Service kms([] {
    Config config = load_config();
    config.refresh = 0ms;
    return config;
  }());
  return kms;
}

std::string rotate(Service& kms, const std::string& key) {
  return request(kms, "RotateKeyOnDemand", {{"KeyId", key}})["KeyId"].get<std::string>();
}

// The materials of a key, the oldest first.
Json materials_of(const std::string& key) {
  return request(service(), "ListKeyRotations",
                 {{"KeyId", key}, {"IncludeKeyMaterial", "ALL_KEY_MATERIAL"}})["Rotations"];
}

std::string current_of(const std::string& key) {
  return service().describe_key({key, {}}).key_metadata.current_key_material_id;
}

void change(const std::string& key, const std::function<void(catalog::KeyRecord&)>& how) {
  auto& account = service().home();
  account.catalog.change_key(hsm::ChangeLock(account.token), key, how);
}

void check_healthy() {
  const auto reports = kms::check(service(), {});
  for (const auto& problem : reports.at(0).problems) throw Failure(problem);
}

// The object of this material gets another label.
void rename(const RawSession& raw, const std::string& material, std::string label) {
  const Bytes id = from_hex(material).value();
  CK_BBOOL yes = CK_TRUE;
  const auto found = raw.find(
      {{CKA_ID, const_cast<std::uint8_t*>(id.data()), id.size()}, {CKA_TOKEN, &yes, sizeof yes}});
  CHECK_EQ(found.size(), 1U);
  CK_ATTRIBUTE attribute{CKA_LABEL, label.data(), label.size()};
  check_rv(softhsm()->C_SetAttributeValue(raw.handle(), found[0], &attribute, 1),
           "C_SetAttributeValue");
}

// An AES key of another program's.
void make_key_of_others(std::string label) {
  const RawSession raw;
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  CK_ULONG length = 32;
  CK_ATTRIBUTE attributes[] = {{CKA_TOKEN, &yes, sizeof yes},
                               {CKA_PRIVATE, &yes, sizeof yes},
                               {CKA_SENSITIVE, &yes, sizeof yes},
                               {CKA_EXTRACTABLE, &no, sizeof no},
                               {CKA_ENCRYPT, &no, sizeof no},
                               {CKA_DECRYPT, &no, sizeof no},
                               {CKA_WRAP, &no, sizeof no},
                               {CKA_UNWRAP, &no, sizeof no},
                               {CKA_SIGN, &no, sizeof no},
                               {CKA_VERIFY, &no, sizeof no},
                               {CKA_DERIVE, &yes, sizeof yes},
                               {CKA_VALUE_LEN, &length, sizeof length},
                               {CKA_LABEL, label.data(), label.size()}};
  CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
  check_rv(
      softhsm()->C_GenerateKey(raw.handle(), &mechanism, attributes, std::size(attributes), &key),
      "C_GenerateKey");
}

void old_blobs_stay_readable() {
  const std::string key = create_key(service());
  const Bytes first = encrypt(service(), key, "first");
  const std::string old_material = current_of(key);
  CHECK_EQ(rotate(service(), key), key_arn(key));
  const std::string material = current_of(key);
  CHECK(material != old_material);
  const Bytes second = encrypt(service(), key, "second");
  CHECK_EQ(decrypt(service(), first), "first");
  CHECK_EQ(decrypt(service(), second, {}, key), "second");
  rotate(service(), key_arn(key));
  CHECK_EQ(decrypt(service(), first, {}, key), "first");
  CHECK_EQ(decrypt(service(), second), "second");
  CHECK_EQ(materials_of(key).size(), 3U);
  check_healthy();
}

// The way to move data to the new material, and to see that it was done.
void re_encrypt_on_the_same_key_moves_to_the_new_material() {
  const std::string key = create_key(service());
  const Bytes blob = encrypt(service(), key, "text");
  const std::string before = current_of(key);
  auto same = service().re_encrypt(move_to(key, blob));
  CHECK_EQ(same.source_key_material_id, before);
  CHECK_EQ(same.destination_key_material_id, before);
  rotate(service(), key);
  auto moved = service().re_encrypt(move_to(key, blob));
  CHECK_EQ(moved.source_key_material_id, before);
  CHECK_EQ(moved.destination_key_material_id, current_of(key));
  CHECK(moved.destination_key_material_id != before);
  CHECK_EQ(decrypt(service(), moved.ciphertext_blob), "text");
}

void materials_are_listed() {
  const std::string key = create_key(service());
  const auto rotations = [&](const Json& more = Json::object()) {
    Json json = {{"KeyId", key}};
    json.update(more);
    return request(service(), "ListKeyRotations", json);
  };
  CHECK(rotations()["Rotations"].empty());
  Json all = materials_of(key);
  CHECK_EQ(all.size(), 1U);
  CHECK(all[0]["KeyId"] == key);
  CHECK(all[0]["KeyMaterialState"] == "CURRENT");
  CHECK(!all[0].contains("RotationDate") && !all[0].contains("RotationType"));
  for (int i = 0; i < 4; ++i) rotate(service(), key);
  all = materials_of(key);
  CHECK_EQ(all.size(), 5U);
  CHECK(all[4]["KeyMaterialState"] == "CURRENT");
  CHECK(all[4]["KeyMaterialId"] == current_of(key));
  CHECK(all[4]["RotationType"] == "ON_DEMAND");
  CHECK(all[4].contains("RotationDate"));
  for (int i = 0; i < 4; ++i) CHECK(all[i]["KeyMaterialState"] == "NON_CURRENT");
  CHECK_EQ(rotations({{"IncludeKeyMaterial", "ROTATIONS_ONLY"}})["Rotations"].size(), 4U);
  // In pages.
  std::set<std::string> seen;
  Json page = rotations({{"Limit", 3}});
  CHECK(page["Truncated"] == true);
  for (const Json& each : page["Rotations"]) seen.insert(each["KeyMaterialId"].get<std::string>());
  rotate(service(), key);  // in between
  page = rotations({{"Limit", 3}, {"Marker", page["NextMarker"]}});
  CHECK(page["Truncated"] == false);
  CHECK(!page.contains("NextMarker"));
  for (const Json& each : page["Rotations"]) seen.insert(each["KeyMaterialId"].get<std::string>());
  CHECK_EQ(seen.size(), 5U);
  CHECK_ERROR(InvalidMarker, rotations({{"Marker", "bm9uc2Vuc2U="}}));
  CHECK_ERROR(Validation, rotations({{"IncludeKeyMaterial", "SOME"}}));
}

void on_demand_rotations_have_a_limit() {
  const std::string key = create_key(service());
  change(key, [](catalog::KeyRecord& record) {
    // As if it had been rotated so often.
    for (std::uint8_t i = 1; i <= 24; ++i) {
      catalog::KeyMaterial material = record.materials.front();
      material.id.fill(i);
      material.rotation = {catalog::now(), catalog::RotationType::OnDemand};
      record.materials.insert(record.materials.begin(), material);
    }
  });
  rotate(service(), key);
  CHECK_WORDS(LimitExceeded,
              "The on-demand rotations limit has been reached for the given keyId. No more "
              "on-demand rotations can be performed for this key: " +
                  key_arn(key),
              rotate(service(), key));
  CHECK_EQ(materials(RawSession(), key_label(key)).size(), 2U);
  // Automatic ones do not count.
  request(service(), "EnableKeyRotation", {{"KeyId", key}});
  change(key, [](catalog::KeyRecord& record) { record.rotation->next = catalog::now(); });
  CHECK_EQ(kms::rotate_due(service(), false).at(0).keys.size(), 1U);
  CHECK_EQ(materials(RawSession(), key_label(key)).size(), 3U);
  service().schedule_key_deletion({key, {}});  // its materials of above are none
  change(key, [](catalog::KeyRecord& record) {
    std::erase_if(record.materials, [](const auto& each) { return each.id[0] == each.id[1]; });
  });
}

void on_demand_keeps_away_from_an_automatic_one() {
  const std::string key = create_key(service());
  request(service(), "EnableKeyRotation", {{"KeyId", key}});
  change(key, [](catalog::KeyRecord& record) { record.rotation->next = catalog::now() + 19min; });
  CHECK_ERROR(Conflict, rotate(service(), key));
  change(key, [](catalog::KeyRecord& record) { record.rotation->next = catalog::now() + 21min; });
  rotate(service(), key);
  change(key, [](catalog::KeyRecord& record) { record.rotation->next = catalog::now(); });
  rotate(service(), key);  // nobody runs `trent rotate-due` here
  CHECK(kms::rotate_due(service(), false).at(0).keys.at(0).rotated);
  CHECK_ERROR(Conflict, rotate(service(), key));
  change(key, [](catalog::KeyRecord& record) {
    record.materials.back().rotation->date = catalog::now() - 20min;
  });
  rotate(service(), key);
}

Json status_of(const std::string& key) {
  return request(service(), "GetKeyRotationStatus", {{"KeyId", key}});
}

void automatic_rotation_is_switched() {
  const std::string key = create_key(service());
  CHECK((status_of(key) == Json{{"KeyRotationEnabled", false}, {"KeyId", key}}));
  request(service(), "EnableKeyRotation", {{"KeyId", key}});
  Json status = status_of(key);
  CHECK(status["KeyRotationEnabled"] == true);
  CHECK(status["RotationPeriodInDays"] == 365);
  const auto days_from_now = [&](const Json& json) {
    const double seconds =
        json["NextRotationDate"].get<double>() -
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return static_cast<int>((seconds + 3600) / 86400);
  };
  CHECK_EQ(days_from_now(status), 365);
  // Again with another period: counted from when it began.
  change(key, [](catalog::KeyRecord& record) { record.rotation->next -= 240h; });
  request(service(), "EnableKeyRotation", {{"KeyId", key}, {"RotationPeriodInDays", 100}});
  status = status_of(key);
  CHECK(status["RotationPeriodInDays"] == 100);
  CHECK_EQ(days_from_now(status), 90);
  for (const int days : {89, 2561})
    CHECK_ERROR(Validation, request(service(), "EnableKeyRotation",
                                    {{"KeyId", key}, {"RotationPeriodInDays", days}}));
  for (const int days : {90, 2560})
    request(service(), "EnableKeyRotation", {{"KeyId", key}, {"RotationPeriodInDays", days}});
  request(service(), "DisableKeyRotation", {{"KeyId", key}});
  request(service(), "DisableKeyRotation", {{"KeyId", key}});
  CHECK(status_of(key)["KeyRotationEnabled"] == false);
  // While the deletion is pending, it is off; cancelled, it is as it was.
  request(service(), "EnableKeyRotation", {{"KeyId", key}});
  service().schedule_key_deletion({key, {}});
  CHECK(status_of(key)["KeyRotationEnabled"] == false);
  service().cancel_key_deletion({key});
  CHECK(status_of(key)["KeyRotationEnabled"] == true);
}

void what_is_due_is_rotated() {
  const std::string due = create_key(service());
  const std::string later = create_key(service());
  const std::string disabled = create_key(service());
  const std::string pending = create_key(service());
  for (const std::string& key : {due, later, disabled, pending})
    request(service(), "EnableKeyRotation", {{"KeyId", key}, {"RotationPeriodInDays", 90}});
  for (const std::string& key : {due, disabled, pending})
    change(key, [](catalog::KeyRecord& record) { record.rotation->next = catalog::now() - 1h; });
  service().disable_key({disabled});
  service().schedule_key_deletion({pending, {}});
  const auto before = catalog::now();
  auto report = kms::rotate_due(service(), true).at(0);
  CHECK_EQ(report.keys.size(), 1U);
  CHECK(!report.keys[0].rotated && report.keys[0].problem.empty());
  CHECK_EQ(materials_of(due).size(), 1U);
  report = kms::rotate_due(service(), false).at(0);
  CHECK_EQ(report.keys.size(), 1U);
  CHECK_EQ(report.keys[0].key_id, due);
  CHECK(report.keys[0].rotated);
  CHECK(materials_of(due)[1]["RotationType"] == "AUTOMATIC");
  const auto record = service().home().catalog.key(due);
  CHECK(record->rotation->next >= before + 90 * 24h);
  CHECK(kms::rotate_due(service(), false).at(0).keys.empty());
  for (const std::string& key : {later, disabled, pending}) CHECK_EQ(materials_of(key).size(), 1U);
  // It was paused.
  service().enable_key({disabled});
  CHECK_EQ(kms::rotate_due(service(), false).at(0).keys.at(0).key_id, disabled);
  request(service(), "EnableKey", {{"KeyId", disabled}});
}

// Who has listed the keys before another program rotated one looks again before it does so, too.
void what_is_due_is_rotated_once() {
  Config config = load_config();
  config.refresh = 1h;
  Service slow(config);
  const std::string key = create_key(service());
  request(service(), "EnableKeyRotation", {{"KeyId", key}});
  change(key, [](catalog::KeyRecord& record) { record.rotation->next = catalog::now(); });
  CHECK_EQ(kms::rotate_due(slow, true).at(0).keys.at(0).key_id, key);
  CHECK(kms::rotate_due(service(), false).at(0).keys.at(0).rotated);
  const auto report = kms::rotate_due(slow, false).at(0);
  CHECK_EQ(report.keys.at(0).key_id, key);
  CHECK(!report.keys[0].rotated);
  CHECK(report.keys[0].problem.find("It is not due any more.") == 0);
  CHECK_EQ(materials_of(key).size(), 2U);
}

// After the material was made.
void a_rotation_that_is_refused_leaves_nothing() {
  const std::string key = create_key(service());
  auto& account = service().home();
  int asked = 0;
  const auto allow = [&](const catalog::KeyRecord&) {
    if (++asked == 2) throw Error(ErrorCode::Conflict, "Not now.");
  };
  CHECK_ERROR(Conflict, kms::rotate(hsm::ChangeLock(account.token), account, key,
                                    catalog::RotationType::OnDemand, allow));
  CHECK_EQ(asked, 2);
  const RawSession raw;
  CHECK_EQ(materials(raw, "trent/new/" + key).size(), 0U);
  CHECK_EQ(materials(raw, key_label(key)).size(), 1U);
}

void other_keys_are_not_rotated() {
  const auto refused = [](const std::string& key, const std::string& words) {
    for (const char* operation : {"RotateKeyOnDemand", "EnableKeyRotation", "DisableKeyRotation",
                                  "GetKeyRotationStatus", "ListKeyRotations"})
      CHECK_WORDS(UnsupportedOperation, words, request(service(), operation, {{"KeyId", key}}));
  };
  for (const auto& [spec, usage] : {std::pair{"ECC_NIST_P256", "SIGN_VERIFY"},
                                    {"RSA_2048", "ENCRYPT_DECRYPT"},
                                    {"HMAC_256", "GENERATE_VERIFY_MAC"}})
    refused(create(service(), spec, usage), "");
  make_key_of_others("others");
  const std::string adopted =
      request(service(), "CreateKey",
              {{"Origin", "EXTERNAL_KEY_STORE"}, {"XksKeyId", "others"}})["KeyMetadata"]["KeyId"]
          .get<std::string>();
  refused(adopted, key_arn(adopted) +
                       " origin is EXTERNAL_KEY_STORE which is not valid for this operation.");
}

// None is lost.
void rotations_at_once() {
  const std::string key = create_key(service());
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      try {
        Service kms(service().config());
        rotate(kms, key);
      } catch (const std::exception&) {
        ++failed;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(failed, 0);
  CHECK_EQ(materials_of(key).size(), 5U);
  CHECK_EQ(materials(RawSession(), key_label(key)).size(), 5U);
  check_healthy();
}

// Made, and then the record is not changed any more.
void interrupted_rotation_is_removed() {
  RawSession raw;
  const std::string key = create_key(service());
  const Bytes blob = encrypt(service(), key, "text");
  const std::string before = current_of(key);
  rotate(service(), key);
  const std::string made = current_of(key);
  rename(raw, made, "trent/new/" + key);
  // Named by the record, it is found by that name, too.
  Service fresh(service().config());
  CHECK_EQ(decrypt(fresh, re_encrypt(fresh, blob, key)), "text");
  check_healthy();
  auto report = kms::check(service(), {.repair = true}).at(0);
  CHECK(report.problems.empty());
  CHECK_EQ(materials(raw, key_label(key)).size(), 2U);
  CHECK_EQ(materials(raw, "trent/new/" + key).size(), 0U);

  rename(raw, made, "trent/new/" + key);
  change(key, [&](catalog::KeyRecord& record) {
    record.materials.pop_back();
    record.current = record.materials.back().id;
  });
  CHECK_EQ(current_of(key), before);
  report = kms::check(service(), {}).at(0);
  CHECK_EQ(report.problems.size(), 1U);
  CHECK(report.problems[0].find(made) != std::string::npos);
  CHECK(report.problems[0].find("--repair") != std::string::npos);
  report = kms::check(service(), {.repair = true}).at(0);
  CHECK(report.problems.empty());
  CHECK_EQ(report.repaired.size(), 1U);
  CHECK_EQ(materials(raw, "trent/new/" + key).size(), 0U);
  CHECK_EQ(decrypt(service(), blob), "text");
}

// What another process rotates and encrypts meanwhile, this one opens at once, whatever it has
// remembered of the key.
int other_process(const std::string& key) {
  Service kms(load_config());
  report(to_base64(encrypt(kms, key, "old")));
  await_line();
  rotate(kms, key);
  report(to_base64(encrypt(kms, key, "new")));
  return 0;
}

void other_process_is_followed_at_once() {
  Config config = load_config();
  config.refresh = 1h;
  Service slow(config);
  const std::string key = create_key(slow);
  const std::string current = slow.describe_key({key, {}}).key_metadata.current_key_material_id;
  Child child({"rotate", key});
  const auto next_blob = [&] { return from_base64(child.read_line()).value(); };
  CHECK_EQ(decrypt(slow, next_blob()), "old");
  CHECK_EQ(slow.describe_key({key, {}}).key_metadata.current_key_material_id, current);
  child.write_line("go");
  const Bytes blob = next_blob();
  CHECK_EQ(child.wait(), 0);
  // It goes by its memory still, for Encrypt.
  CHECK_EQ(slow.describe_key({key, {}}).key_metadata.current_key_material_id, current);
  CHECK_EQ(decrypt(slow, blob, {}, key), "new");
  Service also_slow(config);
  const Bytes mine = encrypt(also_slow, key, "mine");
  Child again({"rotate", key});
  const auto blob_of_again = [&] { return from_base64(again.read_line()).value(); };
  blob_of_again();
  again.write_line("go");
  const Bytes newest = blob_of_again();
  CHECK_EQ(again.wait(), 0);
  CHECK_EQ(decrypt(also_slow, newest), "new");
  CHECK_EQ(decrypt(also_slow, mine), "mine");
  CHECK_EQ(decrypt(also_slow, re_encrypt(also_slow, newest, key)), "new");
  // A blob of another key is still refused.
  const Bytes others = encrypt(also_slow, create_key(also_slow), "other");
  CHECK_ERROR(IncorrectKey, decrypt(also_slow, others, {}, key));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2) return other_process(argv[2]);
  SoftHsm hsm({.module = fault_module_path()});
  return RUN_TESTS(
      "kms rotation", TEST(old_blobs_stay_readable),
      TEST(re_encrypt_on_the_same_key_moves_to_the_new_material), TEST(materials_are_listed),
      TEST(on_demand_rotations_have_a_limit), TEST(on_demand_keeps_away_from_an_automatic_one),
      TEST(automatic_rotation_is_switched), TEST(what_is_due_is_rotated),
      TEST(what_is_due_is_rotated_once), TEST(a_rotation_that_is_refused_leaves_nothing),
      TEST(other_keys_are_not_rotated), TEST(rotations_at_once),
      TEST(interrupted_rotation_is_removed), TEST(other_process_is_followed_at_once));
}
