// SPDX-License-Identifier: Apache-2.0
// What the catalog asks of the token: how often it searches it, and what it does when the token, or
// an object in it, cannot be read.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>

#include "catalog/store.h"
#include "fault.h"
#include "kms/object_requests.h"
#include "sanitized.h"
#include "words.h"

namespace {

namespace fs = std::filesystem;
using namespace trent;
using namespace trent::test;
using namespace std::chrono_literals;

SoftHsm* token = nullptr;

std::string state_of(Service& kms, const std::string& key) {
  return kms.describe_key({key, {}}).key_metadata.key_state;
}

void put(std::string label, std::string value) {
  const RawSession raw;
  CK_OBJECT_CLASS data = CKO_DATA;
  CK_BBOOL yes = CK_TRUE;
  std::string application = catalog::kApplication;
  CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &data, sizeof data},
                               {CKA_TOKEN, &yes, sizeof yes},
                               {CKA_PRIVATE, &yes, sizeof yes},
                               {CKA_APPLICATION, application.data(), application.size()},
                               {CKA_LABEL, label.data(), label.size()},
                               {CKA_VALUE, value.data(), value.size()}};
  CK_OBJECT_HANDLE handle = 0;
  check_rv(softhsm()->C_CreateObject(raw.handle(), attributes, std::size(attributes), &handle),
           "C_CreateObject");
}

void destroy_all(std::string label) {
  const RawSession raw;
  for (auto handle : raw.find({{CKA_LABEL, label.data(), label.size()}}))
    check_rv(softhsm()->C_DestroyObject(raw.handle(), handle), "C_DestroyObject");
}

std::size_t searches() {
  const auto trace = fault_module().trace();
  return static_cast<std::size_t>(std::count(trace.begin(), trace.end(), "C_FindObjectsInit"));
}

// Searches of an operation in a process that has just connected.
std::size_t searches_of(const std::function<void(Service&)>& operation) {
  Service kms(load_config());
  kms.generate_random({1});
  fault_module().arm({});
  operation(kms);
  fault_module().disarm();
  return searches();
}

// On SoftHSM each takes some 30 microseconds for every object in the token. (One more where the
// record was changed within the last second.)
void each_change_searches_twice() {
  std::string one;
  std::string two;
  const auto at_most = [](std::size_t most, const char* name,
                          const std::function<void(Service&)>& operation) {
    const std::size_t found = searches_of(operation);
    if (found > most) throw Failure(std::string(name) + ": " + std::to_string(found) + " searches");
  };
  at_most(2, "CreateKey", [&](Service& kms) { one = create_key(kms); });
  searches_of([&](Service& kms) { two = create_key(kms); });
  at_most(2, "CreateAlias", [&](Service& kms) { kms.create_alias({"alias/a", one}); });
  searches_of([&](Service& kms) { kms.create_alias({"alias/b", one}); });
  at_most(2, "DescribeKey", [&](Service& kms) { state_of(kms, "alias/a"); });
  // The alias, the key that it names (which has to allow that, too), and what comes besides.
  at_most(3, "UpdateAlias", [&](Service& kms) { kms.update_alias({"alias/a", two}); });
  at_most(3, "DeleteAlias", [&](Service& kms) { kms.delete_alias({"alias/b"}); });
  at_most(2, "DisableKey", [&](Service& kms) { kms.disable_key({one}); });
  at_most(2, "EnableKey", [&](Service& kms) { kms.enable_key({one}); });
  at_most(2, "ScheduleKeyDeletion", [&](Service& kms) { kms.schedule_key_deletion({two, {}}); });
  at_most(2, "CancelKeyDeletion", [&](Service& kms) { kms.cancel_key_deletion({two}); });
}

void what_is_not_there_is_searched_twice_and_remembered() {
  const std::string unknown = "00000000-0000-4000-8000-000000000000";
  Config config = load_config();
  config.refresh = 1h;
  Service kms(config);
  for (const std::string& name : {unknown, std::string("alias/unknown")}) {
    fault_module().arm({});
    CHECK_ERROR(NotFound, state_of(kms, name));
    CHECK(searches() <= 2);
    fault_module().arm({});
    for (int i = 0; i < 3; ++i) CHECK_ERROR(NotFound, state_of(kms, name));
    CHECK_EQ(searches(), 0U);
  }
  // What another process deleted.
  config.refresh = 0ms;
  Service other(config);
  Service quick(config);
  const std::string key = create_key(other);
  other.create_alias({"alias/deleted", key});
  CHECK_EQ(state_of(quick, "alias/deleted"), "Enabled");
  other.delete_alias({"alias/deleted"});
  fault_module().arm({});
  CHECK_ERROR(NotFound, state_of(quick, "alias/deleted"));
  CHECK(searches() <= 2);
  fault_module().disarm();
}

// All pages of a list, however long the list takes.
void pages_come_from_one_listing() {
  Config config = load_config();
  config.refresh = 0ms;
  Service kms(config);
  for (int i = 0; i < 7; ++i) kms.create_alias({"alias/page" + std::to_string(i), create_key(kms)});
  fault_module().arm({});
  std::optional<std::string> marker;
  int pages = 0;
  for (bool more = true; more; ++pages) {
    auto page = kms.list_keys({2, marker});
    more = page.truncated;
    marker = page.next_marker;
  }
  CHECK(pages >= 4);
  CHECK_EQ(searches(), 1U);
  fault_module().arm({});
  auto page = kms.list_aliases({{}, 2, {}});
  while (page.truncated) page = kms.list_aliases({{}, 2, page.next_marker});
  CHECK_EQ(searches(), 1U);
  fault_module().disarm();
}

// In KiB.
long memory(const std::string& what) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(what + ":")) return std::stol(line.substr(what.size() + 1));
  throw Failure("/proc/self/status has no " + what);
}

// A record takes its own size a few times, Trent's and SoftHSM's copies together, and no fixed
// room.
void long_records_take_little_memory() {
  constexpr int kKeys = 60;
  Service maker(load_config());
  kms::CreateKeyRequest request;
  request.description = std::string(8000, 'x');
  for (int i = 0; i < kKeys; ++i) maker.create_key(request);
  std::ofstream("/proc/self/clear_refs") << "5";  // the highest is what it is now
  const long before = memory("VmRSS");
  Service kms(load_config());
  CHECK(kms.list_keys({1000, {}}).keys.size() >= kKeys);
  CHECK(kSanitized || memory("VmHWM") - before < 10 * 8 * kKeys);
}

// Each that is remembered is one more object for the token to search.
void base_keys_that_were_not_used_lately_are_forgotten() {
  Config config = load_config();
  for (TokenConfig& each : config.tokens) each.base_keys = 10;
  Service kms(config);
  const RawSession raw;
  const std::size_t before = raw.count_session_objects();
  const std::string often = create_key(kms);
  for (int i = 0; i < 25; ++i) {
    const std::string key = create_key(kms);
    CHECK_EQ(decrypt(kms, encrypt(kms, key, "x")), "x");
    CHECK_EQ(decrypt(kms, encrypt(kms, often, "y")), "y");
  }
  CHECK(raw.count_session_objects() <= before + 10);
  // That which is used all the time is not looked for again.
  fault_module().arm({});
  encrypt(kms, often, "y");
  CHECK_EQ(searches(), 0U);
  fault_module().disarm();
}

// A value above 1 MiB, a label above 8 KiB, a file of another token in the directory.
void unreadable_objects_are_passed_over() {
  Config config = load_config();
  config.refresh = 0ms;
  Service kms(config);
  const std::string key = create_key(kms);
  kms.create_alias({"alias/readable", key});
  const std::size_t keys = kms.list_keys({1000, {}}).keys.size();
  const std::string huge = "trent/alias/huge";
  const std::string long_label = "trent/alias/" + std::string(9000, 'x');
  put(huge, std::string((1 << 20) + 1, 'x'));
  put(long_label, "{}");
  CHECK_EQ(kms.list_keys({1000, {}}).keys.size(), keys);
  CHECK_EQ(kms.list_aliases({key, {}, {}}).aliases.size(), 1U);
  Error error = ERROR_OF(state_of(kms, "alias/huge"));
  CHECK_EQ(std::string(error.name()), "KMSInternalException");
  CHECK(error.message().find(huge) != std::string::npos);
  CHECK_ERROR(KMSInternal, kms.create_alias({"alias/huge", key}));
  kms.delete_alias({"alias/huge"});
  CHECK_ERROR(NotFound, state_of(kms, "alias/huge"));
  destroy_all(long_label);
}

void damaged_alias_can_be_deleted() {
  Config config = load_config();
  config.refresh = 0ms;
  Service kms(config);
  const std::string key = create_key(kms);
  for (const char* text : {"garbage", "", R"({"format":2,"revision":1,"lineage":"a","nonce":"b"})",
                           R"({"format":1,"revision":18446744073709551615,"lineage":"a",)"
                           R"("nonce":"b","name":"alias/bad","target":"x","created":0,)"
                           R"("updated":0})"}) {
    put("trent/alias/bad", text);
    CHECK_ERROR(KMSInternal, state_of(kms, "alias/bad"));
    CHECK_ERROR(KMSInternal, kms.update_alias({"alias/bad", key}));
    kms.delete_alias({"alias/bad"});
    CHECK_ERROR(NotFound, state_of(kms, "alias/bad"));
    kms.create_alias({"alias/bad", key});
    CHECK_EQ(state_of(kms, "alias/bad"), "Enabled");
    kms.delete_alias({"alias/bad"});
  }
}

// A revision near the end of the numbers is read, and not changed.
void last_revision_is_not_changed() {
  Service kms(load_config());
  const std::string key = create_key(kms);
  put("trent/alias/last", R"({"format":1,"revision":4611686018427387904,"lineage":"a",)"
                          R"("nonce":"b","name":"alias/last","target":")" +
                              key + R"(","created":0,"updated":0})");
  CHECK_EQ(state_of(kms, "alias/last"), "Enabled");
  CHECK_ERROR(KMSInternal, kms.update_alias({"alias/last", key}));
  CHECK_EQ(state_of(kms, "alias/last"), "Enabled");
  kms.delete_alias({"alias/last"});
}

// An alias whose key is deleted is as good as gone.
void alias_of_deleted_key_is_not_found() {
  Config config = load_config();
  config.refresh = 0ms;
  Service kms(config);
  auto& account = kms.home();
  const std::string key = create_key(kms);
  const std::string other = create_key(kms);
  kms.create_alias({"alias/of-deleted", key});
  kms.schedule_key_deletion({key, {}});
  account.catalog.change_key(hsm::ChangeLock(account.token), key,
                             [](catalog::KeyRecord& record) { record.deletion = catalog::now(); });
  // It takes seven days at least until a key that an alias was given to is deleted.
  account.catalog.change_alias(
      hsm::ChangeLock(account.token), "alias/of-deleted",
      [](catalog::AliasRecord& alias) { alias.updated = catalog::now() - 24h * 7; });
  const std::string words = "Alias " + account.arn("alias/of-deleted") + " is not found.";
  CHECK_WORDS(NotFound, words, kms.update_alias({"alias/of-deleted", other}));
  CHECK_WORDS(NotFound, words, kms.delete_alias({"alias/of-deleted"}));
  kms.create_alias({"alias/of-deleted", other});
  CHECK_EQ(state_of(kms, "alias/of-deleted"), "Enabled");
}

// A volume that is unmounted and mounted again, a backup that is renamed into place.
void token_that_went_away_comes_back() {
  Config config = load_config();
  config.refresh = 0ms;
  Service kms(config);
  const std::string key = create_key(kms);
  kms.create_alias({"alias/stays", key});
  const Bytes blob = encrypt(kms, key, "text");
  const auto listed = kms.list_keys({1000, {}}).keys.size();
  fs::path there;
  for (const auto& entry : fs::directory_iterator(token->directory() / "tokens"))
    if (entry.is_directory()) there = entry.path();
  const fs::path away = token->directory() / "away";
  for (int round = 0; round < 2; ++round) {
    fs::rename(there, away);
    for (int i = 0; i < 2; ++i) {
      CHECK_ERROR(KeyUnavailable, state_of(kms, key));
      CHECK_ERROR(KeyUnavailable, state_of(kms, "alias/stays"));
      CHECK_ERROR(KeyUnavailable, state_of(kms, "alias/never-seen"));
      CHECK_ERROR(KeyUnavailable, kms.list_keys({1000, {}}));
      CHECK_ERROR(KeyUnavailable, kms.list_aliases({}));
      CHECK_ERROR(KeyUnavailable, decrypt(kms, blob));
      CHECK_ERROR(KeyUnavailable, kms.disable_key({key}));
      CHECK_ERROR(KeyUnavailable, kms.delete_alias({"alias/stays"}));
    }
    fs::rename(away, there);
    CHECK_EQ(state_of(kms, "alias/stays"), "Enabled");
    CHECK_EQ(kms.list_keys({1000, {}}).keys.size(), listed);
    CHECK_EQ(decrypt(kms, blob), "text");
    kms.disable_key({key});
    kms.enable_key({key});
  }
}

}  // namespace

int main() {
  SoftHsm hsm({.module = fault_module_path()});
  token = &hsm;
  return RUN_TESTS("catalog and token", TEST(long_records_take_little_memory),
                   TEST(token_that_went_away_comes_back), TEST(each_change_searches_twice),
                   TEST(what_is_not_there_is_searched_twice_and_remembered),
                   TEST(pages_come_from_one_listing),
                   TEST(base_keys_that_were_not_used_lately_are_forgotten),
                   TEST(unreadable_objects_are_passed_over), TEST(damaged_alias_can_be_deleted),
                   TEST(last_revision_is_not_changed), TEST(alias_of_deleted_key_is_not_found));
}
