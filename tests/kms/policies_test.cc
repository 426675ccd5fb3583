// SPDX-License-Identifier: Apache-2.0
// Who may do what with a key: key policies and the policies of principals, seen from outside.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "caller.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Caller;
using kms::Json;
namespace fs = std::filesystem;

const Caller kAlice = caller("user/alice");
const Caller kBob = caller("user/bob");
const Caller kStranger = caller("user/eve", "444455556666");

Service& service() {
  static Service instance(load_config());
  return instance;
}

// Lets the account manage the key, and whatever else the statements say.
std::string policy(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":")" +
         std::string(kAccount) + R"("},"Action":["kms:PutKeyPolicy","kms:Put*"],"Resource":"*"})" +
         (statements.empty() ? "" : "," + statements) + "]}";
}
std::string allow(const std::string& user, const std::string& action,
                  const std::string& condition = "") {
  return R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::)" + std::string(kAccount) +
         ":user/" + user + R"("},"Action":")" + action + R"(","Resource":"*")" +
         (condition.empty() ? "" : R"(,"Condition":)" + condition) + "}";
}

void put(const std::string& key, const std::string& text) {
  request(service(), "PutKeyPolicy", {{"KeyId", key}, {"Policy", text}});
}
std::string key_with(const std::string& statements) {
  return text_of(
      request(service(), "CreateKey", {{"Policy", policy(statements)}})["KeyMetadata"]["KeyId"]);
}
Json to_encrypt(const std::string& key, const Json& context = Json::object()) {
  return {{"KeyId", key}, {"Plaintext", "c2VjcmV0"}, {"EncryptionContext", context}};
}
std::string blob_as(const Caller& caller, const std::string& key,
                    const Json& context = Json::object()) {
  return text_of(
      request_as(caller, service(), "Encrypt", to_encrypt(key, context))["CiphertextBlob"]);
}
void move_as(const Caller& caller, const std::string& blob, const std::string& to,
             const Json& more = Json::object()) {
  Json json{{"CiphertextBlob", blob}, {"DestinationKeyId", to}};
  json.update(more);
  request_as(caller, service(), "ReEncrypt", json);
}

std::string not_authorized(const Caller& caller, const std::string& permission,
                           const std::string& resource, const std::string& because) {
  return "User: " + caller.principal + " is not authorized to perform: " + permission +
         " on resource: " + resource + " " + because;
}
std::string no_policy_of_key(const std::string& permission) {
  return "because no resource-based policy allows the " + permission + " action";
}

void the_account_may_by_default() {
  const std::string key = create_key(service());
  blob_as(kAlice, key);
  CHECK_WORDS(
      AccessDenied,
      not_authorized(kStranger, "kms:Encrypt", key_arn(key), no_policy_of_key("kms:Encrypt")),
      blob_as(kStranger, key_arn(key)));
  CHECK_WORDS(AccessDenied,
              not_authorized(kStranger, "kms:DisableKey", key_arn(key),
                             "because the principal is of another account"),
              request_as(kStranger, service(), "DisableKey", {{"KeyId", key_arn(key)}}));
  CHECK_WORDS(AccessDenied,
              not_authorized(kStranger, "kms:CreateKey", "*",
                             "because the principal is of another account"),
              request_as(kStranger, service(), "CreateKey", Json::object()));
}

void a_key_policy_takes_the_place_of_the_default() {
  const std::string key = create_key(service());
  const std::string text = policy(allow("alice", "kms:Encrypt"));
  put(key, text);
  CHECK_EQ(text_of(request(service(), "GetKeyPolicy", {{"KeyId", create_key(service())}})["Policy"])
                   .find("key-default-1") != std::string::npos,
           true);
  blob_as(kAlice, key);
  CHECK_WORDS(AccessDenied,
              not_authorized(kBob, "kms:Encrypt", key_arn(key), no_policy_of_key("kms:Encrypt")),
              blob_as(kBob, key));
  // The root of the account may do what the policy says, too, and no more.
  CHECK_ERROR(AccessDenied, encrypt(service(), key, "secret"));
  CHECK_ERROR(AccessDenied, request(service(), "GetKeyPolicy", {{"KeyId", key}}));
  put(key, policy(allow("alice", "kms:GetKeyPolicy")));
  CHECK_EQ(text_of(request_as(kAlice, service(), "GetKeyPolicy", {{"KeyId", key}})["Policy"]),
           policy(allow("alice", "kms:GetKeyPolicy")));
  CHECK_ERROR(AccessDenied, blob_as(kAlice, key));
}

void a_move_is_authorized_twice() {
  const std::string from =
      key_with(allow("alice", "kms:Encrypt") + "," + allow("bob", "kms:ReEncryptFrom"));
  const std::string to = key_with(allow("bob", "kms:ReEncryptTo"));
  const std::string blob = blob_as(kAlice, from);
  move_as(kBob, blob, to);
  CHECK_ERROR(AccessDenied, request_as(kBob, service(), "Decrypt", {{"CiphertextBlob", blob}}));
  CHECK_WORDS(
      AccessDenied,
      not_authorized(kBob, "kms:ReEncryptTo", key_arn(from), no_policy_of_key("kms:ReEncryptTo")),
      move_as(kBob, blob, from));
  const std::string moved = [&] {
    return text_of(
        request_as(kBob, service(), "ReEncrypt",
                   {{"CiphertextBlob", blob}, {"DestinationKeyId", to}})["CiphertextBlob"]);
  }();
  CHECK_WORDS(
      AccessDenied,
      not_authorized(kBob, "kms:ReEncryptFrom", key_arn(to), no_policy_of_key("kms:ReEncryptFrom")),
      move_as(kBob, moved, to, {{"SourceKeyId", to}}));
  // Encrypt and Decrypt are not enough, and there is no permission kms:ReEncrypt.
  const std::string other =
      key_with(allow("bob", "kms:Encrypt") + "," + allow("bob", "kms:Decrypt") + "," +
               allow("bob", "kms:ReEncrypt"));
  CHECK_ERROR(AccessDenied, move_as(kBob, blob_as(kBob, other), other, {{"SourceKeyId", other}}));
  const std::string both =
      key_with(allow("bob", "kms:ReEncrypt*") + "," + allow("bob", "kms:Encrypt"));
  move_as(kBob, blob_as(kBob, both), both);
}

// Each side of a move is asked with its own context and algorithm.
void conditions_see_their_own_side() {
  const std::string tenant = R"({"StringEquals":{"kms:EncryptionContext:Tenant":"acme"}})";
  const std::string key = key_with(
      allow("alice", "kms:Encrypt") + "," + allow("bob", "kms:ReEncryptFrom", tenant) + "," +
      allow("bob", "kms:ReEncryptTo", R"({"Null":{"kms:EncryptionContextKeys":"true"}})"));
  const std::string blob = blob_as(kAlice, key, {{"tenant", "acme"}});
  move_as(kBob, blob, key, {{"SourceEncryptionContext", {{"tenant", "acme"}}}});
  CHECK_ERROR(AccessDenied, move_as(kBob, blob, key));
  CHECK_ERROR(AccessDenied, move_as(kBob, blob, key,
                                    {{"SourceEncryptionContext", {{"tenant", "acme"}}},
                                     {"DestinationEncryptionContext", {{"tenant", "acme"}}}}));
  const std::string same =
      key_with(allow("bob", "kms:Encrypt") + "," +
               allow("bob", "kms:ReEncrypt*", R"({"Bool":{"kms:ReEncryptOnSameKey":"true"}})"));
  const std::string own = blob_as(kBob, same);
  move_as(kBob, own, same);
  move_as(kBob, own, key_arn(same));
  CHECK_ERROR(AccessDenied, move_as(kBob, own, create_key(service())));
}

void conditions_see_the_key_and_the_caller() {
  const auto may = [&](const std::string& condition, const Caller& caller = kAlice,
                       const std::string& name = "") {
    const std::string key = key_with(allow("alice", "kms:Encrypt", condition));
    request(
        service(), "PutKeyPolicy",
        {{"KeyId", key},
         {"Policy", policy(allow("alice", "kms:Encrypt", condition) + "," +
                           R"({"Effect":"Allow","Principal":{"AWS":")" + kAccount +
                           R"("},"Action":["kms:TagResource","kms:CreateAlias","kms:DeleteAlias"],)"
                           R"("Resource":"*"})")}});
    request(service(), "TagResource",
            {{"KeyId", key}, {"Tags", {{{"TagKey", "Env"}, {"TagValue", "test"}}}}});
    service().create_alias({"alias/conditions", key});
    bool may = true;
    try {
      request_as(caller, service(), "Encrypt", to_encrypt(name.empty() ? key : name));
    } catch (const Error& error) {
      CHECK_EQ(std::string(error.name()), "AccessDeniedException");
      may = false;
    }
    service().delete_alias({"alias/conditions"});
    return may;
  };
  CHECK(may(R"({"StringEquals":{"aws:ResourceTag/Env":"test"}})"));
  CHECK(!may(R"({"StringEquals":{"aws:ResourceTag/Env":"live"}})"));
  CHECK(may(R"({"StringEquals":{"kms:EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}})"));
  CHECK(
      may(R"({"StringEquals":{"kms:KeySpec":"SYMMETRIC_DEFAULT","kms:KeyUsage":"ENCRYPT_DECRYPT",)"
          R"("kms:KeyOrigin":"AWS_KMS","kms:CallerAccount":"111122223333"}})"));
  CHECK(may(R"({"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}})"));
  CHECK(!may(R"({"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}})"));
  CHECK(may(R"({"Bool":{"aws:SecureTransport":"true"}})"));
  Caller in_clear = kAlice;
  in_clear.secure_transport = false;
  CHECK(!may(R"({"Bool":{"aws:SecureTransport":"true"}})", in_clear));
  CHECK(may(R"({"StringLike":{"aws:username":"al*"},"DateGreaterThan":{"aws:CurrentTime":)"
            R"("2020-01-01T00:00:00Z"}})"));
  CHECK(may(R"({"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/conditions"}})"));
  const std::string by_alias = R"({"StringEquals":{"kms:RequestAlias":"alias/conditions"}})";
  CHECK(!may(by_alias));
  CHECK(may(by_alias, kAlice, "alias/conditions"));
  CHECK(may(by_alias, kAlice, alias_arn("alias/conditions")));
  // What nobody can know never lets anybody in, whatever the operator.
  CHECK(!may(R"({"StringNotEquals":{"aws:PrincipalOrgID":"o-none"}})"));
}

void a_deny_wins() {
  const std::string key = create_key(service());
  const std::string deny =
      R"({"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"})";
  put(key, policy(allow("alice", "kms:*") + "," + deny));
  const std::string blob = blob_as(kAlice, key);
  CHECK_WORDS(AccessDenied,
              not_authorized(kAlice, "kms:Decrypt", key_arn(key),
                             "with an explicit deny in a resource-based policy"),
              request_as(kAlice, service(), "Decrypt", {{"CiphertextBlob", blob}, {"KeyId", key}}));
}

// Whether a key exists, or is disabled, is no business of who may not use it.
void who_may_not_learns_nothing() {
  const std::string key = key_with(allow("alice", "kms:Encrypt"));
  std::string blob = blob_as(kAlice, key);
  const auto words = [&](const std::string& ciphertext) {
    return error_of(
               [&] {
                 request_as(kBob, service(), "Decrypt", {{"CiphertextBlob", ciphertext}});
               },
               "Decrypt", __FILE__, __LINE__)
        .message();
  };
  Bytes unknown = *from_base64(blob);
  unknown[10] ^= 1;
  CHECK_EQ(words(blob), words(to_base64(unknown)));
  CHECK(words(blob).starts_with("User: " + kBob.principal +
                                " is not authorized to perform: kms:Decrypt on the resource "
                                "associated with this ciphertext because"));
  put(key, policy(allow("alice", "kms:DisableKey")));
  request_as(kAlice, service(), "DisableKey", {{"KeyId", key}});
  CHECK_ERROR(AccessDenied, blob_as(kBob, key));
}

void nobody_is_locked_out_by_mistake() {
  const std::string key = create_key(service());
  const std::string text =
      R"({"Version":"2012-10-17","Statement":[)" + allow("alice", "kms:*") + "]}";
  CHECK_WORDS(MalformedPolicyDocument,
              "The new key policy will not allow you to update the key policy in the future.",
              put(key, text));
  encrypt(service(), key, "as before");
  CHECK_ERROR(MalformedPolicyDocument, request(service(), "CreateKey", {{"Policy", text}}));
  request_as(kAlice, service(), "PutKeyPolicy", {{"KeyId", key}, {"Policy", text}});
  CHECK_ERROR(AccessDenied, encrypt(service(), key, "x"));
  const std::string other = create_key(service());
  request(service(), "PutKeyPolicy",
          {{"KeyId", other}, {"Policy", text}, {"BypassPolicyLockoutSafetyCheck", true}});
  CHECK_ERROR(AccessDenied, put(other, policy("")));
}

void what_is_no_policy_changes_nothing() {
  const std::string key = create_key(service());
  for (const std::string& text :
       {std::string("no JSON"), std::string("{}"), std::string(R"({"Statement":[]})"),
        policy(R"({"Effect":"Allow","Action":"kms:*","Resource":"*"})"),
        policy(R"({"Effect":"Permit","Principal":"*","Action":"kms:*","Resource":"*"})"),
        policy(allow("alice", "kms:*", R"({"StringIsLike":{"kms:ViaService":"x"}})"))}) {
    CHECK_ERROR(MalformedPolicyDocument, put(key, text));
    CHECK_ERROR(MalformedPolicyDocument, request(service(), "CreateKey", {{"Policy", text}}));
  }
  CHECK_ERROR(LimitExceeded, put(key, policy("") + std::string(32768, ' ')));
  CHECK_ERROR(NotFound, request(service(), "PutKeyPolicy",
                                {{"KeyId", key}, {"Policy", policy("")}, {"PolicyName", "mine"}}));
  blob_as(kBob, key);
}

void accounts_need_both_sides() {
  const std::string eve =
      R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},)"
      R"("Action":["kms:Encrypt","kms:DisableKey"],"Resource":"*"})";
  const std::string key = key_with(eve);
  blob_as(kStranger, key_arn(key));
  CHECK_ERROR(AccessDenied,
              request_as(kStranger, service(), "DisableKey", {{"KeyId", key_arn(key)}}));
}

// Principals whose policies are in a directory.
class Directory {
 public:
  Directory() : path_(fs::path(service().config().source).parent_path() / "policies") {
    fs::create_directories(path_);
  }
  ~Directory() { fs::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  Config config() const {
    Config config = load_config();
    config.identity_policies = path_;
    config.refresh = std::chrono::milliseconds(0);
    return config;
  }
  void write(const std::string& principal, const std::string& text,
             const std::string& name = "policy.json") const {
    const fs::path directory = path_ / kAccount / principal;
    fs::create_directories(directory);
    std::ofstream(directory / name) << text;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string identity(const std::string& effect, const std::string& action,
                     const std::string& resource = "*") {
  return R"({"Version":"2012-10-17","Statement":{"Sid":"s1","Effect":")" + effect +
         R"(","Action":")" + action + R"(","Resource":")" + resource + R"("}})";
}

void principals_have_policies_of_their_own() {
  const Directory directory;
  Service strict(directory.config());
  const std::string key = create_key(strict);
  const auto encrypt_as = [&](const Caller& caller) {
    request_as(caller, strict, "Encrypt", to_encrypt(key));
  };
  CHECK_WORDS(AccessDenied,
              not_authorized(kAlice, "kms:Encrypt", key_arn(key),
                             "because no identity-based policy allows the kms:Encrypt action"),
              encrypt_as(kAlice));
  directory.write("user/alice", identity("Allow", "kms:Encrypt", key_arn(key)));
  encrypt_as(kAlice);
  CHECK_ERROR(AccessDenied, encrypt_as(kBob));
  CHECK_ERROR(AccessDenied, request_as(kAlice, strict, "Encrypt", to_encrypt(create_key(strict))));
  CHECK_ERROR(AccessDenied, request_as(kAlice, strict, "CreateKey", Json::object()));
  directory.write("user/alice", identity("Deny", "kms:Enc*"), "more.json");
  CHECK_WORDS(AccessDenied,
              not_authorized(kAlice, "kms:Encrypt", key_arn(key),
                             "with an explicit deny in an identity-based policy"),
              encrypt_as(kAlice));
  fs::remove(directory.path() / kAccount / "user/alice/more.json");
  encrypt_as(kAlice);
  // A policy that cannot be read may deny something.
  directory.write("user/alice", "{", "more.json");
  CHECK_ERROR(AccessDenied, encrypt_as(kAlice));
  directory.write("user/alice", identity("Allow", "kms:CreateKey"), "more.json");
  encrypt_as(kAlice);
  request_as(kAlice, strict, "CreateKey", Json::object());
  // One without statements says nothing.
  directory.write("user/alice", R"({"Version":"2012-10-17","Statement":[]})", "empty.json");
  encrypt_as(kAlice);
  CHECK_ERROR(AccessDenied, request_as(kAlice, strict, "DescribeKey", {{"KeyId", key}}));
  // The key's own policy is enough without.
  request(strict, "PutKeyPolicy",
          {{"KeyId", key}, {"Policy", policy(allow("bob", "kms:Encrypt"))}});
  encrypt_as(kBob);
  CHECK_ERROR(AccessDenied, encrypt_as(kAlice));
}

void sessions_have_the_policies_of_their_role() {
  const Directory directory;
  Service strict(directory.config());
  const std::string key = create_key(strict);
  Caller session = kAlice;
  session.principal = "arn:aws:sts::" + std::string(kAccount) + ":assumed-role/ops/monday";
  CHECK_ERROR(AccessDenied, request_as(session, strict, "Encrypt", to_encrypt(key)));
  directory.write("role/ops", identity("Allow", "kms:Encrypt"));
  request_as(session, strict, "Encrypt", to_encrypt(key));
  // No name leads out of the directory.
  directory.write("role/ops/../../user/mallory", identity("Allow", "kms:*"));
  CHECK_ERROR(AccessDenied,
              request_as(caller("user/../user/mallory"), strict, "Encrypt", to_encrypt(key)));
}

void a_directory_that_is_gone_lets_nobody_in() {
  Config config = load_config();
  config.identity_policies = "/nowhere/at/all";
  Service strict(config);
  const std::string key = create_key(strict);
  CHECK_ERROR(AccessDenied, request_as(kAlice, strict, "Encrypt", to_encrypt(key)));
  encrypt(strict, key, "the root has no policies");
}

void other_processes_see_a_policy_soon() {
  const std::string key = create_key(service());
  Config config = load_config();
  config.refresh = std::chrono::milliseconds(50);
  Service other(config);
  request_as(kBob, other, "Encrypt", to_encrypt(key));
  put(key, policy(allow("alice", "kms:Encrypt")));
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  CHECK_ERROR(AccessDenied, request_as(kBob, other, "Encrypt", to_encrypt(key)));
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS(
      "kms policies", TEST(the_account_may_by_default),
      TEST(a_key_policy_takes_the_place_of_the_default), TEST(a_move_is_authorized_twice),
      TEST(conditions_see_their_own_side), TEST(conditions_see_the_key_and_the_caller),
      TEST(a_deny_wins), TEST(who_may_not_learns_nothing), TEST(nobody_is_locked_out_by_mistake),
      TEST(what_is_no_policy_changes_nothing), TEST(accounts_need_both_sides),
      TEST(principals_have_policies_of_their_own), TEST(sessions_have_the_policies_of_their_role),
      TEST(a_directory_that_is_gone_lets_nobody_in), TEST(other_processes_see_a_policy_soon));
}
