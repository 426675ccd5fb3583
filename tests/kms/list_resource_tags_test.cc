// SPDX-License-Identifier: Apache-2.0
// ListResourceTags, in KMS's words.
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

std::string tagged_key(int tags) {
  const std::string key = create_key(service());
  Json list = Json::array();
  for (int i = 0; i < tags; ++i)
    list.push_back({{"TagKey", "tag " + std::to_string(100 + i)}, {"TagValue", std::to_string(i)}});
  request(service(), "TagResource", {{"KeyId", key}, {"Tags", list}});
  return key;
}

void all_tags_are_listed_in_order() {
  const std::string key = tagged_key(3);
  const Json all = request(service(), "ListResourceTags", {{"KeyId", key}});
  CHECK_EQ(std::string(std::string_view(all.dump())),
           R"({"Tags":[{"TagKey":"tag 100","TagValue":"0"},{"TagKey":"tag 101","TagValue":"1"},)"
           R"({"TagKey":"tag 102","TagValue":"2"}],"Truncated":false})");
  const Json none = request(service(), "ListResourceTags", {{"KeyId", create_key(service())}});
  CHECK_EQ(std::string(std::string_view(none.dump())), R"({"Tags":[],"Truncated":false})");
}

void pages_hold_each_tag_once() {
  const std::string key = tagged_key(50);
  std::set<std::string> seen;
  Json query{{"KeyId", key}, {"Limit", 7}};
  for (int page = 0; page < 8; ++page) {
    const Json answer = request(service(), "ListResourceTags", query);
    CHECK_EQ(answer["Tags"].size(), page < 7 ? 7U : 1U);
    CHECK_EQ(answer["Truncated"].get<bool>(), page < 7);
    for (const Json& tag : answer["Tags"])
      CHECK(seen.insert(std::string(std::string_view(tag["TagKey"].dump()))).second);
    if (page < 7) query["Marker"] = answer["NextMarker"];
  }
  CHECK_EQ(seen.size(), 50U);
  CHECK_ERROR(InvalidMarker,
              request(service(), "ListResourceTags", {{"KeyId", key}, {"Marker", "no base64"}}));
}

void a_key_in_any_state_shows_its_tags() {
  const std::string key = tagged_key(1);
  service().create_alias({"alias/listed", key});
  CHECK_WORDS(NotFound, "Invalid keyId 'alias/listed'",
              request(service(), "ListResourceTags", {{"KeyId", "alias/listed"}}));
  service().schedule_key_deletion({key, {}});
  CHECK_EQ(request(service(), "ListResourceTags", {{"KeyId", key}})["Tags"].size(), 1U);
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("kms list_resource_tags", TEST(all_tags_are_listed_in_order),
                   TEST(pages_hold_each_tag_once), TEST(a_key_in_any_state_shows_its_tags));
}
