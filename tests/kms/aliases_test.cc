// SPDX-License-Identifier: Apache-2.0
// CreateAlias, UpdateAlias, DeleteAlias, ListAliases.
#include <atomic>
#include <thread>

#include "kms/object_requests.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;

Service& service() {
  static Service kms(load_config());
  return kms;
}

void create(const std::string& name, const std::string& target) {
  service().create_alias({name, target});
}
void update(const std::string& name, const std::string& target) {
  service().update_alias({name, target});
}
void remove(const std::string& name) {
  service().delete_alias({name});
}

std::vector<kms::AliasListEntry> list(const std::optional<std::string>& key_id = {},
                                      std::optional<std::int64_t> limit = 100) {
  std::vector<kms::AliasListEntry> aliases;
  std::optional<std::string> marker;
  do {
    auto page = service().list_aliases({key_id, limit, marker});
    CHECK_EQ(page.truncated, !page.next_marker.empty());
    aliases.insert(aliases.end(), page.aliases.begin(), page.aliases.end());
    marker = page.next_marker;
  } while (!marker->empty());
  return aliases;
}

std::string target_of(const std::string& name) {
  return service().describe_key({name, {}}).key_metadata.key_id;
}

void alias_names_its_key() {
  std::string key = create_key(service());
  auto before = std::chrono::system_clock::now() - std::chrono::milliseconds(1);
  create("alias/app", key);
  CHECK_EQ(target_of("alias/app"), key);
  auto aliases = list(key);
  CHECK_EQ(aliases.size(), 1U);
  CHECK_EQ(aliases[0].alias_name, "alias/app");
  CHECK_EQ(aliases[0].alias_arn, alias_arn("alias/app"));
  CHECK_EQ(aliases[0].target_key_id, key);
  CHECK(aliases[0].creation_date >= before);
  CHECK(aliases[0].last_updated_date == aliases[0].creation_date);
}

void updated_alias_names_the_new_key() {
  std::string a = create_key(service());
  std::string b = create_key(service());
  create("alias/moves", a);
  auto created = list(a)[0].creation_date;
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  update("alias/moves", key_arn(b));
  CHECK_EQ(target_of("alias/moves"), b);
  CHECK(list(a).empty());
  auto entry = list(b).at(0);
  CHECK(entry.creation_date == created);
  CHECK(entry.last_updated_date > created);
  update("alias/moves", b);  // to the same key: nothing to say against it
  CHECK_EQ(target_of("alias/moves"), b);
}

void deleted_alias_is_gone_and_may_come_again() {
  std::string a = create_key(service());
  std::string b = create_key(service());
  create("alias/again", a);
  remove("alias/again");
  const std::string words = "Alias " + alias_arn("alias/again") + " is not found.";
  CHECK_WORDS(NotFound, words, target_of("alias/again"));
  CHECK_WORDS(NotFound, words, remove("alias/again"));
  CHECK_WORDS(NotFound, words, update("alias/again", b));
  create("alias/again", b);
  CHECK_EQ(target_of("alias/again"), b);
}

void existing_name_is_refused() {
  std::string key = create_key(service());
  create("alias/taken", key);
  CHECK_WORDS(AlreadyExists,
              "An alias with the name " + alias_arn("alias/taken") + " already exists",
              create("alias/taken", create_key(service())));
  CHECK_EQ(target_of("alias/taken"), key);
  // Names are case-sensitive.
  create("alias/Taken", create_key(service()));
  CHECK_EQ(target_of("alias/taken"), key);
}

void names_follow_kms_rules() {
  std::string key = create_key(service());
  const std::string prefix =
      "Alias must start with the prefix \"alias/\". Please see "
      "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
  for (const char* name : {"app", "Alias/app", "alias", "alias/", "/alias/app", " alias/app"}) {
    CHECK_WORDS(Validation, prefix, create(name, key));
    CHECK_WORDS(Validation, prefix, update(name, key));
    CHECK_WORDS(Validation, prefix, remove(name));
  }
  const std::string pattern =
      "1 validation error detected: Value at 'aliasName' failed to satisfy constraint: Member "
      "must satisfy regular expression pattern: ^[a-zA-Z0-9/_-]+$";
  for (const std::string& name :
       {std::string("alias/a b"), std::string("alias/a:b"), std::string("alias/a.b"),
        std::string("alias/\u00e9"), std::string("alias/a\n"), std::string("alias/a\0b", 9)}) {
    CHECK_WORDS(Validation, pattern, create(name, key));
    CHECK_WORDS(Validation, pattern, update(name, key));
    CHECK_WORDS(Validation, pattern, remove(name));
  }
  const std::string length =
      "1 validation error detected: Value at 'aliasName' failed to satisfy constraint: Member "
      "must have length ";
  CHECK_WORDS(Validation, length + "greater than or equal to 1", create("", key));
  std::string longest = "alias/" + std::string(250, 'x');
  CHECK_WORDS(Validation, length + "less than or equal to 256", create(longest + "x", key));
  for (const std::string& name :
       {longest, std::string("alias/a"), std::string("alias/a/b//c/"), std::string("alias/-_0Z"),
        std::string("alias/alias/a"), std::string("alias/aws"), std::string("alias/awsome/x")}) {
    create(name, key);
    CHECK_EQ(target_of(name), key);
    remove(name);
  }
}

void aws_names_are_reserved() {
  std::string key = create_key(service());
  CHECK_ERROR(InvalidAliasName, create("alias/aws/s3", key));
  CHECK_ERROR(InvalidAliasName, update("alias/aws/s3", key));
  CHECK_ERROR(NotFound, remove("alias/aws/s3"));
}

void target_must_exist_and_stay() {
  const std::string unknown = "00000000-0000-4000-8000-000000000000";
  CHECK_WORDS(NotFound, "Key '" + key_arn(unknown) + "' does not exist",
              create("alias/x", unknown));
  std::string going = create_key(service());
  std::string staying = create_key(service());
  create("alias/leaves", going);
  service().schedule_key_deletion({going, {}});
  const std::string pending = key_arn(going) + " is pending deletion.";
  CHECK_WORDS(KMSInvalidState, pending, create("alias/x", going));
  create("alias/stays", staying);
  CHECK_WORDS(KMSInvalidState, pending, update("alias/stays", going));
  CHECK_EQ(target_of("alias/stays"), staying);
  // Away from a key that is pending deletion it may go, and be deleted.
  CHECK_EQ(target_of("alias/leaves"), going);
  update("alias/leaves", staying);
  CHECK_EQ(target_of("alias/leaves"), staying);
  service().disable_key({staying});
  create("alias/of-disabled", staying);
  remove("alias/of-disabled");
}

// The caller who names the source by an alias means the alias's present key.
void retargeted_alias_is_the_wrong_key() {
  std::string a = create_key(service());
  std::string b = create_key(service());
  create("alias/source", a);
  Bytes blob = encrypt(service(), "alias/source", secret("text"));
  update("alias/source", b);
  const std::string words =
      "The key ID in the request does not identify a CMK that can perform this operation.";
  CHECK_WORDS(IncorrectKey, words, decrypt(service(), blob, {}, "alias/source"));
  auto request = move_to(b, blob);
  request.source_key_id = "alias/source";
  CHECK_WORDS(IncorrectKey, words, service().re_encrypt(request));
  // The blob itself knows better, and the destination's alias is what rotation by alias needs.
  CHECK(decrypt(service(), blob) == "text");
  Bytes moved = service().re_encrypt(move_to("alias/source", blob)).ciphertext_blob;
  CHECK(decrypt(service(), moved, {}, b) == "text");
}

void list_by_key_has_only_its_own() {
  std::string a = create_key(service());
  std::string b = create_key(service());
  for (const char* name : {"alias/of-a/2", "alias/of-a/1", "alias/of-a/3"}) create(name, a);
  create("alias/of-b", b);
  auto of_a = list(a);
  CHECK_EQ(of_a.size(), 3U);
  CHECK_EQ(of_a[0].alias_name, "alias/of-a/1");
  CHECK_EQ(of_a[2].alias_name, "alias/of-a/3");
  CHECK_EQ(list(key_arn(b)).size(), 1U);
  CHECK(list(create_key(service())).empty());
  CHECK_ERROR(NotFound, list("00000000-0000-4000-8000-000000000000"));
}

void pages_have_every_alias_once_and_in_order() {
  std::string key = create_key(service());
  for (int i = 0; i < 110; ++i) create("alias/page-" + std::to_string(1000 + i), key);
  for (std::int64_t limit : {1, 7, 109, 110, 1000}) {
    auto all = list(key, limit);
    CHECK_EQ(all.size(), 110U);
    for (int i = 0; i < 110; ++i)
      CHECK_EQ(all[static_cast<std::size_t>(i)].alias_name,
               "alias/page-" + std::to_string(1000 + i));
  }
  // KMS: 50 if nothing is said, and never more than 100.
  CHECK_EQ(service().list_aliases({key, {}, {}}).aliases.size(), 50U);
  CHECK_EQ(service().list_aliases({key, 1000, {}}).aliases.size(), 100U);
  CHECK_ERROR(Validation, service().list_aliases({key, 0, {}}));
  CHECK_ERROR(Validation, service().list_aliases({key, 1001, {}}));
  CHECK_ERROR(InvalidMarker, service().list_aliases({key, {}, "***"}));
  const std::string words =
      "' failed to satisfy constraint: Member must have length greater than or equal to 1";
  CHECK_WORDS(Validation, "1 validation error detected: Value at 'marker" + words,
              service().list_aliases({key, {}, ""}));
  CHECK_WORDS(Validation, "1 validation error detected: Value at 'keyId" + words,
              service().list_aliases({"", {}, {}}));
  auto first = service().list_aliases({key, 5, {}});
  remove(first.aliases.back().alias_name);
  CHECK_EQ(service().list_aliases({key, 5, first.next_marker}).aliases[0].alias_name,
           "alias/page-1005");
}

// Only one of those who want a name at once gets a key, and nothing is left of the others'.
void loser_of_a_race_for_a_name_makes_no_key() {
  const RawSession raw;
  service().call(kms::CreateNamedKeyRequest{"alias/first"});
  const std::size_t before = raw.count();
  service().call(kms::CreateNamedKeyRequest{"alias/alone"});
  const std::size_t one = raw.count() - before;
  for (int round = 0; round < 5; ++round) {
    const std::string name = "alias/race-" + std::to_string(round);
    std::atomic<int> made = 0;
    std::atomic<int> refused = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        try {
          service().call(kms::CreateNamedKeyRequest{name});
          ++made;
        } catch (const Error& error) {
          if (error.code() == ErrorCode::AlreadyExists) ++refused;
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK_EQ(made.load(), 1);
    CHECK_EQ(refused.load(), 3);
  }
  CHECK_EQ(raw.count(), before + 6 * one);
}

// What another process did meanwhile must not live on in this one's memory of the name.
void name_made_anew_is_not_confused_with_the_old_one() {
  Config config = load_config();
  config.refresh = std::chrono::hours(1);
  Service slow(config);
  std::string a = create_key(slow);
  std::string b = create_key(slow);
  slow.create_alias({"alias/anew", a});
  CHECK_EQ(slow.describe_key({"alias/anew", {}}).key_metadata.key_id, a);
  remove("alias/anew");  // another instance
  slow.create_alias({"alias/anew", b});
  CHECK_EQ(slow.describe_key({"alias/anew", {}}).key_metadata.key_id, b);
}

}  // namespace

int main() {
  SoftHsm hsm;
  return RUN_TESTS(
      "aliases", TEST(alias_names_its_key), TEST(updated_alias_names_the_new_key),
      TEST(deleted_alias_is_gone_and_may_come_again), TEST(existing_name_is_refused),
      TEST(names_follow_kms_rules), TEST(aws_names_are_reserved), TEST(target_must_exist_and_stay),
      TEST(retargeted_alias_is_the_wrong_key), TEST(list_by_key_has_only_its_own),
      TEST(pages_have_every_alias_once_and_in_order), TEST(loser_of_a_race_for_a_name_makes_no_key),
      TEST(name_made_anew_is_not_confused_with_the_old_one));
}
