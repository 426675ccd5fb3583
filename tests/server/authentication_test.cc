// SPDX-License-Identifier: Apache-2.0
// From a request to a caller, by each way in.
#include "server/authentication.h"

#include <atomic>
#include <thread>

#include "check.h"
#include "signing.h"

namespace {

using namespace trent;
using namespace trent::server;
using namespace std::chrono_literals;
using Authentication = kms::Caller::Authentication;
using test::Authorization;
using test::kms_request;
using test::kNow;
using test::signed_in_header;
using test::signed_in_query;

constexpr const char* kAlice = "arn:aws:iam::111122223333:user/alice";
constexpr const char* kBob = "arn:aws:iam::444455556666:user/bob";
const std::string kToken = "session/token";

// Two accounts in two regions. No token is opened.
Config two_accounts() {
  Config config;
  config.source = "/etc/trent/trent.toml";
  config.tokens = {{"111122223333", "us-east-1", "m", "pkcs11:token=a", ""},
                   {"444455556666", "eu-west-1", "m", "pkcs11:token=b", ""}};
  return config;
}

// The other ends of connections.
Peer plain(const std::string& address = "192.0.2.1") {
  return {address, false, {}, {}};
}
Peer tls(const std::vector<std::string>& names = {}) {
  return {"192.0.2.1", true, {}, names};
}
Peer local(uid_t uid) {
  return {"unix", false, uid, {}};
}

Principal alice() {
  Principal principal;
  principal.arn = kAlice;
  principal.account = "111122223333";
  principal.access_key_id = test::kAccessKey;
  principal.secret = test::kSecret;
  return principal;
}

struct World {
  explicit World(std::vector<Principal> principals = {alice()},
                 std::chrono::seconds skew = SignatureRules().skew)
      : accounts(two_accounts(), {}),
        authenticator({"file", std::move(principals)}, accounts, skew) {}

  kms::Caller in(const Request& request, const Peer& peer = plain(), const Ways& ways = {},
                 std::chrono::system_clock::time_point now = kNow) {
    return authenticator.authenticate(request, peer, ways, now);
  }
  // "NAME REASON MESSAGE"
  std::string out(const Request& request, const Peer& peer = plain(), const Ways& ways = {},
                  std::chrono::system_clock::time_point now = kNow) {
    try {
      authenticator.authenticate(request, peer, ways, now);
    } catch (const AuthenticationError& error) {
      return std::string(error.name()) + " " + error.reason() + " " + error.message();
    }
    throw test::Failure("let in");
  }

  kms::Accounts accounts;
  Authenticator authenticator;
};

const std::string kMissing =
    "MissingAuthenticationTokenException missing Missing Authentication Token";
const std::string kUnrecognized = " The security token included in the request is invalid.";

void signature_makes_a_caller() {
  World world;
  for (const Request& request : {signed_in_header(kms_request()), signed_in_query(kms_request())})
    for (int i = 0; i < 2; i++) {
      const kms::Caller caller = world.in(request);
      CHECK_EQ(caller.principal, kAlice);
      CHECK_EQ(caller.account, "111122223333");
      CHECK_EQ(caller.authentication, Authentication::Signature);
      CHECK_EQ(caller.source_address, "192.0.2.1");
    }
}

void without_anything() {
  World world;
  CHECK_EQ(world.out(kms_request()), kMissing);
  CHECK_EQ(world.out(kms_request(), Peer{"unix", false, 1000, {"URI:a"}}), kMissing);
  CHECK_EQ(world.out(kms_request(), plain(), {.signature = false}), kMissing);
}

void unknown_access_key() {
  World world;
  Authorization authorization;
  authorization.access_key = "AKIAOTHER";
  CHECK_EQ(world.out(signed_in_header(kms_request(), authorization)),
           "UnrecognizedClientException unknown_key" + kUnrecognized);
  // Those of a principal without an access key, and of an empty one.
  Principal by_uid = alice();
  by_uid.access_key_id.clear();
  by_uid.secret.clear();
  by_uid.uid = 1;
  World other({by_uid});
  authorization.access_key.clear();
  CHECK_EQ(other.out(signed_in_header(kms_request(), authorization, "")),
           "UnrecognizedClientException unknown_key" + kUnrecognized);
}

void principal_whose_secret_was_not_read() {
  Principal principal = alice();
  principal.secret.clear();
  principal.secret_source = "file:/x";
  World world({principal});
  CHECK_EQ(world.out(signed_in_header(kms_request(), {}, "")),
           "UnrecognizedClientException unknown_key" + kUnrecognized);
}

void wrong_secret() {
  World world;
  CHECK(
      world.out(signed_in_header(kms_request(), {}, "x"))
          .starts_with("InvalidSignatureException signature The request signature we calculated"));
}

void disabled_credential() {
  Principal principal = alice();
  principal.is_disabled = true;
  principal.uid = 1;
  principal.certificate = "DNS:a";
  Sha256 hash = sha256({as_bytes("t")});
  principal.bearer_hash = hash;
  World world({principal});
  CHECK_EQ(world.out(signed_in_header(kms_request())),
           "UnrecognizedClientException unknown_key" + kUnrecognized);
  const Peer peer{"unix", true, 1, {"DNS:a"}};
  const Ways ways{.unix_user = true, .certificate = true, .bearer = true};
  CHECK(world.out(kms_request(), peer, ways).starts_with("MissingAuthenticationTokenException"));
  Request request = kms_request();
  request.headers.push_back({"authorization", "Bearer t"});
  CHECK_EQ(world.out(request, peer, ways), "UnrecognizedClientException bearer" + kUnrecognized);
}

void expired_credential() {
  Principal principal = alice();
  principal.expires = kNow + 1s;
  principal.uid = 1;
  principal.certificate = "DNS:a";
  principal.bearer_hash = sha256({as_bytes("t")});
  World world({principal});
  const std::string expired =
      "ExpiredTokenException expired The security token included in the request is expired";
  const Request request = signed_in_header(kms_request());
  world.in(request);
  CHECK_EQ(world.out(request, plain(), {}, kNow + 1s), expired);
  // Nothing is told to who does not have the secret.
  CHECK(world.out(signed_in_header(kms_request(), {}, "x"), plain(), {}, kNow + 1s)
            .starts_with("InvalidSignatureException"));
  const Ways ways{.unix_user = true, .certificate = true, .bearer = true};
  CHECK_EQ(world.out(kms_request(), local(1), ways, kNow + 1s), expired);
  CHECK_EQ(world.out(kms_request(), tls({"DNS:a"}), ways, kNow + 1s), expired);
  Request bearer = kms_request();
  bearer.headers.push_back({"authorization", "Bearer t"});
  CHECK_EQ(world.out(bearer, local(7), ways, kNow + 1s), expired);
}

void session_token_comes_with_the_signature() {
  Principal principal = alice();
  principal.session_token_hash = sha256({as_bytes(kToken)});
  World with({principal});
  World without;
  const std::string refused = "UnrecognizedClientException session" + kUnrecognized;
  Authorization authorization;
  authorization.signed_headers = "host;x-amz-date;x-amz-security-token;x-amz-target";
  const auto in_header = [&](const std::string& token) {
    Request request = kms_request();
    request.headers.push_back({"x-amz-security-token", token});
    return signed_in_header(request, authorization);
  };
  const auto in_query = [](const std::string& token) {
    return signed_in_query(kms_request(), {}, "300", "&X-Amz-Security-Token=" + token);
  };
  CHECK_EQ(with.in(in_header(kToken)).principal, kAlice);
  CHECK_EQ(with.in(in_query("session%2Ftoken")).principal, kAlice);
  for (const Request& request :
       {in_header("x"), in_header(""), in_query("x"), signed_in_header(kms_request())})
    CHECK_EQ(with.out(request), refused);
  CHECK_EQ(without.out(in_header(kToken)), refused);
  CHECK_EQ(without.out(in_query(kToken)), refused);
}

void region_is_that_of_the_account() {
  Principal bob = alice();
  bob.arn = kBob;
  bob.account = "444455556666";
  bob.access_key_id = "AKIABOB";
  Principal eve = alice();  // of an account that has no token here
  eve.arn = "arn:aws:iam::777788889999:user/eve";
  eve.account = "777788889999";
  eve.access_key_id = "AKIAEVE";
  World world({alice(), bob, eve});
  const auto in_region = [](const char* key, const char* region) {
    Authorization authorization;
    authorization.access_key = key;
    authorization.region = region;
    return signed_in_header(kms_request(), authorization);
  };
  const std::string refused =
      "InvalidSignatureException scope Credential should be scoped to a valid region.";
  CHECK_EQ(world.in(in_region("AKIABOB", "eu-west-1")).account, "444455556666");
  CHECK_EQ(world.out(in_region("AKIABOB", "us-east-1")), refused);
  CHECK_EQ(world.out(in_region(test::kAccessKey, "eu-west-1")), refused);
  CHECK_EQ(world.out(in_region(test::kAccessKey, "us-west-1")), refused);
  CHECK_EQ(world.in(in_region("AKIAEVE", "eu-west-1")).principal, eve.arn);
  CHECK_EQ(world.in(in_region("AKIAEVE", "us-east-1")).account, eve.account);
}

void skew_is_configurable() {
  World world({alice()}, 10s);
  world.in(signed_in_header(kms_request()), plain(), {}, kNow + 10s);
  CHECK(world.out(signed_in_header(kms_request()), plain(), {}, kNow + 11s)
            .starts_with("InvalidSignatureException skew Signature expired: "));
}

void signature_where_it_is_no_way_in() {
  World world;
  for (const Request& request : {signed_in_header(kms_request()), signed_in_query(kms_request())})
    CHECK_EQ(world.out(request, local(1), {.signature = false, .unix_user = true}), kMissing);
}

// An Authorization header or a signature in the query decides, even if the connection would do.
void what_is_shown_goes_first() {
  Principal by_uid = alice();
  by_uid.arn = kBob;
  by_uid.access_key_id = "AKIABOB";
  by_uid.uid = 1;
  World world({alice(), by_uid});
  const Peer peer = local(1);
  const Ways ways{.unix_user = true};
  CHECK_EQ(world.in(kms_request(), peer, ways).principal, kBob);
  CHECK_EQ(world.in(signed_in_header(kms_request()), peer, ways).principal, kAlice);
  CHECK(world.out(signed_in_header(kms_request(), {}, "x"), peer, ways)
            .starts_with("InvalidSignatureException"));
  CHECK(world.out(signed_in_query(kms_request(), {}, "300", "", "x"), peer, ways)
            .starts_with("InvalidSignatureException"));
  Request request = kms_request();
  request.headers.push_back({"authorization", "Basic YTpi"});
  CHECK(world.out(request, peer, ways).starts_with("IncompleteSignatureException malformed"));
}

Request with_bearer(const std::string& authorization) {
  Request request = kms_request();
  request.headers.push_back({"authorization", authorization});
  return request;
}

void bearer_token() {
  Principal bob = alice();
  bob.arn = kBob;
  bob.account = "444455556666";
  bob.access_key_id.clear();
  bob.bearer_hash = sha256({as_bytes("tok=en")});
  World world({alice(), bob});
  const Peer encrypted = tls();
  const Ways ways{.bearer = true};
  for (const char* text : {"Bearer tok=en", "bearer tok=en", "BEARER  tok=en"}) {
    const kms::Caller caller = world.in(with_bearer(text), encrypted, ways);
    CHECK_EQ(caller.principal, kBob);
    CHECK_EQ(caller.account, "444455556666");
    CHECK_EQ(caller.authentication, Authentication::BearerToken);
  }
  world.in(with_bearer("Bearer tok=en"), local(7), ways);
  const std::string missing =
      "MissingAuthenticationTokenException bearer Missing Authentication Token";
  CHECK_EQ(world.out(with_bearer("Bearer tok=en"), plain("127.0.0.1"), ways), missing);
  CHECK_EQ(world.out(with_bearer("Bearer tok=en"), encrypted, {}), missing);
  for (const char* text : {"Bearer tok=e", "Bearer tok=enn", "Bearer  ", "Bearer  x tok=en"})
    CHECK_EQ(world.out(with_bearer(text), encrypted, ways),
             "UnrecognizedClientException bearer" + kUnrecognized);
  Request twice = with_bearer("Bearer tok=en");
  twice.headers.push_back({"authorization", "Bearer x"});
  CHECK(world.out(twice, encrypted, ways).starts_with("IncompleteSignatureException malformed"));
}

void certificate() {
  Principal bob = alice();
  bob.arn = kBob;
  bob.certificate = "URI:spiffe://example/app";
  World world({alice(), bob});
  const Ways ways{.unix_user = true, .certificate = true};
  const Peer peer = tls({"DNS:app.example", "URI:spiffe://example/app"});
  const kms::Caller caller = world.in(kms_request(), peer, ways);
  CHECK_EQ(caller.principal, kBob);
  CHECK_EQ(caller.authentication, Authentication::Certificate);
  CHECK_EQ(world.out(kms_request(), peer), kMissing);
  CHECK_EQ(world.out(kms_request(), tls({"URI:spiffe://example/app2"}), ways),
           "MissingAuthenticationTokenException certificate Missing Authentication Token");
}

void unix_user() {
  Principal bob = alice();
  bob.arn = kBob;
  bob.uid = 0;
  World world({alice(), bob});
  const Ways ways{.unix_user = true};
  const kms::Caller caller = world.in(kms_request(), local(0), ways);
  CHECK_EQ(caller.principal, kBob);
  CHECK_EQ(caller.authentication, Authentication::UnixUser);
  CHECK_EQ(caller.source_address, "unix");
  CHECK_EQ(world.out(kms_request(), plain(), ways), kMissing);
  CHECK_EQ(world.out(kms_request(), local(1), ways),
           "MissingAuthenticationTokenException user Missing Authentication Token");
}

void many_threads() {
  World world;
  const Request right = signed_in_header(kms_request());
  const Request wrong = signed_in_header(kms_request(), {}, "x");
  std::vector<std::thread> threads;
  std::atomic<int> in = 0;
  std::atomic<int> out = 0;
  for (int i = 0; i < 4; i++)
    threads.emplace_back([&] {
      for (int n = 0; n < 100; n++) {
        in += world.in(right).principal == kAlice;
        try {
          world.in(wrong);
        } catch (const AuthenticationError&) {
          out++;
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(in.load(), 400);
  CHECK_EQ(out.load(), 400);
}

void insecure() {
  World world;
  Ways ways{.unix_user = true, .insecure_as = "root"};
  kms::Caller caller = world.in(kms_request(), plain("127.0.0.1"), ways);
  CHECK_EQ(caller.principal, "arn:aws:iam::111122223333:root");
  CHECK_EQ(caller.account, "111122223333");
  CHECK_EQ(caller.authentication, Authentication::Nobody);
  ways.insecure_as = kBob;
  for (const Request& request :
       {kms_request(), with_bearer("Bearer x"), with_bearer("nonsense"),
        signed_in_header(kms_request(), {}, "x"), signed_in_query(kms_request())}) {
    caller = world.in(request, local(1), ways);
    CHECK_EQ(caller.principal, kBob);
    CHECK_EQ(caller.account, "444455556666");
    CHECK_EQ(caller.authentication, Authentication::Nobody);
  }
}

}  // namespace

int main() {
  return RUN_TESTS("server authentication", TEST(signature_makes_a_caller), TEST(without_anything),
                   TEST(unknown_access_key), TEST(principal_whose_secret_was_not_read),
                   TEST(wrong_secret), TEST(disabled_credential), TEST(expired_credential),
                   TEST(session_token_comes_with_the_signature),
                   TEST(region_is_that_of_the_account), TEST(skew_is_configurable),
                   TEST(signature_where_it_is_no_way_in), TEST(what_is_shown_goes_first),
                   TEST(bearer_token), TEST(certificate), TEST(unix_user), TEST(insecure),
                   TEST(many_threads));
}
