// SPDX-License-Identifier: Apache-2.0
// The catalog in the token: caching, revisions, what damage does.
#include "catalog/catalog.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "catalog/store.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using nlohmann::json;
using namespace std::chrono_literals;

Config config(std::chrono::milliseconds refresh) {
  Config made = load_config();
  made.refresh = refresh;
  return made;
}

// Looks into the token every time.
Service& service() {
  static Service kms(config(0ms));
  return kms;
}

std::string state_of(Service& kms, const std::string& key) {
  return kms.describe_key({key, {}}).key_metadata.key_state;
}

// Creates the data object as another program would, without a look at what is there.
void put(const std::string& label, const std::string& value, bool is_private = true) {
  RawSession raw;
  CK_OBJECT_CLASS data = CKO_DATA;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL hidden = is_private ? CK_TRUE : CK_FALSE;
  std::string application = catalog::kApplication;
  std::string name = label;
  std::string text = value;
  CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &data, sizeof data},
                               {CKA_TOKEN, &yes, sizeof yes},
                               {CKA_PRIVATE, &hidden, sizeof hidden},
                               {CKA_APPLICATION, application.data(), application.size()},
                               {CKA_LABEL, name.data(), name.size()},
                               {CKA_VALUE, text.data(), text.size()}};
  CK_OBJECT_HANDLE handle = 0;
  check_rv(softhsm()->C_CreateObject(raw.handle(), attributes, std::size(attributes), &handle),
           "C_CreateObject");
}

std::vector<std::string> values(const std::string& label) {
  RawSession raw;
  CK_OBJECT_CLASS data = CKO_DATA;
  std::string name = label;
  std::vector<std::string> found;
  for (auto handle :
       raw.find({{CKA_CLASS, &data, sizeof data}, {CKA_LABEL, name.data(), name.size()}}))
    found.push_back(raw.attribute(handle, CKA_VALUE));
  return found;
}

void destroy_all(const std::string& label) {
  RawSession raw;
  CK_OBJECT_CLASS data = CKO_DATA;
  std::string name = label;
  for (auto handle :
       raw.find({{CKA_CLASS, &data, sizeof data}, {CKA_LABEL, name.data(), name.size()}}))
    check_rv(softhsm()->C_DestroyObject(raw.handle(), handle), "C_DestroyObject");
}

std::string key_label(const std::string& key) {
  return "trent/key/" + key;
}

int revision_of(const std::string& label) {
  return json::parse(values(label).at(0)).at("revision").get<int>();
}

// The record of `label` with some members changed.
std::string changed(const std::string& label, const json& members) {
  json record = json::parse(values(label).at(0));
  record.update(members);
  return record.dump();
}

void another_instance_sees_a_change_after_refresh() {
  Service slow(config(300ms));
  std::string key = create_key(service());
  auto start = std::chrono::steady_clock::now();
  CHECK_EQ(state_of(slow, key), "Enabled");
  service().disable_key({key});
  bool still_enabled = state_of(slow, key) == "Enabled";
  // Only if the machine was quick enough can this say anything of the cache.
  if (std::chrono::steady_clock::now() - start < 300ms) CHECK(still_enabled);
  std::this_thread::sleep_for(310ms);
  CHECK_EQ(state_of(slow, key), "Disabled");
  CHECK_WORDS(Disabled, key_arn(key) + " is disabled.", encrypt(slow, key, secret("x")));
}

void key_disabled_elsewhere_stops_being_usable() {
  Service slow(config(200ms));
  std::string key = create_key(slow);
  Bytes blob = encrypt(slow, key, secret("text"));
  service().disable_key({key});
  std::this_thread::sleep_for(210ms);
  CHECK_WORDS(Disabled, key_arn(key) + " is disabled.", encrypt(slow, key, secret("x")));
  CHECK_WORDS(Disabled, key_arn(key) + " is disabled.", decrypt(slow, blob));
}

void own_changes_are_seen_at_once() {
  Service slow(config(1h));
  std::string key = create_key(slow);
  CHECK_EQ(state_of(slow, key), "Enabled");
  slow.disable_key({key});
  CHECK_EQ(state_of(slow, key), "Disabled");
  slow.create_alias({"alias/own", key});
  CHECK_EQ(state_of(slow, "alias/own"), "Disabled");
  CHECK_EQ(slow.list_aliases({key, {}, {}}).aliases.size(), 1U);
  slow.delete_alias({"alias/own"});
  CHECK_ERROR(NotFound, state_of(slow, "alias/own"));
  CHECK(slow.list_aliases({key, {}, {}}).aliases.empty());
  std::string other = create_key(slow);
  bool listed = false;
  for (const auto& entry : slow.list_keys({1000, {}}).keys)
    listed = listed || entry.key_id == other;
  CHECK(listed);
}

// What is not there is remembered as long as what is; what one's own process makes is seen at once.
void failed_look_up_is_remembered_for_refresh() {
  Service slow(config(1h));
  Service quick(config(0ms));
  CHECK_ERROR(NotFound, state_of(slow, "alias/later"));
  CHECK_ERROR(NotFound, state_of(slow, "alias/own-later"));
  CHECK_ERROR(NotFound, state_of(quick, "alias/later"));
  std::string key = create_key(service());
  service().create_alias({"alias/later", key});
  CHECK_ERROR(NotFound, state_of(slow, "alias/later"));
  CHECK_EQ(state_of(quick, "alias/later"), "Enabled");
  slow.create_alias({"alias/own-later", key});
  CHECK_EQ(state_of(slow, "alias/own-later"), "Enabled");
  Bytes blob = encrypt(service(), key, secret("text"));
  CHECK(decrypt(slow, blob) == "text");
}

// A key's record is gone from the token (another program, a restored backup): after refresh, so is
// the key.
void record_that_vanished_is_not_found() {
  std::string key = create_key(service());
  Bytes blob = encrypt(service(), key, secret("text"));
  std::string record = values(key_label(key)).at(0);
  destroy_all(key_label(key));
  CHECK_ERROR(NotFound, state_of(service(), key));
  CHECK_ERROR(AccessDenied, decrypt(service(), blob));
  put(key_label(key), record);
  CHECK(decrypt(service(), blob) == "text");
}

void change_leaves_one_revision() {
  std::string key = create_key(service());
  auto revision = [&] { return revision_of(key_label(key)); };
  CHECK_EQ(revision(), 1);
  for (int i = 2; i < 8; ++i) {
    if (i % 2 == 0)
      service().disable_key({key});
    else
      service().enable_key({key});
    CHECK_EQ(values(key_label(key)).size(), 1U);
    CHECK_EQ(revision(), i);
  }
}

void superseded_revision_is_not_read() {
  std::string key = create_key(service());
  std::string old = values(key_label(key)).at(0);
  service().disable_key({key});
  put(key_label(key), old);  // as if the crash had come before it was destroyed
  Service fresh(config(0ms));
  CHECK_EQ(state_of(fresh, key), "Disabled");
  CHECK_EQ(state_of(service(), key), "Disabled");
  std::size_t listed = 0;
  for (const auto& entry : fresh.list_keys({1000, {}}).keys) listed += entry.key_id == key;
  CHECK_EQ(listed, 1U);
  // The next change cleans up.
  fresh.enable_key({key});
  CHECK_EQ(values(key_label(key)).size(), 1U);
  CHECK_EQ(state_of(service(), key), "Enabled");
}

void higher_revision_holds() {
  std::string key = create_key(service());
  put(key_label(key),
      changed(key_label(key),
              {{"revision", 9}, {"nonce", "higher"}, {"description", "the ninth"}}));
  Service fresh(config(0ms));
  CHECK_EQ(fresh.describe_key({key, {}}).key_metadata.description, "the ninth");
  fresh.disable_key({key});
  CHECK_EQ(revision_of(key_label(key)), 10);
  CHECK_EQ(fresh.describe_key({key, {}}).key_metadata.description, "the ninth");
}

// Two writers died before either had looked: every reader takes the same one, and the next writer
// ends it.
void two_equal_revisions_are_read_alike() {
  std::string key = create_key(service());
  std::string first = values(key_label(key)).at(0);
  auto candidate = [&](const char* nonce) {
    return changed(key_label(key), {{"revision", 2}, {"nonce", nonce}, {"description", nonce}});
  };
  std::string a = candidate("aaaa");
  std::string b = candidate("bbbb");
  std::string seen[2];
  for (int order = 0; order < 2; ++order) {
    destroy_all(key_label(key));
    put(key_label(key), order == 0 ? a : b);
    put(key_label(key), order == 0 ? b : a);
    put(key_label(key), first);
    Service fresh(config(0ms));
    seen[order] = fresh.describe_key({key, {}}).key_metadata.description;
  }
  CHECK_EQ(seen[0], seen[1]);
  Service fresh(config(0ms));
  fresh.disable_key({key});
  CHECK_EQ(values(key_label(key)).size(), 1U);
  CHECK_EQ(revision_of(key_label(key)), 3);
  CHECK_EQ(state_of(fresh, key), "Disabled");
}

const std::vector<std::pair<std::string, std::string>>& damages() {
  static const std::vector<std::pair<std::string, std::string>> all = {
      {"empty", ""},
      {"no JSON", "garbage"},
      {"cut", R"({"format":1,"revision":1,"lin)"},
      {"no object", "[]"},
      {"later format", R"({"format":2,"revision":1,"lineage":"a","nonce":"b"})"},
      {"nothing but a revision", R"({"format":1,"revision":1,"lineage":"a","nonce":"b"})"},
      {"binary", std::string("\0\xff\xfe", 3)},
      {"nested", std::string(50000, '[')},
  };
  return all;
}

// `call` fails with an error that names the record and says what to do.
void names_the_record(const std::function<void()>& call, const std::string& label,
                      const std::string& damage) {
  Error error = ERROR_OF(call());
  CHECK_EQ(damage + ": " + error.name(), damage + ": KMSInternalException");
  CHECK(error.message().find(label) != std::string::npos);
  CHECK(error.advice().find("trent check") != std::string::npos);
}

void damaged_key_is_named_and_the_others_live() {
  std::string good = create_key(service());
  std::string bad = create_key(service());
  Bytes blob = encrypt(service(), bad, secret("text"));
  std::string intact = values(key_label(bad)).at(0);
  for (const auto& [damage, text] : damages()) {
    destroy_all(key_label(bad));
    put(key_label(bad), text);
    Service fresh(config(0ms));
    for (Service* kms : {&fresh, &service()}) {
      auto named = [&, damage = damage](auto call) {
        names_the_record(call, key_label(bad), damage);
      };
      named([&] { state_of(*kms, bad); });
      named([&] { encrypt(*kms, bad, secret("x")); });
      named([&] { decrypt(*kms, blob); });
      named([&] { kms->disable_key({bad}); });
      named([&] { kms->schedule_key_deletion({bad, {}}); });
      CHECK_EQ(state_of(*kms, good), "Enabled");
      bool listed = false;
      for (const auto& entry : kms->list_keys({1000, {}}).keys) {
        CHECK(entry.key_id != bad);
        listed = listed || entry.key_id == good;
      }
      CHECK(listed);
    }
    CHECK_EQ(values(key_label(bad)).at(0), text);  // nothing has touched it
  }
  destroy_all(key_label(bad));
  put(key_label(bad), intact);
  CHECK(decrypt(service(), blob) == "text");
}

void damaged_alias_is_named_and_the_others_live() {
  std::string key = create_key(service());
  service().create_alias({"alias/good", key});
  for (const auto& [damage, text] : damages()) {
    put("trent/alias/bad", text);
    Service fresh(config(0ms));
    auto named = [&, damage = damage](auto call) {
      names_the_record(call, "trent/alias/bad", damage);
    };
    named([&] { state_of(fresh, "alias/bad"); });
    named([&] { fresh.update_alias({"alias/bad", key}); });
    CHECK_EQ(state_of(fresh, "alias/good"), "Enabled");
    CHECK_EQ(fresh.list_aliases({key, {}, {}}).aliases.size(), 1U);
    destroy_all("trent/alias/bad");
  }
}

// The label is what a record is found by; one that says it is another's is no good.
void record_under_a_wrong_label_is_damaged() {
  std::string a = create_key(service());
  std::string b = create_key(service());
  std::string record = values(key_label(a)).at(0);
  destroy_all(key_label(b));
  put(key_label(b), record);
  Service fresh(config(0ms));
  names_the_record([&] { state_of(fresh, b); }, key_label(b), "other key");
  std::size_t listed = 0;
  for (const auto& entry : fresh.list_keys({1000, {}}).keys) listed += entry.key_id == a;
  CHECK_EQ(listed, 1U);
  fresh.create_alias({"alias/right", a});
  put("trent/alias/wrong", values("trent/alias/right").at(0));
  names_the_record([&] { state_of(fresh, "alias/wrong"); }, "trent/alias/wrong", "other alias");
  CHECK_EQ(fresh.list_aliases({a, {}, {}}).aliases.size(), 1U);
}

// Anybody who reaches the module can make public objects, without the PIN.
void public_objects_are_no_records() {
  std::string key = create_key(service());
  put(key_label(key), changed(key_label(key), {{"revision", 100}, {"state", "Disabled"}}), false);
  put("trent/alias/forged",
      json({{"format", 1},
            {"revision", 1},
            {"lineage", "a"},
            {"nonce", "b"},
            {"name", "alias/forged"},
            {"target", key},
            {"created", 0},
            {"updated", 0}})
          .dump(),
      false);
  Service fresh(config(0ms));
  CHECK_EQ(state_of(fresh, key), "Enabled");
  CHECK_ERROR(NotFound, state_of(fresh, "alias/forged"));
  CHECK(fresh.list_aliases({key, {}, {}}).aliases.empty());
  fresh.schedule_key_deletion({key, {}});
  CHECK_EQ(state_of(fresh, key), "PendingDeletion");
}

void foreign_objects_are_left_alone() {
  put("trent/other/thing", "whatever");
  put("no record at all", "whatever");
  Service fresh(config(0ms));
  std::string key = create_key(fresh);
  CHECK(!fresh.list_keys({1000, {}}).keys.empty());
  fresh.list_aliases({});
  CHECK_EQ(values("no record at all").size(), 1U);
}

}  // namespace

int main() {
  SoftHsm hsm;
  return RUN_TESTS(
      "catalog", TEST(another_instance_sees_a_change_after_refresh),
      TEST(key_disabled_elsewhere_stops_being_usable), TEST(own_changes_are_seen_at_once),
      TEST(failed_look_up_is_remembered_for_refresh), TEST(record_that_vanished_is_not_found),
      TEST(change_leaves_one_revision), TEST(superseded_revision_is_not_read),
      TEST(higher_revision_holds), TEST(two_equal_revisions_are_read_alike),
      TEST(damaged_key_is_named_and_the_others_live),
      TEST(damaged_alias_is_named_and_the_others_live), TEST(record_under_a_wrong_label_is_damaged),
      TEST(public_objects_are_no_records), TEST(foreign_objects_are_left_alone));
}
