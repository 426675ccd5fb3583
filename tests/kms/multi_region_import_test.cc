// SPDX-License-Identifier: Apache-2.0
// Multi-Region keys with imported key material: the same material is imported in each region, and
// is deleted, expires and comes back there alone.
#include <chrono>
#include <functional>

#include "base/openssl.h"
#include "catalog/key_record.h"
#include "hsm/change_lock.h"
#include "import.h"
#include "kms/check.h"
#include "kms/rotation.h"
#include "multi_region.h"
#include "token_objects.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

const Json kMultiRegion = {{"MultiRegion", true}};
const Json kNew = {{"ImportType", "NEW_KEY_MATERIAL"}};
const Json kExisting = {{"ImportType", "EXISTING_KEY_MATERIAL"}};

std::string state(Service& service, const std::string& key) {
  return describe(service, key)["KeyState"].get<std::string>();
}

std::string current(Service& service, const std::string& key) {
  return describe(service, key)["CurrentKeyMaterialId"].get<std::string>();
}

// With material 1 in both regions.
std::string replicated() {
  std::string key = create_external(at_home(), kMultiRegion);
  import(at_home(), key, material_of(1));
  replicate(at_home(), key);
  import(away(), key, material_of(1));
  return key;
}

void remove(Service& service, const std::string& key, const std::string& material) {
  request(service, "DeleteImportedKeyMaterial", {{"KeyId", key}, {"KeyMaterialId", material}});
}

void rotate(Service& service, const std::string& key) {
  request(service, "RotateKeyOnDemand", {{"KeyId", key}});
}

// "CURRENT IMPORTED, ..."
std::string listed(Service& service, const std::string& key) {
  std::string text;
  const Json answer = request(service, "ListKeyRotations",
                              {{"KeyId", key}, {"IncludeKeyMaterial", "ALL_KEY_MATERIAL"}});
  for (const Json& entry : answer["Rotations"])
    text += (text.empty() ? "" : ", ") + entry["KeyMaterialState"].get<std::string>() + " " +
            entry["ImportState"].get<std::string>();
  return text;
}

void each_opens_what_the_other_makes(const std::string& key) {
  CHECK_EQ(decrypt(away(), encrypt(at_home(), key, "from home"), {}, key), "from home");
  CHECK_EQ(decrypt(at_home(), encrypt(away(), key, "from away"), {}, key), "from away");
}

void check_healthy() {
  for (const kms::TokenReport& report : kms::check(at_home(), {}))
    for (const std::string& problem : report.problems) throw Failure(problem);
}

void a_replica_waits_for_the_same_material() {
  const std::string key = create_external(at_home(), kMultiRegion);
  CHECK_WORDS(KMSInvalidState, arn_in(kHome, key) + " is pending import.",
              replicate(at_home(), key));
  const std::string id = import(at_home(), key, material_of(1));
  const Bytes blob = encrypt(at_home(), key, "secret");
  const Json made = replicate(at_home(), key)["ReplicaKeyMetadata"];
  CHECK_EQ(made["KeyState"].get<std::string>(), "PendingImport");
  CHECK_EQ(made["Origin"].get<std::string>(), "EXTERNAL");
  CHECK(describe(away(), key) == made);
  CHECK_EQ(listed(away(), key), "CURRENT PENDING_IMPORT");
  check_healthy();
  // Nor does the other region step in.
  const std::string words = arn_in(kAway, key) + " is pending import.";
  CHECK_WORDS(KMSInvalidState, words, decrypt(away(), blob, {}, key));
  CHECK_WORDS(KMSInvalidState, words, decrypt(away(), blob));

  CHECK_ERROR(IncorrectKeyMaterial, import(away(), key, material_of(2)));
  CHECK_WORDS(UnsupportedOperation, arn_in(kAway, key) + " is not a multi-region primary key.",
              import(away(), key, material_of(1), kNew));
  CHECK_EQ(import(away(), key, material_of(1)), id);
  CHECK_EQ(state(away(), key), "Enabled");
  CHECK_EQ(decrypt(away(), blob), "secret");
  each_opens_what_the_other_makes(key);
  check_healthy();
}

// It is brought to each region, so no token has to let it out.
void the_material_is_not_extractable() {
  const std::string key = replicated();
  for (const std::string& token : {std::string(kTokenLabel), kAwayLabel}) {
    const RawSession raw(token);
    const auto found = materials(raw, key_label(key));
    CHECK_EQ(found.size(), 1U);
    CHECK_EQ(raw.attribute(found[0], CKA_EXTRACTABLE), std::string(1, CK_FALSE));
  }
}

void it_is_deleted_and_expires_in_one_region() {
  const std::string key = replicated();
  const Bytes blob = encrypt(at_home(), key, "secret");
  remove(away(), key, current(away(), key));
  CHECK_EQ(state(away(), key), "PendingImport");
  CHECK_EQ(state(at_home(), key), "Enabled");
  CHECK_EQ(decrypt(at_home(), blob), "secret");
  CHECK_ERROR(KMSInvalidState, decrypt(away(), blob));
  CHECK_ERROR(KMSInvalidState, request(at_home(), "UpdatePrimaryRegion",
                                       {{"KeyId", key}, {"PrimaryRegion", kAway}}));
  const auto valid_to = std::chrono::duration_cast<std::chrono::seconds>(
      catalog::now().time_since_epoch() + std::chrono::hours(1));
  import(away(), key, material_of(1), {{ "ValidTo", valid_to.count() }});
  CHECK_EQ(describe(away(), key)["ExpirationModel"].get<std::string>(), "KEY_MATERIAL_EXPIRES");
  CHECK_EQ(describe(at_home(), key)["ExpirationModel"].get<std::string>(),
           "KEY_MATERIAL_DOES_NOT_EXPIRE");
  CHECK_EQ(decrypt(away(), blob), "secret");
  // The replicas stay as they are where the primary key's goes.
  remove(at_home(), key, current(at_home(), key));
  kms::rotate_due(at_home(), false);
  CHECK_EQ(decrypt(away(), blob, {}, key), "secret");
  check_healthy();
}

void a_rotation_takes_what_all_regions_have() {
  const std::string key = replicated();
  const std::string before = current(at_home(), key);
  const Bytes old = encrypt(away(), key, "old");
  CHECK_ERROR(KMSInvalidState, rotate(at_home(), key));
  const std::string next = import(at_home(), key, material_of(2), kNew);
  for (Service* service : {&at_home(), &away()}) {
    CHECK_EQ(current(*service, key), before);
    CHECK_EQ(state(*service, key), "Enabled");
  }
  CHECK_EQ(listed(at_home(), key),
           "CURRENT IMPORTED, PENDING_MULTI_REGION_IMPORT_AND_ROTATION IMPORTED");
  CHECK_EQ(listed(away(), key),
           "CURRENT IMPORTED, PENDING_MULTI_REGION_IMPORT_AND_ROTATION PENDING_IMPORT");
  CHECK_WORDS(KMSInvalidState,
              "No available key material pending rotation for the key: " + arn_in(kAway, key) + ".",
              rotate(at_home(), key));
  CHECK_EQ(current(at_home(), key), before);
  each_opens_what_the_other_makes(key);

  CHECK_EQ(import(away(), key, material_of(2), kExisting), next);
  CHECK_EQ(listed(away(), key), "CURRENT IMPORTED, PENDING_ROTATION IMPORTED");
  CHECK_WORDS(UnsupportedOperation, arn_in(kAway, key) + " is not a multi-region primary key.",
              rotate(away(), key));
  rotate(at_home(), key);
  for (Service* service : {&at_home(), &away()}) {
    CHECK_EQ(current(*service, key), next);
    CHECK_EQ(listed(*service, key), "NON_CURRENT IMPORTED, CURRENT IMPORTED");
    CHECK_EQ(decrypt(*service, old), "old");
  }
  const Json rotations = {{"KeyId", key}};
  CHECK(request(at_home(), "ListKeyRotations", rotations) ==
        request(away(), "ListKeyRotations", rotations));
  each_opens_what_the_other_makes(key);
  check_healthy();
}

// As when the process is killed after the primary key was rotated. What the primary key has deleted
// since is not what waited in vain: it is in use.
void a_replica_that_was_left_behind_follows() {
  const std::string key = replicated();
  const auto before = away().home().catalog.key(key)->current;
  const std::string next = import(at_home(), key, material_of(2), kNew);
  import(away(), key, material_of(2));
  rotate(at_home(), key);
  const Bytes blob = encrypt(away(), key, "secret");
  kms::Account& account = away().home();
  account.catalog.change_key(hsm::ChangeLock(account.token), key, [&](catalog::KeyRecord& record) {
    record.staged = record.current;
    record.current = before;
  });
  CHECK(current(away(), key) != next);
  remove(at_home(), key, next);
  kms::rotate_due(at_home(), false);
  CHECK_EQ(current(away(), key), next);
  CHECK_EQ(decrypt(away(), blob), "secret");
  check_healthy();
}

// Of all regions, for it was never used.
void what_waits_is_given_up() {
  const RawSession raw(kAwayLabel);
  const std::string key = replicated();
  const std::string next = import(at_home(), key, material_of(2), kNew);
  import(away(), key, material_of(2));
  CHECK_EQ(materials(raw, key_label(key)).size(), 2U);
  remove(at_home(), key, next);
  CHECK_EQ(materials(raw, key_label(key)).size(), 1U);
  CHECK_ERROR(KMSInvalidState, rotate(at_home(), key));
  const std::string other = import(at_home(), key, material_of(3), kNew);
  CHECK_EQ(listed(away(), key),
           "CURRENT IMPORTED, PENDING_MULTI_REGION_IMPORT_AND_ROTATION PENDING_IMPORT");
  CHECK_ERROR(IncorrectKeyMaterial, import(away(), key, material_of(2)));
  import(away(), key, material_of(3));
  rotate(at_home(), key);
  CHECK_EQ(current(away(), key), other);
  CHECK_EQ(state(away(), key), "Enabled");
  check_healthy();
}

void another_key_becomes_the_primary() {
  const std::string key = replicated();
  import(at_home(), key, material_of(2), kNew);
  request(at_home(), "UpdatePrimaryRegion", {{"KeyId", key}, {"PrimaryRegion", kAway}});
  const std::string next = import(away(), key, material_of(2), kExisting);
  rotate(away(), key);
  CHECK_EQ(current(at_home(), key), next);
  each_opens_what_the_other_makes(key);
}

// SoftHSM cannot take keys of 28 bytes to another token, nor Trent key pairs yet.
void keys_of_each_kind() {
  const auto made = [](const std::string& spec, const std::string& usage,
                       const SecretBytes& material) {
    Json more = {{"KeySpec", spec}, {"KeyUsage", usage}};
    more.update(kMultiRegion);
    std::string key = create_external(at_home(), more);
    import(at_home(), key, parameters_for(at_home(), key, kKeyWrap), material);
    replicate(at_home(), key);
    import(away(), key, parameters_for(away(), key, kKeyWrap), material);
    return key;
  };
  const std::string mac_key = made("HMAC_224", "GENERATE_VERIFY_MAC", material_of(1, 28));
  Json mac = {{"KeyId", mac_key}, {"Message", "eA=="}, {"MacAlgorithm", "HMAC_SHA_224"}};
  mac["Mac"] = request(at_home(), "GenerateMac", mac)["Mac"];
  request(away(), "VerifyMac", mac);

  const std::string pair =
      made("ECC_NIST_P256", "SIGN_VERIFY", generate_curve_key_pair("P-256").private_key);
  Json signature = signing(pair, "a letter", "ECDSA_SHA_256");
  signature["Signature"] = request(away(), "Sign", signature)["Signature"];
  request(at_home(), "Verify", signature);
  CHECK(request(at_home(), "GetPublicKey", {{"KeyId", pair}})["PublicKey"] ==
        request(away(), "GetPublicKey", {{"KeyId", pair}})["PublicKey"]);
  check_healthy();
}

// Whether its material was imported shows in the object.
void a_lost_record_is_recovered() {
  const RawSession raw;
  const std::string key = replicated();
  const std::string made = create_multi_region(at_home());
  for (const std::string& each : {key, made})
    for (const Object& record : records(raw, key_label(each))) destroy(raw, record.handle);
  kms::CheckOptions options;
  options.repair = true;
  kms::check(at_home(), options);
  CHECK_EQ(describe(at_home(), key)["Origin"].get<std::string>(), "EXTERNAL");
  CHECK_EQ(describe(at_home(), made)["Origin"].get<std::string>(), "AWS_KMS");
  at_home().enable_key({key});
  each_opens_what_the_other_makes(key);
  check_healthy();
}

}  // namespace

int main() {
  SoftHsm hsm({.module = fault_module_path()});
  make_token(kAwayLabel);
  return RUN_TESTS(
      "kms multi-region import", TEST(a_replica_waits_for_the_same_material),
      TEST(the_material_is_not_extractable), TEST(it_is_deleted_and_expires_in_one_region),
      TEST(a_rotation_takes_what_all_regions_have), TEST(a_replica_that_was_left_behind_follows),
      TEST(what_waits_is_given_up), TEST(another_key_becomes_the_primary), TEST(keys_of_each_kind),
      TEST(a_lost_record_is_recovered));
}
