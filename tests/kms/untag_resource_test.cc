// SPDX-License-Identifier: Apache-2.0
// UntagResource, in KMS's words.
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

void untag(const std::string& key, const std::vector<std::string>& names) {
  request(service(), "UntagResource", {{"KeyId", key}, {"TagKeys", names}});
}
std::string tagged_key() {
  const std::string key = create_key(service());
  request(service(), "TagResource",
          {{"KeyId", key},
           {"Tags", Json::array({{{"TagKey", "a"}, {"TagValue", "1"}},
                                 {{"TagKey", "b"}, {"TagValue", "2"}}})}});
  return key;
}
std::size_t tags_of(const std::string& key) {
  return service().home().catalog.key(key)->tags.size();
}

void tags_are_taken_away() {
  const std::string key = tagged_key();
  untag(key, {"b", "never there"});
  CHECK_EQ(tags_of(key), 1U);
  untag(key, {"a", "a"});
  CHECK_EQ(tags_of(key), 0U);
  untag(key, {});
}

void bad_names_change_nothing() {
  const std::string key = tagged_key();
  CHECK_WORDS(Tag, "Tags beginning with aws: are reserved", untag(key, {"a", "aws:b"}));
  CHECK_WORDS(Validation,
              "1 validation error detected: Value at 'tagKeys.2.member' failed to satisfy "
              "constraint: Member must have length less than or equal to 128",
              untag(key, {"a", std::string(129, 'x')}));
  CHECK_WORDS(Validation,
              "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: "
              "Member must not be null",
              request(service(), "UntagResource", {{"KeyId", key}}));
  CHECK_EQ(tags_of(key), 2U);
  service().schedule_key_deletion({key, {}});
  CHECK_ERROR(KMSInvalidState, untag(key, {"a"}));
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("kms untag_resource", TEST(tags_are_taken_away), TEST(bad_names_change_nothing));
}
