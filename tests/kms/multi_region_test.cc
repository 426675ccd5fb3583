// SPDX-License-Identifier: Apache-2.0
// Multi-Region keys, in two tokens of one account: CreateKey, DescribeKey, and what goes from one
// region to the other. ReplicateKey and UpdatePrimaryRegion have tests of their own.
#include <set>

#include "multi_region.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

void ids_are_those_of_multi_region_keys() {
  const Json made = request(at_home(), "CreateKey", {{"MultiRegion", true}})["KeyMetadata"];
  const auto id = made["KeyId"].get<std::string>();
  CHECK_EQ(id.size(), 36U);
  CHECK(id.starts_with("mrk-"));
  CHECK_EQ(id.find_first_not_of("0123456789abcdef", 4), std::string::npos);
  CHECK_EQ(made["MultiRegion"].get<bool>(), true);
  const Json& regions = made["MultiRegionConfiguration"];
  CHECK_EQ(regions["MultiRegionKeyType"].get<std::string>(), "PRIMARY");
  CHECK_EQ(regions["PrimaryKey"]["Arn"].get<std::string>(), arn_in(kHome, id));
  CHECK_EQ(regions["PrimaryKey"]["Region"].get<std::string>(), kHome);
  CHECK_EQ(regions["ReplicaKeys"].size(), 0U);
  const Json described = describe(at_home(), id);
  CHECK(described == made);
}

void other_keys_say_that_they_are_none() {
  const Json made = request(at_home(), "CreateKey", Json::object())["KeyMetadata"];
  CHECK_EQ(made["MultiRegion"].get<bool>(), false);
  CHECK(!made.contains("MultiRegionConfiguration"));
  CHECK(!made.contains("PendingDeletionWindowInDays"));
  CHECK_EQ(made["KeyId"].get<std::string>().find("mrk-"), std::string::npos);
}

// Only what can be in another token as well.
void what_cannot_be_in_several_regions_is_refused() {
  const Json multi_region = {{"MultiRegion", true}};
  const auto refused = [&](Json more) {
    more.update(multi_region);
    CHECK_ERROR(UnsupportedOperation, request(at_home(), "CreateKey", more));
  };
  refused({{"Origin", "EXTERNAL_KEY_STORE"}, {"XksKeyId", "nothing"}});
  refused({{"KeySpec", "RSA_2048"}, {"KeyUsage", "ENCRYPT_DECRYPT"}});
  refused({{"KeySpec", "ECC_NIST_P256"}, {"KeyUsage", "SIGN_VERIFY"}});
  kms::CreateKeyRequest enforced;
  enforced.multi_region = true;
  enforced.so_pin = secret(kSoPin);
  CHECK_ERROR(UnsupportedOperation, at_home().create_key(enforced));
}

// What lets it go to another token. Ordinary keys never have it.
void only_multi_region_keys_are_extractable() {
  const auto extractable = [&](const std::string& key) {
    std::string label = "trent/key/" + key;
    CK_BBOOL on_token = CK_TRUE;
    CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
    const RawSession session;
    const auto found = session.find({{CKA_LABEL, label.data(), label.size()},
                                     {CKA_TOKEN, &on_token, sizeof on_token},
                                     {CKA_CLASS, &secret_key, sizeof secret_key}});
    CHECK_EQ(found.size(), 1U);
    CHECK_EQ(session.attribute(found[0], CKA_SENSITIVE), std::string(1, CK_TRUE));
    CHECK_EQ(session.attribute(found[0], CKA_VALUE), "");
    CHECK(!session.attribute(found[0], CKA_ALLOWED_MECHANISMS).empty());
    return session.attribute(found[0], CKA_EXTRACTABLE) == std::string(1, CK_TRUE);
  };
  CHECK(extractable(create_multi_region(at_home())));
  CHECK(!extractable(create_key(at_home())));
}

// A caller says whose endpoint it wants; an ARN says it itself.
void bare_ids_are_of_the_callers_region() {
  const std::string here = create_key(at_home());
  const std::string there = create_key(away());
  CHECK_EQ(describe(away(), there)["Arn"].get<std::string>(), arn_in(kAway, there));
  CHECK_ERROR(NotFound, describe(away(), here));
  CHECK_ERROR(NotFound, describe(at_home(), there));
  CHECK_EQ(describe(at_home(), arn_in(kAway, there))["KeyId"].get<std::string>(), there);
  CHECK_WORDS(NotFound, "Key '" + arn_in(kAway, here) + "' does not exist",
              describe(at_home(), arn_in(kAway, here)));
  CHECK_WORDS(NotFound, "Invalid arn mars-north-1",
              describe(at_home(), arn_in("mars-north-1", here)));
}

void a_ciphertext_opens_in_each_region() {
  const std::string key = create_multi_region(at_home());
  const Bytes here = encrypt(at_home(), key, "secret", {{"a", "b"}});
  replicate(at_home(), key);
  CHECK_EQ(decrypt(away(), here, {{"a", "b"}}), "secret");
  CHECK_EQ(decrypt(away(), here, {{"a", "b"}}, key), "secret");
  CHECK_ERROR(InvalidCiphertext, decrypt(away(), here));
  const Bytes there = encrypt(away(), key, "other", {{"c", "d"}});
  CHECK_EQ(decrypt(at_home(), there, {{"c", "d"}}), "other");
  // Without a key id, it is the key of the caller's region that opens it.
  const Json opened =
      request(away(), "Decrypt",
              {{"CiphertextBlob", secret_to_base64(here)}, {"EncryptionContext", {{"a", "b"}}}});
  CHECK_EQ(opened["KeyId"].get<std::string>(), arn_in(kAway, key));
  away().disable_key({key});
  CHECK_ERROR(Disabled, decrypt(away(), here, {{"a", "b"}}));
  CHECK_EQ(decrypt(at_home(), here, {{"a", "b"}}), "secret");
}

void re_encrypt_in_the_other_region() {
  const std::string key = create_multi_region(at_home());
  const Bytes here = encrypt(at_home(), key, "secret");
  replicate(at_home(), key);
  const std::string other = create_key(away());
  const Json moved =
      request(away(), "ReEncrypt",
              {{"CiphertextBlob", secret_to_base64(here)}, {"DestinationKeyId", other}});
  CHECK_EQ(moved["SourceKeyId"].get<std::string>(), arn_in(kAway, key));
  CHECK_EQ(moved["KeyId"].get<std::string>(), arn_in(kAway, other));
  CHECK_EQ(decrypt(away(), bytes_of(moved["CiphertextBlob"])), "secret");
}

void macs_are_the_same_in_each_region() {
  for (const std::string bits : {"256", "384", "512"}) {
    const std::string key = request(at_home(), "CreateKey",
                                    {{"MultiRegion", true},
                                     {"KeySpec", "HMAC_" + bits},
                                     {"KeyUsage", "GENERATE_VERIFY_MAC"}})["KeyMetadata"]["KeyId"]
                                .get<std::string>();
    replicate(at_home(), key);
    Json json = {{"KeyId", key}, {"Message", "eA=="}, {"MacAlgorithm", "HMAC_SHA_" + bits}};
    json["Mac"] = request(at_home(), "GenerateMac", json)["Mac"];
    CHECK_EQ(request(away(), "VerifyMac", json)["KeyId"].get<std::string>(), arn_in(kAway, key));
  }
}

// Each has its own: of the token of an account in a region.
void policies_tags_aliases_and_grants_are_of_one_region() {
  const std::string key = create_multi_region(at_home());
  request(at_home(), "TagResource",
          {{"KeyId", key}, {"Tags", Json::array({{{"TagKey", "a"}, {"TagValue", "b"}}})}});
  at_home().create_alias({"alias/of-one", key});
  replicate(at_home(), key);
  CHECK_EQ(request(away(), "ListResourceTags", {{"KeyId", key}})["Tags"].size(), 0U);
  CHECK_ERROR(NotFound, describe(away(), "alias/of-one"));
  at_home().disable_key({key});
  CHECK_EQ(describe(away(), key)["KeyState"].get<std::string>(), "Enabled");
}

// A grant lets nobody use the related key, though that has the same id.
void a_grant_token_is_of_one_region() {
  const std::string key = create_multi_region(at_home());
  replicate(at_home(), key);
  const std::string user = std::string("arn:aws:iam::") + kAccount + ":user/grantee";
  const std::string policy =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::)" +
      std::string(kAccount) + R"(:root"},"Action":"kms:*","Resource":"*","Condition":)" +
      R"({"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::)" + kAccount + R"(:root"}}}]})";
  for (Service* service : {&at_home(), &away()})
    request(*service, "PutKeyPolicy", {{"KeyId", key}, {"Policy", policy}});
  const Json grant = request(
      at_home(), "CreateGrant",
      {{"KeyId", key}, {"GranteePrincipal", user}, {"Operations", Json::array({"DescribeKey"})}});
  kms::Caller grantee{user, kAccount};
  grantee.authentication = kms::Caller::Authentication::Signature;
  kms::DescribeKeyRequest describe{key, {grant["GrantToken"].get<std::string>()}};
  at_home().kms::Service::call(grantee, describe);
  describe.key_id = arn_in(kAway, key);
  CHECK_ERROR(AccessDenied, at_home().kms::Service::call(grantee, describe));
}

}  // namespace

int main() {
  SoftHsm hsm({.module = fault_module_path()});
  make_token(kAwayLabel);
  return RUN_TESTS(
      "kms multi-region", TEST(ids_are_those_of_multi_region_keys),
      TEST(other_keys_say_that_they_are_none), TEST(what_cannot_be_in_several_regions_is_refused),
      TEST(only_multi_region_keys_are_extractable), TEST(bare_ids_are_of_the_callers_region),
      TEST(a_ciphertext_opens_in_each_region), TEST(re_encrypt_in_the_other_region),
      TEST(macs_are_the_same_in_each_region),
      TEST(policies_tags_aliases_and_grants_are_of_one_region),
      TEST(a_grant_token_is_of_one_region));
}
