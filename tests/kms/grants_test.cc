// SPDX-License-Identifier: Apache-2.0
// CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant; and what a grant lets.
#include <thread>

#include "caller.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Caller;
using kms::Json;

const Caller kAlice = caller("user/alice");
const Caller kBob = caller("user/bob");
const Caller kRoot = caller("root");

// The key policy of these tests lets the root do everything and nobody else anything.
const std::string kPolicy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":")" +
    std::string(kAccount) +
    R"("},"Action":"kms:*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}}]})";

Service& service() {
  static Service instance(load_config());
  return instance;
}

std::string create_closed_key(const Json& more = Json::object()) {
  Json json{{"Policy", kPolicy}};
  json.update(more);
  return text_of(request(service(), "CreateKey", json)["KeyMetadata"]["KeyId"]);
}

struct Grant {
  std::string id;
  std::string token;
};
Grant create(const Caller& caller, const std::string& key, const Caller& grantee,
             const Json& operations, const Json& more = Json::object()) {
  Json json{{"KeyId", key}, {"GranteePrincipal", grantee.principal}, {"Operations", operations}};
  json.update(more);
  const Json made = request_as(caller, service(), "CreateGrant", json);
  return {text_of(made["GrantId"]), text_of(made["GrantToken"])};
}
Grant create(const std::string& key, const Caller& grantee, const Json& operations,
             const Json& more = Json::object()) {
  return create(kRoot, key, grantee, operations, more);
}

std::string blob_as(const Caller& caller, Service& at, const std::string& key,
                    const Json& context = Json::object(), const Json& tokens = Json::array()) {
  return text_of(request_as(caller, at, "Encrypt",
                            {{"KeyId", key},
                             {"Plaintext", "c2VjcmV0"},
                             {"EncryptionContext", context},
                             {"GrantTokens", tokens}})["CiphertextBlob"]);
}
std::string blob_as(const Caller& caller, const std::string& key,
                    const Json& context = Json::object()) {
  return blob_as(caller, service(), key, context);
}
Json grants_of(const std::string& key, const Json& more = Json::object()) {
  Json json{{"KeyId", key}};
  json.update(more);
  return request(service(), "ListGrants", json);
}

void a_grant_lets_its_grantee_do_its_operations() {
  const std::string key = create_closed_key();
  CHECK_ERROR(AccessDenied, blob_as(kAlice, key));
  const Grant grant = create(key, kAlice, {"Encrypt"});
  CHECK_EQ(grant.id.size(), 64U);
  const std::string blob = blob_as(kAlice, key);
  CHECK_ERROR(AccessDenied, blob_as(kBob, key));
  CHECK_ERROR(AccessDenied, request_as(kAlice, service(), "Decrypt", {{"CiphertextBlob", blob}}));
  CHECK_ERROR(AccessDenied, blob_as(kAlice, create_closed_key()));
  request(service(), "RevokeGrant", {{"KeyId", key}, {"GrantId", grant.id}});
  CHECK_ERROR(AccessDenied, blob_as(kAlice, key));
  CHECK_ERROR(InvalidGrantId,
              request(service(), "RevokeGrant", {{"KeyId", key}, {"GrantId", grant.id}}));
}

// As the role, and as itself.
void a_grant_lets_the_sessions_of_a_role() {
  const std::string key = create_closed_key();
  const auto session = [](const char* role) {
    Caller caller = kAlice;
    caller.principal = "arn:aws:sts::" + std::string(kAccount) + ":assumed-role/" + role + "/one";
    return caller;
  };
  create(key, caller("role/ops"), {"Encrypt"});
  blob_as(session("ops"), key);
  CHECK_ERROR(AccessDenied, blob_as(session("dev"), key));
  create(key, session("dev"), {"Encrypt"});
  blob_as(session("dev"), key);
}

void of_many_grants_the_right_one_is_found() {
  const std::string key = create_closed_key();
  for (int i = 0; i < 5; ++i) create(key, kBob, {"Decrypt"}, {{"Name", std::to_string(i)}});
  create(key, kBob, {"Encrypt"},
         {{"Constraints", {{"EncryptionContextEquals", {{"tenant", "acme"}}}}}});
  create(key, kAlice, {"Encrypt"});
  blob_as(kBob, key, {{"tenant", "acme"}});
  CHECK_ERROR(AccessDenied, blob_as(kBob, key));
  blob_as(kAlice, key);
}

// Nobody calls through a service of AWS.
void a_grant_for_a_service_of_aws_lets_nobody() {
  const std::string key = create_closed_key();
  create(key, kAlice, {"Encrypt"},
         {{"Constraints", {{"SourceArn", "arn:aws:s3::111122223333:bucket"}}}});
  CHECK_ERROR(AccessDenied, blob_as(kAlice, key));
}

void a_move_needs_a_grant_on_each_key() {
  const std::string from = create_closed_key();
  const std::string to = create_closed_key();
  const std::string blob = blob_as(kRoot, from);
  const auto move = [&](const Json& more = Json::object()) {
    Json json{{"CiphertextBlob", blob}, {"DestinationKeyId", to}};
    json.update(more);
    request_as(kAlice, service(), "ReEncrypt", json);
  };
  create(from, kAlice, {"ReEncryptFrom"});
  CHECK_ERROR(AccessDenied, move());
  create(to, kAlice, {"ReEncryptTo"},
         {{"Constraints", {{"EncryptionContextEquals", {{"tenant", "acme"}}}}}});
  CHECK_ERROR(AccessDenied, move());
  CHECK_ERROR(AccessDenied, move({{"SourceEncryptionContext", {{"tenant", "acme"}}}}));
  move({{"DestinationEncryptionContext", {{"tenant", "acme"}}}});
}

void constraints_bind_the_context() {
  const std::string key = create_closed_key();
  create(key, kAlice, {"Encrypt"},
         {{"Constraints", {{"EncryptionContextSubset", {{"tenant", "acme"}}}}}});
  create(key, kBob, {"Encrypt"},
         {{"Constraints", {{"EncryptionContextEquals", {{"tenant", "acme"}}}}}});
  const Json exact{{"tenant", "acme"}};
  const Json more{{"tenant", "acme"}, {"env", "test"}};
  blob_as(kAlice, key, exact);
  blob_as(kAlice, key, more);
  blob_as(kBob, key, exact);
  CHECK_ERROR(AccessDenied, blob_as(kBob, key, more));
  for (const Caller& caller : {kAlice, kBob}) {
    CHECK_ERROR(AccessDenied, blob_as(caller, key));
    CHECK_ERROR(AccessDenied, blob_as(caller, key, {{"tenant", "Acme"}}));
    CHECK_ERROR(AccessDenied, blob_as(caller, key, {{"Tenant", "acme"}}));
  }
  const Json listed = grants_of(key, {{"GranteePrincipal", kAlice.principal}});
  CHECK_EQ(listed["Grants"].size(), 1U);
  CHECK(listed["Grants"][0]["Constraints"] == Json({{"EncryptionContextSubset", exact}}));
}

// A service that has looked at the token a moment ago, and is not to look again for an hour.
void a_token_makes_a_grant_hold_at_once() {
  const std::string key = create_closed_key();
  Config config = load_config();
  config.refresh = std::chrono::hours(1);
  Service other(config);
  CHECK_ERROR(AccessDenied, blob_as(kAlice, other, key));
  const Grant grant = create(key, kAlice, {"Encrypt"});
  CHECK_ERROR(AccessDenied, blob_as(kAlice, other, key));
  blob_as(kAlice, other, key, Json::object(), {grant.token});
  // A token names a grant, and gives nothing to others.
  CHECK_ERROR(AccessDenied, blob_as(kBob, other, key, Json::object(), {grant.token}));
}

void other_processes_see_grants_come_and_go() {
  const std::string key = create_closed_key();
  Config config = load_config();
  config.refresh = std::chrono::milliseconds(50);
  Service other(config);
  const auto wait = [] { std::this_thread::sleep_for(std::chrono::milliseconds(60)); };
  CHECK_ERROR(AccessDenied, blob_as(kAlice, other, key));
  const Grant grant = create(key, kAlice, {"Encrypt"});
  wait();
  blob_as(kAlice, other, key);
  request(service(), "RevokeGrant", {{"KeyId", key}, {"GrantId", grant.id}});
  wait();
  CHECK_ERROR(AccessDenied, blob_as(kAlice, other, key));
}

void tokens_cannot_be_made_up() {
  const std::string key = create_closed_key();
  const Grant grant = create(key, kAlice, {"Encrypt"});
  Bytes bytes = *from_base64(grant.token);
  const auto refused = [&](const std::string& token) {
    CHECK_WORDS(InvalidGrantToken, "",
                blob_as(kRoot, service(), key, Json::object(), Json::array({token})));
    CHECK_ERROR(InvalidGrantToken,
                request_as(kAlice, service(), "RetireGrant", {{"GrantToken", token}}));
  };
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= 1;
    refused(to_base64(bytes));
    bytes[i] ^= 1;
  }
  refused("x");
  refused(to_base64(ByteView(bytes).first(bytes.size() - 1)));
  refused(grant.token + "AAAA");
  request(service(), "RevokeGrant", {{"KeyId", key}, {"GrantId", grant.id}});
  refused(grant.token);
}

void the_same_name_is_the_same_grant() {
  const std::string key = create_closed_key();
  const Json named{{"Name", "backup"}};
  const Grant one = create(key, kAlice, {"Encrypt", "Decrypt"}, named);
  const Grant two = create(key, kAlice, {"Decrypt", "Encrypt"}, named);
  CHECK_EQ(one.id, two.id);
  CHECK(one.token != two.token);
  CHECK(create(key, kAlice, {"Encrypt"}, named).id != one.id);
  CHECK(create(key, kBob, {"Encrypt", "Decrypt"}, named).id != one.id);
  CHECK(create(key, kAlice, {"Encrypt"}).id != create(key, kAlice, {"Encrypt"}).id);
  request_as(kRoot, service(), "RetireGrant", {{"GrantToken", two.token}});
  CHECK_ERROR(InvalidGrantToken,
              request_as(kRoot, service(), "RetireGrant", {{"GrantToken", one.token}}));
}

void grants_are_listed() {
  const std::string key = create_closed_key();
  CHECK(grants_of(key) == Json({{"Grants", Json::array()}, {"Truncated", false}}));
  std::set<std::string> ids;
  for (int i = 0; i < 5; ++i)
    ids.insert(create(key, kAlice, {"DescribeKey"},
                      {{"RetiringPrincipal", kBob.principal}, {"Name", "n" + std::to_string(i)}})
                   .id);
  create(key, kBob, {"Encrypt"});
  std::set<std::string> seen;
  Json query{{"Limit", 2}, {"GranteePrincipal", kAlice.principal}};
  for (int page = 0; page < 3; ++page) {
    const Json answer = grants_of(key, query);
    for (const Json& grant : answer["Grants"]) {
      CHECK(seen.insert(text_of(grant["GrantId"])).second);
      CHECK_EQ(text_of(grant["KeyId"]), key_arn(key));
      CHECK_EQ(text_of(grant["IssuingAccount"]), kRoot.principal);
      CHECK_EQ(text_of(grant["RetiringPrincipal"]), kBob.principal);
      CHECK(grant["Operations"] == Json::array({"DescribeKey"}));
    }
    CHECK_EQ(answer["Truncated"].get<bool>(), page < 2);
    if (page < 2) query["Marker"] = answer["NextMarker"];
  }
  CHECK(seen == ids);
  CHECK_EQ(grants_of(key, {{"GrantId", *ids.begin()}})["Grants"].size(), 1U);
  CHECK_ERROR(InvalidGrantId, grants_of(key, {{"GrantId", std::string(64, '0')}}));
  const Json retirable =
      request(service(), "ListRetirableGrants", {{"RetiringPrincipal", kBob.principal}});
  std::set<std::string> found;
  for (const Json& grant : retirable["Grants"])
    if (text_of(grant["KeyId"]) == key_arn(key)) found.insert(text_of(grant["GrantId"]));
  CHECK(found == ids);
  CHECK_ERROR(AccessDenied, request_as(kAlice, service(), "ListGrants", {{"KeyId", key}}));
}

void a_grant_is_retired_by_whom_it_names() {
  const std::string key = create_closed_key();
  const auto retire = [&](const Caller& caller, const Grant& grant) {
    request_as(caller, service(), "RetireGrant", {{"KeyId", key_arn(key)}, {"GrantId", grant.id}});
  };
  const Json by_bob{{"RetiringPrincipal", kBob.principal}};
  const Grant of_bob = create(key, kAlice, {"Encrypt"}, by_bob);
  CHECK_ERROR(AccessDenied, retire(kAlice, of_bob));
  CHECK_ERROR(AccessDenied,
              request_as(kAlice, service(), "RetireGrant", {{"GrantToken", of_bob.token}}));
  retire(kBob, of_bob);
  retire(kAlice, create(key, kAlice, {"RetireGrant"}));
  retire(kRoot, create(key, kAlice, {"Encrypt"}));
  CHECK_ERROR(AccessDenied, retire(kBob, create(key, kAlice, {"Encrypt"})));
  for (const Json& bad : {Json::object(), Json{{"KeyId", key}}, Json{{"GrantId", "x"}}})
    CHECK_ERROR(Validation, request(service(), "RetireGrant", bad));
}

void whoever_has_a_grant_gives_away_no_more() {
  const std::string key = create_closed_key();
  const Json tenant{{"EncryptionContextSubset", {{"tenant", "acme"}}}};
  create(key, kAlice, {"CreateGrant", "Encrypt"}, {{"Constraints", tenant}});
  create(kAlice, key, kBob, {"Encrypt"}, {{"Constraints", tenant}});
  create(kAlice, key, kBob, {"Encrypt"},
         {{"Constraints", {{"EncryptionContextEquals", {{"tenant", "acme"}, {"env", "x"}}}}}});
  CHECK_ERROR(AccessDenied, create(kAlice, key, kBob, {"Encrypt"}));
  CHECK_ERROR(AccessDenied, create(kAlice, key, kBob, {"Decrypt"}, {{"Constraints", tenant}}));
  CHECK_ERROR(AccessDenied,
              create(kAlice, key, kBob, {"Encrypt"},
                     {{"Constraints", {{"EncryptionContextSubset", {{"tenant", "other"}}}}}}));
}

void a_request_that_makes_no_sense_makes_no_grant() {
  const std::string key = create_closed_key();
  const auto refused = [&](ErrorCode code, const Json& change) {
    Json json{{"KeyId", key}, {"GranteePrincipal", kAlice.principal}, {"Operations", {"Encrypt"}}};
    json.update(change);
    try {
      request(service(), "CreateGrant", json);
    } catch (const Error& error) {
      CHECK_EQ(std::string(error.name()), std::string(error_name(code)));
      return;
    }
    throw Failure("CreateGrant went through");
  };
  refused(ErrorCode::Validation, {{"GranteePrincipal", nullptr}});
  refused(ErrorCode::InvalidArn, {{"GranteePrincipal", "alice"}});
  refused(ErrorCode::InvalidArn, {{"RetiringPrincipal", "arn:aws:s3:::bucket"}});
  refused(ErrorCode::Validation, {{"Operations", {"Sign"}}});
  refused(ErrorCode::Validation, {{"Operations", {"GenerateMac"}}});
  refused(ErrorCode::Validation, {{"Operations", {"ReEncrypt"}}});
  refused(ErrorCode::Validation, {{"Name", "with blanks in it"}});
  refused(
      ErrorCode::Validation,
      {{"Constraints",
        {{"EncryptionContextEquals", {{"a", "b"}}}, {"EncryptionContextSubset", {{"a", "b"}}}}}});
  refused(ErrorCode::Validation,
          {{"Constraints", {{"EncryptionContextEquals", {{"a", std::string(385, 'x')}}}}}});
  refused(ErrorCode::UnsupportedOperation, {{"GranteeServicePrincipal", "ec2.amazonaws.com"}});
  refused(ErrorCode::DryRunOperation, {{"DryRun", true}});
  request(service(), "DisableKey", {{"KeyId", key}});
  refused(ErrorCode::Disabled, Json::object());
  request(service(), "ScheduleKeyDeletion", {{"KeyId", key}});
  refused(ErrorCode::KMSInvalidState, Json::object());
  CHECK_EQ(grants_of(key)["Grants"].size(), 0U);
  const std::string signer =
      create_closed_key({{"KeySpec", "ECC_NIST_P256"}, {"KeyUsage", "SIGN_VERIFY"}});
  create(signer, kAlice, {"Sign", "GetPublicKey"});
  CHECK_ERROR(Validation, create(signer, kAlice, {"Sign"},
                                 {{"Constraints", {{"EncryptionContextEquals", {{"a", "b"}}}}}}));
}

void a_dry_run_ends_no_grant() {
  const std::string key = create_closed_key();
  const Grant grant = create(key, kAlice, {"Encrypt"});
  for (const char* operation : {"RevokeGrant", "RetireGrant"})
    CHECK_ERROR(
        DryRunOperation,
        request(service(), operation, {{"KeyId", key}, {"GrantId", grant.id}, {"DryRun", true}}));
  blob_as(kAlice, key);
}

void a_policy_denies_what_a_grant_allows() {
  const std::string key = create_closed_key();
  create(key, kAlice, {"Encrypt", "RetireGrant"});
  Json policy = parse_json<Json>(kPolicy);
  policy["Statement"].push_back(
      {{"Effect", "Deny"}, {"Principal", "*"}, {"Action", {"kms:Encrypt"}}, {"Resource", "*"}});
  const std::string text(std::string_view(policy.dump()));
  request(service(), "PutKeyPolicy", {{"KeyId", key}, {"Policy", text}});
  CHECK_ERROR(AccessDenied, blob_as(kAlice, key));
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS(
      "kms grants", TEST(a_grant_lets_its_grantee_do_its_operations),
      TEST(a_grant_lets_the_sessions_of_a_role), TEST(of_many_grants_the_right_one_is_found),
      TEST(a_grant_for_a_service_of_aws_lets_nobody), TEST(a_move_needs_a_grant_on_each_key),
      TEST(constraints_bind_the_context), TEST(a_token_makes_a_grant_hold_at_once),
      TEST(other_processes_see_grants_come_and_go), TEST(tokens_cannot_be_made_up),
      TEST(the_same_name_is_the_same_grant), TEST(grants_are_listed),
      TEST(a_grant_is_retired_by_whom_it_names), TEST(whoever_has_a_grant_gives_away_no_more),
      TEST(a_request_that_makes_no_sense_makes_no_grant), TEST(a_dry_run_ends_no_grant),
      TEST(a_policy_denies_what_a_grant_allows));
}
