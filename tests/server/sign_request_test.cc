// SPDX-License-Identifier: Apache-2.0
// What the client signs, the server takes; and which access key it is.
#include "server/sign_request.h"

#include <cstdlib>

#include "check.h"
#include "signing.h"

namespace {

using namespace trent;
using namespace trent::server;

constexpr const char* kOurRegion = "us-east-1";
constexpr const char* kVariables[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                      "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"};

void forget() {
  for (const char* name : kVariables) ::unsetenv(name);
}

void check_signature(const std::string& token) {
  Request request = test::kms_request();
  std::erase_if(request.headers, [](const Header& header) { return header.name == "x-amz-date"; });
  sign_request(request, {test::kAccessKey, test::kSecret, token, kOurRegion}, test::kTimeInSeconds);
  const Signature signature = read_signature(request);
  CHECK_EQ(signature.access_key_id, test::kAccessKey);
  CHECK_EQ(signature.time_text, test::kTime);
  CHECK_EQ(signature.security_token, token);
  SignatureRules rules;
  rules.regions = {kOurRegion};
  check_rules(signature, request, rules, test::kNow);
  CHECK(is_signed_with(test::signing_key(), signature, request));
  request.body = "{ }";
  CHECK(!is_signed_with(test::signing_key(), read_signature(request), request));
}

void the_server_takes_it() {
  check_signature("");
  check_signature("a/session+token=");
}

void access_key_of_the_environment() {
  forget();
  CHECK(!access_key_of_environment());
  ::setenv("AWS_ACCESS_KEY_ID", "", 1);
  ::setenv("AWS_SESSION_TOKEN", "token", 1);
  CHECK(!access_key_of_environment());
  ::setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
  CHECK_EQ(access_key_of_environment()->id, "AKID");
  CHECK_EQ(std::string(access_key_of_environment()->secret), "secret");
  CHECK_EQ(access_key_of_environment()->session_token, "token");
  CHECK_EQ(access_key_of_environment()->region, "local");
  ::setenv("AWS_DEFAULT_REGION", "eu-west-1", 1);
  CHECK_EQ(access_key_of_environment()->region, "eu-west-1");
  ::setenv("AWS_REGION", "eu-central-1", 1);
  CHECK_EQ(access_key_of_environment()->region, "eu-central-1");
}

void access_keys_that_cannot_be_used() {
  const auto check = [](const char* id, const char* secret, const char* token) {
    forget();
    ::setenv("AWS_ACCESS_KEY_ID", id, 1);
    ::setenv("AWS_SECRET_ACCESS_KEY", secret, 1);
    ::setenv("AWS_SESSION_TOKEN", token, 1);
    try {
      (void)access_key_of_environment();
    } catch (const Error& error) {
      CHECK(error.is_in_configuration());
      CHECK(error.text().find("hidden") == std::string::npos);
      return;
    }
    test::fail_at(__FILE__, __LINE__, "it was taken");
  };
  check("AKIDhidden", "", "");
  check("", "hidden", "");
  check("AKID\r\nx: hidden", "hidden", "");
  check("AKID hidden", "hidden", "");
  check("AKID", "hidden", "to\nken");
  forget();
}

}  // namespace

int main() {
  return RUN_TESTS("sign request", TEST(the_server_takes_it), TEST(access_key_of_the_environment),
                   TEST(access_keys_that_cannot_be_used));
}
