// SPDX-License-Identifier: Apache-2.0
// UpdateKeyDescription, in KMS's words.
#include "request.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;

Service& service() {
  static Service instance(load_config());
  return instance;
}

void update(const std::string& key, const std::string& description) {
  request(service(), "UpdateKeyDescription", {{"KeyId", key}, {"Description", description}});
}
std::string description_of(const std::string& key) {
  return service().describe_key({key, {}}).key_metadata.description;
}

void description_is_replaced() {
  const std::string key = create_key(service());
  update(key, "f\xc3\xbcr \"acme\"");
  CHECK_EQ(description_of(key), "f\xc3\xbcr \"acme\"");
  update(service().describe_key({key, {}}).key_metadata.arn, "");
  CHECK_EQ(description_of(key), "");
  // Another service sees it.
  Service other(load_config());
  update(key, "new");
  CHECK_EQ(other.describe_key({key, {}}).key_metadata.description, "new");
}

void limits_are_kms_own() {
  const std::string key = create_key(service());
  update(key, std::string(8192, 'x'));
  CHECK_WORDS(Validation,
              "1 validation error detected: Value at 'description' failed to satisfy constraint: "
              "Member must have length less than or equal to 8192",
              update(key, std::string(8193, 'x')));
  CHECK_WORDS(Validation,
              "1 validation error detected: Value null at 'description' failed to satisfy "
              "constraint: Member must not be null",
              request(service(), "UpdateKeyDescription", {{"KeyId", key}}));
  CHECK_EQ(description_of(key).size(), 8192U);
}

void the_key_is_there_and_stays() {
  const std::string key = create_key(service());
  service().create_alias({"alias/described", key});
  CHECK_WORDS(NotFound, "Invalid keyId 'alias/described'", update("alias/described", "x"));
  CHECK_ERROR(NotFound, update("00000000-0000-4000-8000-000000000000", "x"));
  service().disable_key({key});
  update(key, "disabled");
  service().schedule_key_deletion({key, {}});
  CHECK_ERROR(KMSInvalidState, update(key, "doomed"));
  CHECK_EQ(description_of(key), "disabled");
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("kms update_key_description", TEST(description_is_replaced),
                   TEST(limits_are_kms_own), TEST(the_key_is_there_and_stays));
}
