// SPDX-License-Identifier: Apache-2.0
// The one way into the KMS: who is asked before a key is used, and who is told afterwards.
#include <algorithm>
#include <map>
#include <set>

#include "import.h"
#include "kms/model/json.h"
#include "kms/object_requests.h"
#include "kms/operations/operations.h"
#include "multi_region.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Caller;
using kms::Json;
using kms::Watchers;
namespace model = kms::model;

struct Told {
  std::string operation;
  std::string principal;
  std::string error;
  std::string parameters;
};

// What the watchers of a service were asked and told.
struct Record {
  std::vector<std::pair<std::string, std::string>> asked;  // permission, ARN
  std::vector<Told> told;
  std::set<std::string> forbidden;

  Watchers watchers() {
    return {[this](const Caller&, std::string_view permission, const std::string& arn) {
              asked.emplace_back(permission, arn);
              if (forbidden.contains(std::string(permission)))
                throw Error(ErrorCode::AccessDenied, "no");
            },
            [this](const kms::Ended& ended) {
              told.push_back({std::string(ended.operation.name), ended.caller.principal,
                              ended.error == nullptr ? "" : ended.error->name(),
                              model::request_parameters(ended.operation, ended.request)});
            },
            {}};
  }
};

// A request of each operation that goes through, with its names filled in.
std::map<std::string, std::string> good_requests(Service& service, const std::string& round) {
  const std::string key = create_key(service);
  const std::string doomed = create_key(service);
  const std::string saved = create_key(service);
  service.schedule_key_deletion({saved, {}});
  service.create_alias({"alias/updated" + round, key});
  service.create_alias({"alias/deleted" + round, key});
  const std::string blob = to_base64(encrypt(service, key, "secret"));
  const std::string id = R"({"KeyId":")" + key + R"(")";
  const std::string signer = create(service, "ECC_NIST_P256", "SIGN_VERIFY");
  const std::string mac_key = create(service, "HMAC_256", "GENERATE_VERIFY_MAC");
  const auto grant = [&] {
    const Json made = request(service, "CreateGrant",
                              {{"KeyId", key},
                               {"GranteePrincipal", "arn:aws:iam::111122223333:user/alice"},
                               {"Operations", {"Encrypt"}}});
    return std::string(std::string_view(made["GrantId"].get_ref<const Json::string_t&>()));
  };
  const std::string agreement_key = create(service, "ECC_NIST_P256", "KEY_AGREEMENT");
  const auto text = [](const Json& json) { return std::string(std::string_view(json.dump())); };
  const Json to_sign = signing(signer, "letter", "ECDSA_SHA_256");
  Json to_verify = to_sign;
  to_verify["Signature"] = request(service, "Sign", to_sign)["Signature"];
  const Json to_mac = {
      {"KeyId", mac_key}, {"Message", "bWVzc2FnZQ=="}, {"MacAlgorithm", "HMAC_SHA_256"}};
  Json to_verify_mac = to_mac;
  to_verify_mac["Mac"] = request(service, "GenerateMac", to_mac)["Mac"];
  const Json to_agree = {
      {"KeyId", agreement_key},
      {"KeyAgreementAlgorithm", "ECDH"},
      {"PublicKey", request(service, "GetPublicKey", {{"KeyId", agreement_key}})["PublicKey"]}};
  const std::string external = create_external(service);
  const std::string related = create_multi_region(service);
  replicate(service, related);
  const Parameters parameters = parameters_for(service, external);
  return {
      {"DeleteImportedKeyMaterial", R"({"KeyId":")" + external + "\"}"},
      {"GetParametersForImport",
       text({{"KeyId", external}, {"WrappingAlgorithm", kOaep}, {"WrappingKeySpec", "RSA_2048"}})},
      {"ImportKeyMaterial",
       text(import_of(external, parameters, wrap(parameters, material_of(1))))},
      {"CancelKeyDeletion", R"({"KeyId":")" + saved + "\"}"},
      {"CreateAlias", R"({"AliasName":"alias/new)" + round + R"(","TargetKeyId":")" + key + "\"}"},
      {"CreateKey", R"({"Tags":[{"TagKey":"a","TagValue":"b"}]})"},
      {"Decrypt", R"({"CiphertextBlob":")" + blob + "\"}"},
      {"DeleteAlias", R"({"AliasName":"alias/deleted)" + round + "\"}"},
      {"DescribeKey", id + "}"},
      {"DisableKey", R"({"KeyId":")" + doomed + "\"}"},
      {"EnableKey", R"({"KeyId":")" + doomed + "\"}"},
      {"Encrypt", id + R"(,"Plaintext":"c2VjcmV0"})"},
      {"GenerateDataKey", id + R"(,"KeySpec":"AES_256"})"},
      {"GenerateDataKeyWithoutPlaintext", id + R"(,"NumberOfBytes":32})"},
      {"GenerateRandom", R"({"NumberOfBytes":32})"},
      {"ListAliases", "{}"},
      {"ListKeys", "{}"},
      {"ReEncrypt", R"({"CiphertextBlob":")" + blob + R"(","DestinationKeyId":")" + key + "\"}"},
      {"ReplicateKey", text({{"KeyId", create_multi_region(service)},
                             {"ReplicaRegion", kAway},
                             {"Tags", Json::array({{{"TagKey", "a"}, {"TagValue", "b"}}})}})},
      {"UpdatePrimaryRegion", text({{"KeyId", related}, {"PrimaryRegion", kAway}})},
      {"ScheduleKeyDeletion", R"({"KeyId":")" + doomed + "\"}"},
      {"Sign", text(to_sign)},
      {"Verify", text(to_verify)},
      {"GenerateMac", text(to_mac)},
      {"VerifyMac", text(to_verify_mac)},
      {"DeriveSharedSecret", text(to_agree)},
      {"GetPublicKey", R"({"KeyId":")" + signer + "\"}"},
      {"GenerateDataKeyPair", id + R"(,"KeyPairSpec":"ECC_NIST_P256"})"},
      {"GenerateDataKeyPairWithoutPlaintext", id + R"(,"KeyPairSpec":"ECC_NIST_P256"})"},
      {"RotateKeyOnDemand", id + "}"},
      {"EnableKeyRotation", id + "}"},
      {"DisableKeyRotation", id + "}"},
      {"GetKeyRotationStatus", id + "}"},
      {"ListKeyRotations", id + "}"},
      {"UpdateKeyDescription", id + R"(,"Description":"new"})"},
      {"TagResource", id + R"(,"Tags":[{"TagKey":"a","TagValue":"b"}]})"},
      {"UntagResource", id + R"(,"TagKeys":["a"]})"},
      {"ListResourceTags", id + "}"},
      {"ListKeyPolicies", id + "}"},
      {"GetKeyPolicy", id + "}"},
      {"PutKeyPolicy", text({{"KeyId", key}, {"Policy", kms::default_key_policy(kAccount)}})},
      {"CreateGrant",
       id + R"(,"GranteePrincipal":"arn:aws:iam::111122223333:user/a","Operations":["Encrypt"]})"},
      {"ListGrants", id + "}"},
      {"ListRetirableGrants", R"({"RetiringPrincipal":"arn:aws:iam::111122223333:user/a"})"},
      {"RetireGrant", id + R"(,"GrantId":")" + grant() + "\"}"},
      {"RevokeGrant", id + R"(,"GrantId":")" + grant() + "\"}"},
      {"UpdateAlias",
       R"({"AliasName":"alias/updated)" + round + R"(","TargetKeyId":")" + key + "\"}"},
  };
}

std::set<std::string> names(std::span<const std::string_view> permissions) {
  return {permissions.begin(), permissions.end()};
}

void each_operation_asks_for_what_it_says() {
  Record record;
  Service service(with_other_region(load_config()), {}, record.watchers());
  const auto requests = good_requests(service, "1");
  for (const model::Operation* operation : kms::operations::all()) {
    const auto request = requests.find(std::string(operation->name));
    if (request == requests.end())
      throw Failure(std::string(operation->name) + " has no request here");
    record.asked.clear();
    const SecretString response =
        service.kms::Service::call(service.caller(), *operation, request->second);
    CHECK_EQ(response.empty(), !operation->has_response());
    std::set<std::string> asked;
    for (const auto& [permission, arn] : record.asked) asked.insert(permission);
    CHECK(asked == names(operation->permissions));
  }
}

// A caller who may not is told so before anything happens, whatever the operation.
void who_may_not_changes_nothing() {
  Record record;
  Service service(with_other_region(load_config()), {}, record.watchers());
  const auto requests = good_requests(service, "2");
  const std::size_t keys = service.list_keys({1000, {}}).keys.size();
  for (const model::Operation* operation : kms::operations::all())
    for (const std::string_view permission : operation->permissions) {
      record.forbidden = {std::string(permission)};
      CHECK_ERROR(AccessDenied,
                  service.kms::Service::call(service.caller(), *operation,
                                             requests.at(std::string(operation->name))));
    }
  record.forbidden.clear();
  CHECK_EQ(service.list_keys({1000, {}}).keys.size(), keys);
  CHECK_EQ(service.describe_key({"alias/deleted2", {}}).key_metadata.key_state, "Enabled");
}

void both_keys_of_a_move_are_asked_for() {
  Record record;
  Service service(with_other_region(load_config()), {}, record.watchers());
  const std::string from = create_key(service);
  const std::string to = create_key(service);
  const Bytes blob = encrypt(service, from, "secret");
  record.asked.clear();
  re_encrypt(service, blob, to);
  CHECK_EQ(record.asked.size(), 2U);
  CHECK_EQ(record.asked[0].first, "kms:ReEncryptFrom");
  CHECK(record.asked[0].second.ends_with(":key/" + from));
  CHECK_EQ(record.asked[1].first, "kms:ReEncryptTo");
  CHECK(record.asked[1].second.ends_with(":key/" + to));
}

void every_request_is_told_once() {
  Record record;
  Service service(with_other_region(load_config()), {}, record.watchers());
  const std::string key = create_key(service);
  record.told.clear();
  encrypt(service, key, "secret", {{"tenant", "acme"}});
  CHECK_EQ(record.told.size(), 1U);
  CHECK_EQ(record.told[0].operation, "Encrypt");
  CHECK_EQ(record.told[0].principal, service.config().principal);
  CHECK_EQ(record.told[0].error, "");
  CHECK_EQ(record.told[0].parameters,
           R"({"keyId":")" + key + R"(","encryptionContext":{"tenant":"acme"}})");
  // A request that is refused before any key is looked at, and one that is after.
  CHECK_ERROR(Validation, encrypt(service, key, ""));
  CHECK_ERROR(NotFound, encrypt(service, "alias/none", "x"));
  CHECK_EQ(record.told.size(), 3U);
  CHECK_EQ(record.told[1].error, "ValidationException");
  CHECK_EQ(record.told[2].error, "NotFoundException");
}

// Also a request in JSON that is no request of the operation, where its type cannot say so.
void a_json_request_that_is_refused_is_told() {
  Record record;
  Service service(with_other_region(load_config()), {}, record.watchers());
  const model::Operation& operation = kms::DescribeKeyRequest::operation();
  CHECK_ERROR(Validation, service.kms::Service::call(service.caller(), operation, "{}"));
  CHECK_EQ(record.told.size(), 1U);
  CHECK_EQ(record.told[0].operation, "DescribeKey");
  CHECK_EQ(record.told[0].error, "ValidationException");
}

void the_keys_of_a_request_are_named() {
  Service service(with_other_region(load_config()));
  const std::string from = create_key(service);
  const std::string to = create_key(service);
  const std::string blob = to_base64(encrypt(service, from, "secret"));
  const auto keys_of = [&](const model::Operation& operation, const std::string& request) {
    kms::Trace trace;
    try {
      service.kms::Service::call(service.caller(), operation, request, &trace);
    } catch (const Error&) {
      trace.keys.emplace_back("failed");
    }
    return trace.keys;
  };
  const std::string move = R"({"CiphertextBlob":")" + blob + R"(","DestinationKeyId":")" + to;
  const auto moved = keys_of(kms::ReEncryptRequest::operation(), move + "\"}");
  CHECK_EQ(moved.size(), 2U);
  CHECK(moved[0].ends_with(":key/" + from));
  CHECK(moved[1].ends_with(":key/" + to));
  // Also where it fails after that.
  const auto refused = keys_of(kms::ReEncryptRequest::operation(),
                               move + R"(","SourceEncryptionContext":{"a":"b"}})");
  CHECK(refused.size() >= 2 && refused.back() == "failed");
  CHECK(refused[0].ends_with(":key/" + from));
  CHECK_EQ(keys_of(kms::ListKeysRequest::operation(), "{}").size(), 0U);
  CHECK_EQ(keys_of(kms::CreateKeyRequest::operation(), "{}").size(), 1U);
}

void the_caller_is_an_argument() {
  Record record;
  Service service(with_other_region(load_config()), {}, record.watchers());
  const std::string key = create_key(service);
  record.told.clear();
  service.kms::Service::call({"somebody", service.caller().account},
                             kms::DescribeKeyRequest{key, {}});
  CHECK_EQ(record.told.at(0).principal, "somebody");
}

// PKCS#11 has operations that KMS has not: they ask for what those they are made of ask.
void operations_of_the_other_doors_ask_too() {
  Record record;
  Service service(with_other_region(load_config()), {}, record.watchers());
  service.call(kms::CreateNamedKeyRequest{"alias/named"});
  record.forbidden = {"kms:CreateAlias"};
  CHECK_ERROR(AccessDenied, service.call(kms::CreateNamedKeyRequest{"alias/other"}));
  record.forbidden = {"kms:DeleteAlias"};
  const std::string key = service.describe_key({"alias/named", {}}).key_metadata.key_id;
  CHECK_ERROR(AccessDenied,
              service.call(kms::RenameKeyRequest{key, "alias/named", "alias/renamed"}));
  CHECK_ERROR(NotFound, service.describe_key({"alias/renamed", {}}));
  record.forbidden = {"kms:ListKeys"};
  CHECK_ERROR(AccessDenied, service.call(kms::ListEverythingRequest{}));
}

}  // namespace

int main() {
  SoftHsm token;
  make_token(kAwayLabel);
  return RUN_TESTS("kms call", TEST(each_operation_asks_for_what_it_says),
                   TEST(who_may_not_changes_nothing), TEST(both_keys_of_a_move_are_asked_for),
                   TEST(every_request_is_told_once), TEST(a_json_request_that_is_refused_is_told),
                   TEST(the_keys_of_a_request_are_named), TEST(the_caller_is_an_argument),
                   TEST(operations_of_the_other_doors_ask_too));
}
