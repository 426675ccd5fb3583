// SPDX-License-Identifier: Apache-2.0
// TagResource, in KMS's words.
#include "request.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

Service& service() {
  static Service instance(load_config());
  return instance;
}

void tag(const std::string& key, const std::vector<std::pair<std::string, std::string>>& tags) {
  Json list = Json::array();
  for (const auto& [name, value] : tags) list.push_back({{"TagKey", name}, {"TagValue", value}});
  request(service(), "TagResource", {{"KeyId", key}, {"Tags", list}});
}
std::map<std::string, std::string> tags_of(const std::string& key) {
  return service().home().catalog.key(key)->tags;
}

void tags_are_added_and_replaced() {
  const std::string key = create_key(service());
  tag(key, {{"Team", "Payments"}, {"Empty", ""}});
  tag(service().describe_key({key, {}}).key_metadata.arn, {{"Team", "F\xc3\xbcr"}});
  CHECK(tags_of(key) ==
        (std::map<std::string, std::string>{{"Team", "F\xc3\xbcr"}, {"Empty", ""}}));
  tag(key, {});
  CHECK_EQ(tags_of(key).size(), 2U);
  // Everything else of the key is as it was, and what is encrypted can be decrypted.
  CHECK_EQ(decrypt(service(), encrypt(service(), key, "x")), "x");
}

void a_new_key_has_tags() {
  const auto create = [](const Json& tags) {
    return request(service(), "CreateKey", {{"Tags", tags}})["KeyMetadata"]["KeyId"];
  };
  const Json tags = {{{"TagKey", "Team"}, {"TagValue", "Payments"}},
                     {{"TagKey", "Empty"}, {"TagValue", ""}}};
  CHECK(tags_of(create(tags).get<std::string>()) ==
        (std::map<std::string, std::string>{{"Team", "Payments"}, {"Empty", ""}}));
  const auto keys = [] { return service().list_keys({1000, {}}).keys.size(); };
  const std::size_t before = keys();
  CHECK_WORDS(Tag, "Tags beginning with aws: are reserved",
              create(Json::array({{{"TagKey", "aws:x"}, {"TagValue", ""}}})));
  Json many = Json::array();
  for (int i = 0; i < 51; ++i)
    many.push_back({{"TagKey", "n" + std::to_string(i)}, {"TagValue", ""}});
  CHECK_WORDS(Tag, "Too many tags", create(many));
  CHECK_EQ(keys(), before);
}

void bad_tags_change_nothing() {
  const std::string key = create_key(service());
  CHECK_WORDS(Tag, "Tags beginning with aws: are reserved", tag(key, {{"a", "b"}, {"aws:x", ""}}));
  CHECK_WORDS(Tag, "Duplicate tag keys", tag(key, {{"a", "1"}, {"a", "2"}}));
  CHECK_WORDS(Validation,
              "2 validation errors detected: Value at 'tags.1.member.tagKey' failed to satisfy "
              "constraint: Member must have length greater than or equal to 1; Value at "
              "'tags.2.member.tagValue' failed to satisfy constraint: Member must have length less "
              "than or equal to 256",
              tag(key, {{"", "b"}, {"a", std::string(257, 'x')}}));
  CHECK_WORDS(Validation,
              "1 validation error detected: Value null at 'tags.1.member.tagValue' failed to "
              "satisfy constraint: Member must not be null",
              request(service(), "TagResource",
                      {{"KeyId", key}, {"Tags", Json::array({{{"TagKey", "a"}}})}}));
  CHECK(tags_of(key).empty());
}

void a_key_has_fifty_tags_at_most() {
  const std::string key = create_key(service());
  std::vector<std::pair<std::string, std::string>> fifty;
  for (int i = 0; i < 50; ++i)
    fifty.emplace_back(std::string(120, 'n') + std::to_string(i), std::string(256, 'v'));
  tag(key, fifty);
  CHECK_EQ(tags_of(key).size(), 50U);
  CHECK_WORDS(Tag, "Too many tags", tag(key, {{"one more", ""}}));
  tag(key, {{fifty[0].first, "new"}});
  CHECK_EQ(tags_of(key).at(fifty[0].first), "new");
}

void the_key_is_there_and_stays() {
  const std::string key = create_key(service());
  service().create_alias({"alias/tagged", key});
  CHECK_WORDS(NotFound, "Invalid keyId 'alias/tagged'", tag("alias/tagged", {{"a", "b"}}));
  service().schedule_key_deletion({key, {}});
  CHECK_ERROR(KMSInvalidState, tag(key, {{"a", "b"}}));
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("kms tag_resource", TEST(tags_are_added_and_replaced), TEST(a_new_key_has_tags),
                   TEST(bad_tags_change_nothing), TEST(a_key_has_fifty_tags_at_most),
                   TEST(the_key_is_there_and_stays));
}
