// SPDX-License-Identifier: Apache-2.0
// GetKeyPolicy, in KMS's words.
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

void a_key_has_the_default_policy() {
  const std::string key = create_key(service());
  const Json answer = request(service(), "GetKeyPolicy", {{"KeyId", key}});
  CHECK(answer["PolicyName"] == "default");
  const std::string policy(std::string_view(answer["Policy"].get_ref<const Json::string_t&>()));
  CHECK_EQ(policy,
           R"({"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User )"
           R"(Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},)"
           R"("Action":"kms:*","Resource":"*"}]})");
  CHECK(request(service(), "GetKeyPolicy", {{"KeyId", key}, {"PolicyName", "default"}}) == answer);
}

void other_names_are_not_found() {
  const std::string key = create_key(service());
  CHECK_WORDS(NotFound, "No such policy exists",
              request(service(), "GetKeyPolicy", {{"KeyId", key}, {"PolicyName", "other"}}));
  CHECK_WORDS(Validation,
              "1 validation error detected: Value at 'policyName' failed to satisfy constraint: "
              "Member must satisfy regular expression pattern: [\\w]+",
              request(service(), "GetKeyPolicy", {{"KeyId", key}, {"PolicyName", "a b"}}));
}

void the_key_is_there() {
  const std::string key = create_key(service());
  service().create_alias({"alias/policy", key});
  CHECK_WORDS(NotFound, "Invalid keyId 'alias/policy'",
              request(service(), "GetKeyPolicy", {{"KeyId", "alias/policy"}}));
  service().schedule_key_deletion({key, {}});
  CHECK(request(service(), "GetKeyPolicy", {{"KeyId", key}}).contains("Policy"));
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("kms get_key_policy", TEST(a_key_has_the_default_policy),
                   TEST(other_names_are_not_found), TEST(the_key_is_there));
}
