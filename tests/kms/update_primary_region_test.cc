// SPDX-License-Identifier: Apache-2.0
// UpdatePrimaryRegion: a replica becomes the primary key of a multi-Region key.
#include "kms/check.h"
#include "multi_region.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

void update(Service& service, const std::string& key, const std::string& region) {
  request(service, "UpdatePrimaryRegion", {{"KeyId", key}, {"PrimaryRegion", region}});
}

std::string replicated() {
  std::string key = create_multi_region(at_home());
  replicate(at_home(), key);
  return key;
}

std::string primary_of(Service& service, const std::string& key) {
  return describe(service, key)["MultiRegionConfiguration"]["PrimaryKey"]["Region"]
      .get<std::string>();
}

void the_replica_becomes_the_primary() {
  const std::string key = replicated();
  const Bytes blob = encrypt(at_home(), key, "secret");
  update(at_home(), key, kAway);
  for (Service* service : {&at_home(), &away()}) {
    const Json told = describe(*service, key)["MultiRegionConfiguration"];
    CHECK_EQ(told["PrimaryKey"]["Arn"].get<std::string>(), arn_in(kAway, key));
    CHECK_EQ(told["ReplicaKeys"][0]["Arn"].get<std::string>(), arn_in(kHome, key));
    CHECK_EQ(told["MultiRegionKeyType"].get<std::string>(),
             service == &away() ? "PRIMARY" : "REPLICA");
    CHECK_EQ(decrypt(*service, blob), "secret");
  }
  CHECK_WORDS(UnsupportedOperation, arn_in(kHome, key) + " is not a multi-region primary key.",
              update(at_home(), key, kAway));
  update(away(), key, kHome);
  CHECK_EQ(primary_of(away(), key), kHome);
}

void what_is_refused() {
  const std::string key = replicated();
  const std::string alone = create_multi_region(at_home());
  const std::string single = create_key(at_home());
  CHECK_WORDS(UnsupportedOperation, arn_in(kHome, single) + " is not a multi-region primary key.",
              update(at_home(), single, kAway));
  CHECK_WORDS(NotFound, "Key '" + arn_in(kAway, alone) + "' does not exist",
              update(at_home(), alone, kAway));
  CHECK_WORDS(NotFound, "Key '" + arn_in("mars-north-1", key) + "' does not exist",
              update(at_home(), key, "mars-north-1"));
  CHECK_ERROR(UnsupportedOperation, update(at_home(), key, kHome));
  away().disable_key({key});
  CHECK_WORDS(Disabled, arn_in(kAway, key) + " is disabled.", update(at_home(), key, kAway));
  away().enable_key({key});
  at_home().schedule_key_deletion({key, {}});
  CHECK_WORDS(KMSInvalidState, arn_in(kHome, key) + " is pending deletion.",
              update(at_home(), key, kAway));
  CHECK_EQ(primary_of(at_home(), key), kHome);
}

// The primary key has the schedule of the rotation.
void automatic_rotation_goes_along() {
  const std::string key = replicated();
  request(at_home(), "EnableKeyRotation", {{"KeyId", key}, {"RotationPeriodInDays", 100}});
  const auto status = [&](Service& service) {
    return request(service, "GetKeyRotationStatus", {{"KeyId", key}});
  };
  const Json before = status(at_home());
  CHECK(status(away()) == before);
  update(at_home(), key, kAway);
  CHECK(status(at_home()) == before);
  CHECK(status(away()) == before);
  CHECK_ERROR(UnsupportedOperation, request(at_home(), "DisableKeyRotation", {{"KeyId", key}}));
  request(away(), "DisableKeyRotation", {{"KeyId", key}});
  CHECK(!status(at_home())["KeyRotationEnabled"].get<bool>());
  // The one that was the primary key before has none of its own left.
  for (const kms::TokenReport& report : kms::check(at_home(), {}))
    for (const std::string& problem : report.problems) throw Failure(problem);
}

// Whatever fails on the way: there is one primary key, and everybody says so.
void there_is_always_one_primary() {
  const std::string key = replicated();
  std::size_t failed = 0;
  for (unsigned long nth = 1;; ++nth) {
    fault_module().arm({.nth = nth, .rv = CKR_FUNCTION_FAILED});
    try {
      update(at_home(), key, kAway);
    } catch (const Error&) {
      ++failed;
    }
    const bool fired = fault_module().fired();
    fault_module().disarm();
    const std::string primary = primary_of(at_home(), key);
    CHECK_EQ(primary_of(away(), key), primary);
    if (primary == kAway) update(away(), key, kHome);
    CHECK_EQ(primary_of(away(), key), kHome);
    if (!fired) break;
  }
  CHECK(failed > 10);
}

}  // namespace

int main() {
  SoftHsm hsm({.module = fault_module_path()});
  make_token(kAwayLabel);
  return RUN_TESTS("kms update-primary-region", TEST(the_replica_becomes_the_primary),
                   TEST(what_is_refused), TEST(automatic_rotation_goes_along),
                   TEST(there_is_always_one_primary));
}
