// SPDX-License-Identifier: Apache-2.0
// Secrets of access keys that are in a token: made there, used there, and never read there.
#include "check.h"
#include "fault.h"
#include "hsm/hmac_secret.h"
#include "kms.h"
#include "kms/check.h"
#include "server/authentication.h"
#include "signing.h"

namespace {

using namespace trent;
using namespace trent::server;
using test::Authorization;
using test::kms_request;
using test::kNow;
using test::signed_in_header;

const Peer kPeer{"192.0.2.1", false, {}, {}};
constexpr const char* kAlice = "arn:aws:iam::111122223333:user/alice";
constexpr const char* kLabel = "trent/credential/AKIDEXAMPLE";

const SecretBytes kSecretValue = test::secret(std::string("AWS4") + test::kSecret);

struct InToken {
  InToken() { hsm::create_hmac_secret(kms.home().token, kLabel, kSecretValue); }
  ~InToken() { hsm::destroy_hmac_secret(kms.home().token, kLabel); }
  test::Service kms{load_config()};
};

Principal alice() {
  Principal principal;
  principal.arn = kAlice;
  principal.account = test::kAccount;
  principal.access_key_id = test::kAccessKey;
  principal.secret_source = std::string("token:") + kLabel;
  return principal;
}

Request signed_for_token() {
  Authorization authorization;
  authorization.region = test::kRegion;
  return signed_in_header(kms_request(), authorization);
}

std::size_t called(const char* function) {
  std::size_t count = 0;
  for (const auto& call : test::fault_module().trace()) count += call == function;
  return count;
}

CK_OBJECT_HANDLE raw_secret(const test::RawSession& raw) {
  std::string label = kLabel;
  const auto found = raw.find({{CKA_LABEL, label.data(), label.size()}});
  CHECK_EQ(found.size(), 1U);
  return found.front();
}

void token_computes_the_hmac() {
  InToken world;
  CHECK(hsm::has_hmac_secret(world.kms.home().token, kLabel));
  CHECK(!hsm::has_hmac_secret(world.kms.home().token, "trent/credential/OTHER"));
  for (const char* message : {"20150830", "", "20150831"})
    CHECK(hsm::sign_with_hmac_secret(world.kms.home().token, kLabel, as_bytes(message)) ==
          hmac_sha256(kSecretValue, as_bytes(message)));
}

void secret_does_not_leave_the_token() {
  InToken world;
  test::RawSession raw;
  const CK_OBJECT_HANDLE object = raw_secret(raw);
  CHECK_EQ(raw.attribute(object, CKA_VALUE), "");
  const std::string yes(1, CK_TRUE);
  const std::string no(1, CK_FALSE);
  for (CK_ATTRIBUTE_TYPE type : {CKA_SENSITIVE, CKA_PRIVATE, CKA_TOKEN, CKA_SIGN})
    CHECK_EQ(raw.attribute(object, type), yes);
  for (CK_ATTRIBUTE_TYPE type :
       {CKA_EXTRACTABLE, CKA_ENCRYPT, CKA_DECRYPT, CKA_VERIFY, CKA_WRAP, CKA_UNWRAP, CKA_DERIVE})
    CHECK_EQ(raw.attribute(object, type), no);
}

void destroyed_secret_is_gone() {
  test::Service kms(load_config());
  test::RawSession raw;
  const std::size_t before = raw.count();
  hsm::create_hmac_secret(kms.home().token, kLabel, kSecretValue);
  CHECK_EQ(raw.count(), before + 1);
  hsm::destroy_hmac_secret(kms.home().token, kLabel);
  hsm::destroy_hmac_secret(kms.home().token, kLabel);
  CHECK_EQ(raw.count(), before);
  CHECK(!hsm::sign_with_hmac_secret(kms.home().token, kLabel, as_bytes("20150830")));
}

// Whichever call of it fails.
void failed_creation_leaves_nothing() {
  test::Service kms(load_config());
  hsm::profile_of(kms.home().token);
  test::RawSession raw;
  const std::size_t before = raw.count();
  for (const char* function : {"C_CreateObject", "C_GetAttributeValue", "C_SignInit", "C_Sign"}) {
    test::fault_module().arm({.nth = 1, .rv = CKR_DEVICE_ERROR, .function = function});
    bool failed = false;
    try {
      hsm::create_hmac_secret(kms.home().token, kLabel, kSecretValue);
    } catch (const Error&) {
      failed = true;
    }
    test::fault_module().disarm();
    CHECK(failed);
    CHECK_EQ(raw.count(), before);
  }
}

// CKA_ALLOWED_MECHANISMS is left out where it is refused.
void token_that_knows_no_restriction() {
  test::Service kms(load_config());
  hsm::profile_of(kms.home().token);
  test::fault_module().arm(
      {.nth = 1, .rv = CKR_ATTRIBUTE_TYPE_INVALID, .function = "C_CreateObject"});
  hsm::create_hmac_secret(kms.home().token, kLabel, kSecretValue);
  test::fault_module().disarm();
  CHECK(hsm::has_hmac_secret(kms.home().token, kLabel));
  hsm::destroy_hmac_secret(kms.home().token, kLabel);
}

void token_is_asked_once_a_day() {
  InToken world;
  Authenticator authenticator({"file", {alice()}}, world.kms.accounts());
  test::fault_module().disarm();  // begins a new trace
  const std::size_t before = called("C_Sign");
  for (int i = 0; i < 3; i++)
    CHECK_EQ(authenticator.authenticate(signed_for_token(), kPeer, {}, kNow).principal, kAlice);
  CHECK_EQ(called("C_Sign"), before + 1);
}

void token_without_the_secret() {
  test::Service kms(load_config());
  Authenticator authenticator({"file", {alice()}}, kms.accounts());
  std::string refusal;
  try {
    authenticator.authenticate(signed_for_token(), kPeer, {}, kNow);
  } catch (const AuthenticationError& error) {
    refusal = std::string(error.name()) + " " + error.reason();
  }
  CHECK_EQ(refusal, "UnrecognizedClientException no_secret");
  // It may come back.
  hsm::create_hmac_secret(kms.home().token, kLabel, kSecretValue);
  authenticator.authenticate(signed_for_token(), kPeer, {}, kNow);
  hsm::destroy_hmac_secret(kms.home().token, kLabel);
}

void check_has_nothing_to_say_of_it() {
  InToken world;
  test::create_key(world.kms);
  for (const kms::TokenReport& report : kms::check(world.kms, {})) {
    for (const std::string& problem : report.problems) throw test::Failure(problem);
    for (const std::string& warning : report.warnings)
      CHECK(warning.find("credential") == std::string::npos);
  }
}

}  // namespace

int main() {
  test::SoftHsm hsm({.module = test::fault_module_path()});
  return RUN_TESTS("server token_secret", TEST(token_computes_the_hmac),
                   TEST(secret_does_not_leave_the_token), TEST(destroyed_secret_is_gone),
                   TEST(failed_creation_leaves_nothing), TEST(token_that_knows_no_restriction),
                   TEST(token_is_asked_once_a_day), TEST(token_without_the_secret),
                   TEST(check_has_nothing_to_say_of_it));
}
