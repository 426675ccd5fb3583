// SPDX-License-Identifier: Apache-2.0
// The audit log of a service, read back as JSON: what a record says, what it never says, and what
// it means that one cannot be written.
#include <fstream>
#include <set>

#include "audit/verify.h"
#include "import.h"
#include "kms/check.h"
#include "kms/model/json.h"
#include "kms/object_requests.h"
#include "kms/operations/operations.h"
#include "kms/purge.h"
#include "kms/rotation.h"
#include "multi_region.h"
#include "token_objects.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;
namespace fs = std::filesystem;

constexpr const char* kPlaintext = "Attack at dawn";

std::string log_path() {
  return load_config().audit.path;
}

std::vector<std::string> lines() {
  std::ifstream file(log_path());
  std::vector<std::string> out;
  for (std::string line; std::getline(file, line);) out.push_back(line);
  return out;
}

nlohmann::json last() {
  return nlohmann::json::parse(lines().back());
}

Config required() {
  Config config = load_config();
  config.audit.required = true;
  return config;
}

std::vector<std::string> names(const nlohmann::json& json) {
  std::vector<std::string> out;
  for (const auto& [name, value] : json.items()) out.push_back(name);
  return out;
}

void a_record_is_an_event_of_cloudtrail() {
  Service service(load_config());
  const std::string key = create_key(service);
  const nlohmann::json created = last();
  CHECK_EQ(created["eventName"].get<std::string>(), "CreateKey");
  CHECK(!created["readOnly"].get<bool>());
  CHECK_EQ(created["requestParameters"].dump(), R"({"description":""})");
  CHECK_EQ(created["responseElements"]["keyMetadata"]["keyId"].get<std::string>(), key);
  CHECK_EQ(created["resources"][0]["ARN"].get<std::string>(),
           "arn:aws:kms:local:111122223333:key/" + key);

  const Bytes blob = encrypt(service, key, kPlaintext, {{"tenant", "acme \"1\" \n"}});
  const nlohmann::json json = last();
  CHECK_EQ(json["eventVersion"].get<std::string>(), "1.11");
  CHECK_EQ(json["userIdentity"]["type"].get<std::string>(), "Root");
  CHECK_EQ(json["userIdentity"]["arn"].get<std::string>(), "arn:aws:iam::111122223333:root");
  CHECK_EQ(json["userIdentity"]["accountId"].get<std::string>(), "111122223333");
  CHECK_EQ(json["eventTime"].get<std::string>().size(), 20U);
  CHECK_EQ(json["eventSource"].get<std::string>(), "kms.amazonaws.com");
  CHECK_EQ(json["eventName"].get<std::string>(), "Encrypt");
  CHECK_EQ(json["awsRegion"].get<std::string>(), "local");
  CHECK_EQ(json["sourceIPAddress"].get<std::string>(), "localhost");
  CHECK(json["userAgent"].get<std::string>().starts_with("trent/"));
  CHECK(!json.contains("errorCode"));
  CHECK_EQ(json["requestParameters"]["keyId"].get<std::string>(), key);
  CHECK_EQ(json["requestParameters"]["encryptionContext"]["tenant"].get<std::string>(),
           "acme \"1\" \n");
  CHECK_EQ(json["requestParameters"].size(), 2U);
  CHECK(json["responseElements"].is_null());
  CHECK_EQ(json["additionalEventData"]["authentication"].get<std::string>(), "configuration");
  CHECK_EQ(json["additionalEventData"]["processId"].get<int>(), getpid());
  CHECK_EQ(json["additionalEventData"]["userId"].get<uid_t>(), geteuid());
  CHECK_EQ(json["eventID"].get<std::string>().size(), 36U);
  CHECK(json["readOnly"].get<bool>());
  CHECK_EQ(json["resources"].size(), 1U);
  CHECK_EQ(json["resources"][0]["accountId"].get<std::string>(), "111122223333");
  CHECK_EQ(json["resources"][0]["type"].get<std::string>(), "AWS::KMS::Key");
  CHECK_EQ(json["eventType"].get<std::string>(), "AwsApiCall");
  CHECK_EQ(json["recipientAccountId"].get<std::string>(), "111122223333");
  CHECK_EQ(names(json["chain"]).size(), 3U);

  // Which material it was under.
  decrypt(service, blob, {{"tenant", "acme \"1\" \n"}});
  CHECK_EQ(last()["additionalEventData"]["keyMaterialId"].get<std::string>().size(), 64U);
}

void both_keys_of_a_move_are_named_in_their_order() {
  Service service(load_config());
  const std::string from = create_key(service);
  const std::string to = create_key(service);
  const Bytes blob = encrypt(service, from, kPlaintext, {{"a", "b"}});
  const auto arn = [&](std::size_t index) {
    return last()["resources"].at(index)["ARN"].get<std::string>();
  };
  re_encrypt(service, blob, to, {{"a", "b"}}, {{"c", "d"}});
  CHECK_EQ(last()["resources"].size(), 2U);
  CHECK(arn(0).ends_with(from));
  CHECK(arn(1).ends_with(to));
  const nlohmann::json parameters = last()["requestParameters"];
  CHECK_EQ(parameters["sourceEncryptionContext"]["a"].get<std::string>(), "b");
  CHECK_EQ(parameters["destinationEncryptionContext"]["c"].get<std::string>(), "d");
  CHECK_EQ(parameters["destinationKeyId"].get<std::string>(), to);
  CHECK(last()["responseElements"].is_null());
  CHECK(last()["additionalEventData"].contains("sourceKeyMaterialId"));
  CHECK(last()["additionalEventData"].contains("destinationKeyMaterialId"));
  CHECK(!last()["additionalEventData"].contains("hostReEncrypt"));

  // The same key twice, a wrong context, a destination that is not there.
  re_encrypt(service, blob, from, {{"a", "b"}});
  CHECK_EQ(arn(0), arn(1));
  CHECK_ERROR(InvalidCiphertext, re_encrypt(service, blob, to, {{"a", "x"}}));
  CHECK_EQ(last()["errorCode"].get<std::string>(), "InvalidCiphertextException");
  CHECK(!last().contains("errorMessage"));
  CHECK_EQ(last()["resources"].size(), 2U);
  CHECK_ERROR(NotFound, re_encrypt(service, blob, "alias/none", {{"a", "b"}}));
  CHECK_EQ(last()["errorCode"].get<std::string>(), "NotFoundException");
  CHECK(last()["errorMessage"].get<std::string>().find("alias/none") != std::string::npos);
  CHECK_EQ(last()["resources"].size(), 1U);
  CHECK(arn(0).ends_with(from));
  CHECK(last()["responseElements"].is_null());
}

void requests_that_are_none_have_a_record() {
  Service service(load_config());
  const auto& operation = kms::EncryptRequest::operation();
  const std::size_t before = lines().size();
  CHECK_ERROR(Serialization, service.kms::Service::call(service.caller(), operation, "{nonsense"));
  CHECK_EQ(last()["errorCode"].get<std::string>(), "SerializationException");
  CHECK_EQ(last()["eventName"].get<std::string>(), "Encrypt");
  CHECK_ERROR(Validation, service.kms::Service::call(service.caller(), operation, "{}"));
  CHECK_EQ(last()["errorCode"].get<std::string>(), "ValidationException");
  CHECK_EQ(lines().size(), before + 2);
  // What is no text, and what is too long.
  kms::EncryptRequest request;
  request.key_id = "\xff\xfe\"\\";
  request.plaintext = secret(kPlaintext);
  CHECK_ERROR(Validation, service.encrypt(request));
  CHECK(last()["requestParameters"].contains("keyId"));
  request.key_id = std::string(200'000, 'k');
  CHECK_ERROR(Validation, service.encrypt(request));
  CHECK(last()["requestParameters"]["omitted"].get<bool>());
  CHECK(lines().back().size() < 4096);
  kms::Caller caller = service.caller();
  caller.user_agent = std::string(100'000, 'a') + "\xff";
  CHECK_ERROR(NotFound,
              service.kms::Service::call(caller, kms::DescribeKeyRequest{"alias/none", {}}));
  CHECK_EQ(last()["userAgent"].get<std::string>().size(), 1024U);
}

void callers_are_told_apart() {
  Service service(load_config());
  const std::string key = create_key(service);
  const auto identity = [&](const std::string& principal) {
    kms::Caller caller = service.caller();
    caller.principal = principal;
    service.kms::Service::call(caller, kms::DescribeKeyRequest{key, {}});
    return last()["userIdentity"];
  };
  CHECK_EQ(identity("arn:aws:iam::111122223333:user/team/alice").dump(),
           R"({"accountId":"111122223333","arn":"arn:aws:iam::111122223333:user/team/alice",)"
           R"("type":"IAMUser","userName":"alice"})");
  CHECK_EQ(identity("arn:aws:sts::111122223333:assumed-role/app/one")["type"].get<std::string>(),
           "AssumedRole");
  CHECK_EQ(identity("so-and-so").dump(),
           R"({"accountId":"111122223333","type":"Unknown","userName":"so-and-so"})");
  kms::Caller caller = service.caller();
  caller.authentication = kms::Caller::Authentication::Signature;
  caller.source_address = "192.0.2.1";
  caller.request_id = "a-request";
  caller.access_key_id = "AKIAIOSFODNN7EXAMPLE";
  caller.user_agent = "aws-cli/2";
  service.kms::Service::call(caller, kms::DescribeKeyRequest{key, {}});
  const nlohmann::json json = last();
  CHECK_EQ(json["additionalEventData"]["authentication"].get<std::string>(), "signature");
  CHECK_EQ(json["sourceIPAddress"].get<std::string>(), "192.0.2.1");
  CHECK_EQ(json["requestID"].get<std::string>(), "a-request");
  CHECK_EQ(json["userIdentity"]["accessKeyId"].get<std::string>(), "AKIAIOSFODNN7EXAMPLE");
  CHECK_EQ(json["userAgent"].get<std::string>(), "aws-cli/2");
}

// Of every operation that takes or gives some: of those that succeed and of those that fail.
void no_secret_is_in_the_log() {
  Service service(load_config());
  const std::string key = create_key(service);
  const Bytes blob = encrypt(service, key, kPlaintext);
  decrypt(service, blob);
  const Bytes moved = re_encrypt(service, blob, key);
  kms::GenerateDataKeyRequest wanted;
  wanted.key_id = key;
  wanted.key_spec = "AES_256";
  const auto data_key = service.generate_data_key(wanted);
  const auto random = service.generate_random({32});
  CHECK_ERROR(InvalidCiphertext, decrypt(service, blob, {{"a", "b"}}));
  const std::string signer = create(service, "ECC_NIST_P256", "SIGN_VERIFY");
  const Json to_sign = signing(signer, "a letter", "ECDSA_SHA_256");
  const Json signed_ = request(service, "Sign", to_sign);
  const std::string mac_key = create(service, "HMAC_256", "GENERATE_VERIFY_MAC");
  const Json mac =
      request(service, "GenerateMac",
              {{"KeyId", mac_key}, {"Message", "bWVzc2FnZQ=="}, {"MacAlgorithm", "HMAC_SHA_256"}});
  CHECK_ERROR(InvalidGrantToken,
              request(service, "Encrypt",
                      {{"KeyId", key}, {"Plaintext", "QXR0YWNr"}, {"GrantTokens", {"a-token"}}}));
  CHECK_ERROR(Validation, request(service, "CreateKey",
                                  {{"Origin", "EXTERNAL_KEY_STORE"},
                                   {"XksKeyId", "pkcs11:object=a?pin-value=sesame"}}));
  std::string all;
  for (const std::string& line : lines()) all += line + "\n";
  const auto text = [](const Json& json) {
    const auto& string = json.get_ref<const Json::string_t&>();
    return std::string(string.begin(), string.end());
  };
  for (const std::string& each :
       {std::string(kPlaintext), to_base64(as_bytes(kPlaintext)), to_base64(blob), to_base64(moved),
        to_base64(data_key.plaintext), to_base64(data_key.ciphertext_blob),
        to_base64(random.plaintext), text(to_sign["Message"]), text(signed_["Signature"]),
        std::string("bWVzc2FnZQ=="), text(mac["Mac"]), std::string("QXR0YWNr"),
        std::string("a-token"), std::string("sesame"), "\"" + std::string(kUserPin) + "\""})
    if (all.find(each) != std::string::npos) throw Failure("in the log: " + each);
}

void what_was_done_in_the_host_is_said() {
  Config config = load_config();
  config.host_reencrypt = true;
  Service service(std::move(config));
  // Not a multiple of eight bytes long, from a symmetric key to RSA: SoftHSM cannot do that.
  const std::string key = create_key(service);
  const std::string rsa = create(service, "RSA_2048", "ENCRYPT_DECRYPT");
  kms::ReEncryptRequest request;
  request.ciphertext_blob = encrypt(service, key, "12345");
  request.destination_key_id = rsa;
  request.destination_encryption_algorithm = "RSAES_OAEP_SHA_256";
  service.re_encrypt(request);
  CHECK(last()["additionalEventData"]["hostReEncrypt"].get<bool>());
}

void other_doors_operations_have_records() {
  Service service(load_config());
  service.call(kms::CreateNamedKeyRequest{"alias/named"});
  CHECK_EQ(last()["eventName"].get<std::string>(), "CreateNamedKey");
  CHECK_EQ(last()["requestParameters"]["aliasName"].get<std::string>(), "alias/named");
  service.call(kms::ListEverythingRequest{});
  CHECK_EQ(last()["eventName"].get<std::string>(), "ListEverything");
  service.delete_alias({"alias/named"});
  CHECK_EQ(last()["resources"][0]["type"].get<std::string>(), "AWS::KMS::Alias");
}

// While it lives, the log gets no byte more; the token does.
class FullLog {
 public:
  FullLog() : path_(log_path()), away_(path_ + ".away") {
    fs::rename(path_, away_);
    fs::create_directory(path_);
  }
  ~FullLog() {
    fs::remove(path_);
    fs::rename(away_, path_);
  }
  FullLog(const FullLog&) = delete;
  FullLog& operator=(const FullLog&) = delete;

 private:
  const std::string path_;
  const std::string away_;
};

// What nobody has asked for is an event as well: CloudTrail has the same names for it.
void what_trent_does_by_itself_has_records() {
  Config config = load_config();
  config.refresh = std::chrono::milliseconds(0);
  Service service(config);
  const std::string key = create_key(service);
  const auto change = [&](const std::string& id,
                          const std::function<void(catalog::KeyRecord&)>& how) {
    auto& account = service.home();
    account.catalog.change_key(hsm::ChangeLock(account.token), id, how);
  };
  request(service, "EnableKeyRotation", {{"KeyId", key}});
  change(key, [](catalog::KeyRecord& record) { record.rotation->next = catalog::now(); });
  const std::size_t before = lines().size();
  kms::rotate_due(service, true);
  CHECK_EQ(lines().size(), before);
  CHECK(kms::rotate_due(service, false).at(0).keys.at(0).rotated);
  CHECK_EQ(lines().size(), before + 1);
  CHECK_EQ(last()["eventName"].get<std::string>(), "RotateKey");
  CHECK_EQ(last()["eventType"].get<std::string>(), "AwsServiceEvent");
  CHECK(!last()["readOnly"].get<bool>());
  CHECK(last()["requestParameters"].is_null());
  CHECK_EQ(last()["resources"].size(), 1U);
  CHECK(last()["resources"][0]["ARN"].get<std::string>().ends_with(key));

  service.schedule_key_deletion({key, {}});
  CHECK_EQ(last()["eventType"].get<std::string>(), "AwsApiCall");
  change(key, [](catalog::KeyRecord& record) {
    record.deletion = catalog::now() - std::chrono::seconds(1);
  });
  {
    Service strict([&] {
      Config config = required();
      config.refresh = std::chrono::milliseconds(0);
      return config;
    }());
    const FullLog full;
    CHECK_ERROR(KMSInternal, kms::purge(strict, {}));
  }
  CHECK(kms::purge(service, {}).at(0).keys.at(0).destroyed);
  CHECK_EQ(last()["eventName"].get<std::string>(), "DeleteKey");
  CHECK(last()["resources"][0]["ARN"].get<std::string>().ends_with(key));
}

nlohmann::json record_of(const std::string& event, std::size_t from) {
  const auto all = lines();
  for (std::size_t i = from; i < all.size(); ++i) {
    nlohmann::json json = nlohmann::json::parse(all[i]);
    if (json["eventName"].get<std::string>() == event) return json;
  }
  throw Failure("no record of " + event);
}

void change_away(const std::string& id, const std::function<void(catalog::KeyRecord&)>& how) {
  kms::Account& account = away().home();
  CHECK(account.catalog.change_key(hsm::ChangeLock(account.token), id, how));
}

// An account has tokens in several regions; the principal of the configuration is of the first one.
void it_is_the_region_of_the_key() {
  const std::string key = create_key(away());
  request(away(), "EnableKeyRotation", {{"KeyId", key}});
  change_away(key, [](catalog::KeyRecord& record) { record.rotation->next = catalog::now(); });
  std::size_t before = lines().size();
  CHECK(kms::rotate_due(at_home(), false).at(1).keys.at(0).rotated);
  CHECK_EQ(record_of("RotateKey", before)["awsRegion"].get<std::string>(), kAway);

  away().schedule_key_deletion({key, {}});
  change_away(key, [](catalog::KeyRecord& record) {
    record.deletion = catalog::now() - std::chrono::seconds(1);
  });
  before = lines().size();
  CHECK(kms::purge(at_home(), {}).at(1).keys.at(0).destroyed);
  CHECK_EQ(record_of("DeleteKey", before)["awsRegion"].get<std::string>(), kAway);
}

// That nobody has asked for, of this key. None without a record, where that is required.
void check_own_event(const std::string& event, const std::string& region, const std::string& key,
                     const std::function<void(Service& service)>& work,
                     const std::function<bool()>& is_done) {
  Service strict([] {
    Config config = regions_config();
    config.audit.required = true;
    return config;
  }());
  {
    const FullLog full;
    try {
      work(strict);
    } catch (const Error& error) {
      CHECK(error.message().starts_with("Nothing was done, because no audit record"));
    }
    CHECK(!is_done());
  }
  const std::size_t before = lines().size();
  work(strict);
  CHECK(is_done());
  const nlohmann::json json = record_of(event, before);
  CHECK_EQ(json["awsRegion"].get<std::string>(), region);
  CHECK_EQ(json["eventType"].get<std::string>(), "AwsServiceEvent");
  CHECK(!json["readOnly"].get<bool>());
  CHECK(!json.contains("errorCode"));
  CHECK_EQ(json["resources"].size(), 1U);
  CHECK_EQ(json["resources"][0]["ARN"].get<std::string>(), arn_in(region, key));
  const std::size_t after = lines().size();
  work(strict);
  CHECK_EQ(lines().size(), after);
}

void repair(Service& service) {
  kms::CheckOptions options;
  options.repair = true;
  kms::check(service, options);
}

void a_waiting_period_that_begins_has_a_record() {
  const std::string key = create_multi_region(at_home());
  replicate(at_home(), key);
  at_home().schedule_key_deletion({key, {}});
  away().schedule_key_deletion({key, {}});
  change_away(key, [](catalog::KeyRecord& record) {
    record.deletion = catalog::now() - std::chrono::seconds(1);
  });
  check_own_event(
      "ScheduleKeyDeletion", kHome, key, [](Service& service) { kms::purge(service, {}); },
      [&] { return describe(at_home(), key)["KeyState"] == "PendingDeletion"; });
}

void a_replica_that_follows_has_a_record() {
  const auto current = [](Service& service, const std::string& key) {
    return service.home().catalog.key(key)->current;
  };
  const auto follows = [&](const std::function<void(Service & service)>& work) {
    const std::string key = create_multi_region(at_home());
    replicate(at_home(), key);
    const auto old = current(away(), key);
    request(at_home(), "RotateKeyOnDemand", {{"KeyId", key}});
    change_away(key, [&](catalog::KeyRecord& record) { record.current = old; });
    check_own_event("SynchronizeMultiRegionKey", kAway, key, work,
                    [&] { return current(away(), key) == current(at_home(), key); });
  };
  follows([](Service& service) { kms::rotate_due(service, false); });
  follows(repair);
}

void a_key_that_a_repair_makes_has_a_record() {
  const RawSession raw;
  const std::string key = create_key(at_home());
  for (const Object& record : records(raw, key_label(key))) destroy(raw, record.handle);
  check_own_event("CreateKey", kHome, key, repair,
                  [&] { return !records(raw, key_label(key)).empty(); });
}

void material_that_a_repair_deletes_has_a_record() {
  const RawSession raw;
  const std::string key = create_external(at_home());
  import(at_home(), key, material_of(1));
  auto& account = at_home().home();
  account.catalog.change_key(hsm::ChangeLock(account.token), key, [](catalog::KeyRecord& record) {
    record.materials[0].import->deleted = true;
  });
  check_own_event("DeleteImportedKeyMaterial", kHome, key, repair,
                  [&] { return materials(raw, key_label(key)).empty(); });
}

void nothing_goes_unrecorded_where_that_is_required() {
  int lost = 0;
  Service service(required(), {}, {.permit = {}, .ended = {}, .record_lost = [&] { ++lost; }});
  const std::string key = create_key(service);
  const std::size_t keys = service.list_keys({}).keys.size();
  const Bytes blob = encrypt(service, key, kPlaintext);
  {
    const FullLog full;
    CHECK_ERROR(KMSInternal, decrypt(service, blob));
    CHECK_ERROR(KMSInternal, create_key(service));
    CHECK_ERROR(KMSInternal, service.disable_key({key}));
    try {
      service.disable_key({key});
    } catch (const Error& error) {
      CHECK(error.message().find("Nothing was done") == 0);
      CHECK(error.advice().find(log_path()) != std::string::npos);
    }
    // A failure is not told unrecorded either.
    CHECK_ERROR(KMSInternal, decrypt(service, blob, {{"a", "b"}}));
  }
  CHECK_EQ(lost, 5);
  CHECK_EQ(service.describe_key({key, {}}).key_metadata.key_state, "Enabled");
  CHECK_EQ(last()["chain"]["lost"].get<int>(), 5);
  CHECK_EQ(service.list_keys({}).keys.size(), keys);
  CHECK_EQ(decrypt(service, blob), kPlaintext);
}

void losses_are_counted_where_it_is_not() {
  int lost = 0;
  Service service(load_config(), {}, {.permit = {}, .ended = {}, .record_lost = [&] { ++lost; }});
  const std::string key = create_key(service);
  const Bytes blob = encrypt(service, key, kPlaintext);
  {
    const FullLog full;
    CHECK_EQ(decrypt(service, blob), kPlaintext);
    service.disable_key({key});
  }
  CHECK_EQ(lost, 2);
  service.enable_key({key});
  CHECK_EQ(last()["chain"]["lost"].get<int>(), 2);
  service.enable_key({key});
  CHECK(!last()["chain"].contains("lost"));
}

void nobody_pays_for_no_log() {
  Config config = load_config();
  config.audit = {};
  const std::size_t before = lines().size();
  Service service(std::move(config));
  create_key(service);
  CHECK_EQ(lines().size(), before);
}

void events_are_told_apart() {
  std::set<std::string> ids;
  for (const std::string& line : lines())
    ids.insert(nlohmann::json::parse(line)["eventID"].get<std::string>());
  CHECK_EQ(ids.size(), lines().size());
}

// After all that.
void the_chain_is_whole() {
  audit::Verifier verifier(audit::Verifier::Source::File, {});
  std::size_t number = 0;
  for (const std::string& line : lines()) verifier.add(line, std::to_string(++number));
  verifier.finish();
  CHECK_EQ(verifier.fault(), "");
  CHECK_EQ(verifier.chains().size(), 1U);
}

}  // namespace

int main() {
  setenv("TRENT_QUIET", "1", 1);
  SoftHsm token({.toml = "audit = \"file:audit.log\"\n"});
  make_token(kAwayLabel);
  return RUN_TESTS(
      "kms audit", TEST(a_record_is_an_event_of_cloudtrail),
      TEST(both_keys_of_a_move_are_named_in_their_order),
      TEST(requests_that_are_none_have_a_record), TEST(callers_are_told_apart),
      TEST(no_secret_is_in_the_log), TEST(what_was_done_in_the_host_is_said),
      TEST(other_doors_operations_have_records), TEST(what_trent_does_by_itself_has_records),
      TEST(it_is_the_region_of_the_key), TEST(a_waiting_period_that_begins_has_a_record),
      TEST(a_replica_that_follows_has_a_record), TEST(a_key_that_a_repair_makes_has_a_record),
      TEST(material_that_a_repair_deletes_has_a_record),
      TEST(nothing_goes_unrecorded_where_that_is_required),
      TEST(losses_are_counted_where_it_is_not), TEST(nobody_pays_for_no_log),
      TEST(events_are_told_apart), TEST(the_chain_is_whole));
}
