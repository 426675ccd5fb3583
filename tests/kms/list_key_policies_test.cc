// SPDX-License-Identifier: Apache-2.0
// ListKeyPolicies, in KMS's words.
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

void there_is_one_policy() {
  const std::string key = create_key(service());
  const Json answer = request(service(), "ListKeyPolicies", {{"KeyId", key}, {"Limit", 1}});
  CHECK_EQ(std::string(std::string_view(answer.dump())),
           R"({"PolicyNames":["default"],"Truncated":false})");
  CHECK_ERROR(InvalidMarker,
              request(service(), "ListKeyPolicies", {{"KeyId", key}, {"Marker", "bQ=="}}));
}

void the_key_is_there() {
  const std::string key = create_key(service());
  service().create_alias({"alias/policies", key});
  CHECK_WORDS(NotFound, "Invalid keyId 'alias/policies'",
              request(service(), "ListKeyPolicies", {{"KeyId", "alias/policies"}}));
  CHECK_ERROR(NotFound, request(service(), "ListKeyPolicies",
                                {{"KeyId", "00000000-0000-4000-8000-000000000000"}}));
  service().schedule_key_deletion({key, {}});
  CHECK_EQ(request(service(), "ListKeyPolicies", {{"KeyId", key}})["PolicyNames"].size(), 1U);
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("kms list_key_policies", TEST(there_is_one_policy), TEST(the_key_is_there));
}
