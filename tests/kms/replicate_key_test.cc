// SPDX-License-Identifier: Apache-2.0
// ReplicateKey: a multi-Region key in one more region.
#include "hsm/base_key_store.h"
#include "hsm/change_lock.h"
#include "kms/check.h"
#include "multi_region.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

std::size_t objects(const std::string& label) {
  return RawSession(label).count();
}

void the_replica_is_the_same_key() {
  const std::string key = create_multi_region(at_home());
  const Json made = replicate(at_home(), key);
  const Json& metadata = made["ReplicaKeyMetadata"];
  CHECK_EQ(metadata["KeyId"].get<std::string>(), key);
  CHECK_EQ(metadata["Arn"].get<std::string>(), arn_in(kAway, key));
  CHECK_EQ(metadata["KeyState"].get<std::string>(), "Enabled");
  CHECK_EQ(metadata["CurrentKeyMaterialId"].get<std::string>(),
           describe(at_home(), key)["CurrentKeyMaterialId"].get<std::string>());
  CHECK_EQ(made["ReplicaPolicy"].get<std::string>(), kms::default_key_policy(kAccount));
  CHECK_EQ(made["ReplicaTags"].size(), 0U);
  for (Service* service : {&at_home(), &away()}) {
    const Json told = describe(*service, key)["MultiRegionConfiguration"];
    CHECK_EQ(told["MultiRegionKeyType"].get<std::string>(),
             service == &at_home() ? "PRIMARY" : "REPLICA");
    CHECK_EQ(told["PrimaryKey"]["Arn"].get<std::string>(), arn_in(kHome, key));
    CHECK_EQ(told["ReplicaKeys"].size(), 1U);
    CHECK_EQ(told["ReplicaKeys"][0]["Arn"].get<std::string>(), arn_in(kAway, key));
    CHECK_EQ(told["ReplicaKeys"][0]["Region"].get<std::string>(), kAway);
  }
  CHECK(describe(away(), key) == metadata);
}

void what_is_of_one_region_is_said_for_it() {
  const std::string key = create_multi_region(at_home());
  const std::string policy = kms::default_key_policy(kAccount) + " ";
  const Json tags = Json::array({{{"TagKey", "a"}, {"TagValue", "b"}}});
  const Json made = request(at_home(), "ReplicateKey",
                            {{"KeyId", arn_in(kHome, key)},
                             {"ReplicaRegion", kAway},
                             {"Description", "over there"},
                             {"Policy", policy},
                             {"Tags", tags}});
  CHECK_EQ(made["ReplicaPolicy"].get<std::string>(), policy);
  CHECK(made["ReplicaTags"] == tags);
  CHECK_EQ(describe(away(), key)["Description"].get<std::string>(), "over there");
  CHECK_EQ(request(away(), "GetKeyPolicy", {{"KeyId", key}})["Policy"].get<std::string>(), policy);
  CHECK(request(away(), "ListResourceTags", {{"KeyId", key}})["Tags"] == tags);
  CHECK_EQ(describe(at_home(), key)["Description"].get<std::string>(), "");
}

// The policy of the replica is looked at as that of a new key.
void a_policy_that_locks_everybody_out_is_refused() {
  const std::string key = create_multi_region(at_home());
  Json json = {{"KeyId", key},
               {"ReplicaRegion", kAway},
               {"Policy", R"({"Version":"2012-10-17","Statement":[]})"}};
  CHECK_ERROR(MalformedPolicyDocument, request(at_home(), "ReplicateKey", json));
  CHECK_ERROR(NotFound, describe(away(), key));
}

void what_cannot_be_replicated() {
  const std::string key = create_multi_region(at_home());
  const std::string single = create_key(at_home());
  CHECK_WORDS(UnsupportedOperation, arn_in(kHome, single) + " is not a multi-region primary key.",
              replicate(at_home(), single));
  CHECK_ERROR(Validation, replicate(at_home(), key, "mars-north-1"));
  CHECK_ERROR(Validation, replicate(at_home(), key, "away"));
  const std::string there = "Unable to replicate key " + key + " to region ";
  CHECK_WORDS(AlreadyExists, there + kHome + ", as the key already exists there",
              replicate(at_home(), key, kHome));
  replicate(at_home(), key);
  CHECK_WORDS(AlreadyExists, there + kAway + ", as the key already exists there",
              replicate(at_home(), key));
  CHECK_WORDS(UnsupportedOperation, arn_in(kAway, key) + " is not a multi-region primary key.",
              replicate(away(), key, kHome));
  CHECK_ERROR(NotFound, replicate(at_home(), "mrk-00000000000000000000000000000000"));
  at_home().disable_key({key});
  CHECK_WORDS(Disabled, arn_in(kHome, key) + " is disabled.", replicate(at_home(), key));
}

// SoftHSM would make 32 bytes of them.
void a_key_that_would_come_out_longer_stays() {
  const std::string key = request(at_home(), "CreateKey",
                                  {{"MultiRegion", true},
                                   {"KeySpec", "HMAC_224"},
                                   {"KeyUsage", "GENERATE_VERIFY_MAC"}})["KeyMetadata"]["KeyId"]
                              .get<std::string>();
  try {
    replicate(at_home(), key);
    throw Failure("it was replicated");
  } catch (const Error& error) {
    CHECK_EQ(std::string(error.name()), "UnsupportedOperationException");
    CHECK(error.advice().find("HMAC_256") != std::string::npos);
    CHECK(error.advice().find("EXTERNAL") != std::string::npos);
  }
  CHECK_ERROR(NotFound, describe(away(), key));
}

// Of every call into the tokens.
void a_failure_on_the_way_leaves_nothing() {
  const std::string key = create_multi_region(at_home());
  replicate(at_home(), create_multi_region(at_home()));  // both are connected and known
  const std::size_t at = objects(kTokenLabel);
  const std::size_t there = objects(kAwayLabel);
  unsigned long failed = 0;
  for (unsigned long nth = 1;; ++nth) {
    fault_module().arm({.nth = nth, .rv = CKR_FUNCTION_FAILED});
    std::string what;
    bool done = false;
    try {
      replicate(at_home(), key);
      done = true;
    } catch (const Error&) {
      ++failed;
    }
    const bool fired = fault_module().fired();
    fault_module().disarm();
    if (done && !fired) break;
    if (!done) {
      CHECK_ERROR(NotFound, describe(away(), key));
      CHECK_EQ(objects(kTokenLabel), at);
      CHECK_EQ(objects(kAwayLabel), there);
      continue;
    }
    // It could go on without what failed. Away with it, as `trent purge` does.
    away().schedule_key_deletion({key, {}});
    kms::Account& account = away().home();
    const hsm::ChangeLock lock(account.token);
    const auto record = account.catalog.key(lock, key);
    for (const auto& label : {record->label(), catalog::staged_label(key)})
      hsm::destroy_key(account.token, label, record->current);
    account.token.forget_base_key(record->current);
    account.catalog.delete_key(lock, key, [](const catalog::KeyRecord*) { return true; });
  }
  CHECK(failed > 20);
  CHECK_EQ(describe(away(), key)["KeyId"].get<std::string>(), key);
}

// A policy that denies this, if the condition holds.
std::string denying(const std::string& action, const std::string& condition) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*",)"
         R"("Resource":"*"},{"Effect":"Deny","Principal":"*","Action":")" +
         action + R"(","Resource":"*","Condition":)" + condition + "}]}";
}

void policies_know_of_regions() {
  const auto put = [](Service& service, const std::string& key, const std::string& policy) {
    request(service, "PutKeyPolicy", {{"KeyId", key}, {"Policy", policy}});
  };
  const std::string key = create_multi_region(at_home());
  put(at_home(), key,
      denying("kms:ReplicateKey", R"({"StringEquals":{"kms:ReplicaRegion":")" + kAway + R"("}})"));
  CHECK_ERROR(AccessDenied, replicate(at_home(), key));
  put(at_home(), key, denying("kms:ReplicateKey", R"({"Bool":{"kms:MultiRegion":"true"}})"));
  CHECK_ERROR(AccessDenied, replicate(at_home(), key));
  put(at_home(), key,
      denying("kms:Encrypt", R"({"StringEquals":{"kms:MultiRegionKeyType":"REPLICA"}})"));
  const std::string policy =
      request(at_home(), "GetKeyPolicy", {{"KeyId", key}})["Policy"].get<std::string>();
  request(at_home(), "ReplicateKey",
          {{"KeyId", key}, {"ReplicaRegion", kAway}, {"Policy", policy}});
  encrypt(at_home(), key, "x");
  CHECK_ERROR(AccessDenied, encrypt(away(), key, "x"));
  put(at_home(), key,
      denying("kms:UpdatePrimaryRegion",
              R"({"StringEquals":{"kms:PrimaryRegion":")" + kAway + R"("}})"));
  CHECK_ERROR(AccessDenied, request(at_home(), "UpdatePrimaryRegion",
                                    {{"KeyId", key}, {"PrimaryRegion", kAway}}));
}

// Everything in the tokens proves to be what it is said to be.
void check_finds_nothing_wrong() {
  for (const kms::TokenReport& report : kms::check(at_home(), {}))
    for (const std::string& problem : report.problems) throw Failure(problem);
}

// What travels is wrapped: no call of this process's gives or takes a readable value of the key.
void the_material_is_never_readable() {
  const std::string key = create_multi_region(at_home());
  replicate(at_home(), key);
  std::string label = "trent/key/" + key;
  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  for (const std::string& token : {std::string(kTokenLabel), kAwayLabel}) {
    const RawSession session(token);
    const auto found = session.find(
        {{CKA_LABEL, label.data(), label.size()}, {CKA_CLASS, &secret_key, sizeof secret_key}});
    CHECK(!found.empty());
    for (const CK_OBJECT_HANDLE object : found) {
      CHECK_EQ(session.attribute(object, CKA_SENSITIVE), std::string(1, CK_TRUE));
      CHECK_EQ(session.attribute(object, CKA_VALUE), "");
    }
  }
}

}  // namespace

int main() {
  SoftHsm hsm({.module = fault_module_path()});
  make_token(kAwayLabel);
  return RUN_TESTS("kms replicate-key", TEST(the_replica_is_the_same_key),
                   TEST(what_is_of_one_region_is_said_for_it),
                   TEST(a_policy_that_locks_everybody_out_is_refused),
                   TEST(what_cannot_be_replicated), TEST(a_key_that_would_come_out_longer_stays),
                   TEST(a_failure_on_the_way_leaves_nothing), TEST(the_material_is_never_readable),
                   TEST(policies_know_of_regions), TEST(check_finds_nothing_wrong));
}
