// SPDX-License-Identifier: Apache-2.0
// credentials.toml: what it may say, what is said about one that is wrong, and who may read it.
#include "server/credentials.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "check.h"
#include "files.h"

namespace {

using namespace trent;
using namespace trent::server;
using test::Files;
namespace fs = std::filesystem;

constexpr const char* kFile = "/etc/trent/credentials.toml";
constexpr const char* kArn = "arn = \"arn:aws:iam::111122223333:user/alice\"\n";
const std::string kHash(64, 'a');

// Lines 1 and 2 of what is built on it.
const std::string kAlice = std::string("[[principal]]\n") + kArn;
// And 3 and 4.
const std::string kKey =
    kAlice + "access-key-id = \"AKIAALICE\"\nsecret = \"token:trent/credential/AKIAALICE\"\n";

Principal parse_one(const std::string& text) {
  const Credentials credentials = parse_credentials(text, kFile);
  CHECK_EQ(credentials.principals.size(), 1U);
  return credentials.principals.front();
}

void check_refused(const std::string& text, const std::string& where_and_what) {
  try {
    parse_credentials(text, kFile);
  } catch (const Error& error) {
    CHECK_EQ(error.code(), ErrorCode::Validation);
    const std::string expected = std::string(kFile) + ":" + where_and_what;
    if (!error.message().starts_with(expected))
      throw test::Failure("message is " + error.message() + ", expected " + expected + "...");
    CHECK(!error.advice().empty());
    CHECK(error.text().find("s3cr3t") == std::string::npos);
    CHECK(error.text().size() < 500);
    return;
  }
  throw test::Failure("accepted: " + text);
}

void all_keys_are_read() {
  const Principal p = parse_one(R"(# Alice, of the payroll.

[[principal]]
arn = "arn:aws:sts::111122223333:assumed-role/payroll/alice"
access-key-id = "AKIAALICE"
secret = "file:secrets/alice"
session-token-sha256 = ")" + kHash +
                                R"("
expires = 2027-01-01T01:02:03+01:00
disabled = true
uid = 1000
certificate = "URI:spiffe://example/app"
bearer-sha256 = "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff"
)");
  CHECK_EQ(p.arn, "arn:aws:sts::111122223333:assumed-role/payroll/alice");
  CHECK_EQ(p.account, "111122223333");
  CHECK_EQ(p.access_key_id, "AKIAALICE");
  CHECK_EQ(p.secret_source, "file:/etc/trent/secrets/alice");
  CHECK(p.secret.empty());
  CHECK_EQ(to_hex(p.session_token_hash.value()), kHash);
  CHECK_EQ(std::chrono::system_clock::to_time_t(p.expires.value()), 1798761723);
  CHECK(p.is_disabled);
  CHECK_EQ(p.uid.value(), 1000U);
  CHECK_EQ(p.certificate, "URI:spiffe://example/app");
  CHECK_EQ(to_hex(p.bearer_hash.value()),
           "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
  CHECK_EQ(p.line, 3U);
}

void most_keys_may_be_left_out() {
  const Principal key = parse_one(kKey);
  CHECK_EQ(secret_in_token(key).value(), "trent/credential/AKIAALICE");
  CHECK(!key.is_disabled && !key.expires && !key.uid && !key.bearer_hash);
  CHECK(!key.session_token_hash && key.certificate.empty());
  CHECK_EQ(parse_one(kAlice + "uid = 0\n").uid.value(), 0U);
  CHECK_EQ(parse_one(kAlice + "certificate = \"DNS:app\"\n").certificate, "DNS:app");
  CHECK(parse_one(kAlice + "bearer-sha256 = \"" + kHash + "\"\n").bearer_hash.has_value());
  CHECK_EQ(parse_credentials("", kFile).principals.size(), 0U);
}

void several_principals() {
  const Credentials both = parse_credentials(kKey + kAlice + "uid = 1\n", kFile);
  CHECK_EQ(both.principals.size(), 2U);
  CHECK_EQ(both.principals[0].line, 1U);
  CHECK_EQ(both.principals[1].line, 5U);
}

void faults() {
  const std::string hash = "= \"" + kHash + "\"\n";
  const std::pair<std::string, const char*> cases[] = {
      {"x", "1: not valid TOML"},
      {"secret = \"s3cr3t\"", "1: \"secret\" is not a known key"},
      {"principal = 1", "1: principal is not a list of tables"},
      {"[principal]\narn = \"x\"", "1: principal is not a list of tables"},
      {"[[principal]]\nuid = 1", "1: arn is missing"},
      {"[[principal]]\narn = 1", "2: arn must be a string"},
      {"[[principal]]\narn = \"s3cr3t\"\nuid = 1", "2: arn is not the ARN of a principal"},
      {"[[principal]]\narn = \"arn:aws:kms:a:111122223333:key/s3cr3t\"\nuid = 1", "2: arn is not"},
      {"[[principal]]\narn = \"arn:aws:iam::11112222333:user/a\"\nuid = 1", "2: arn is not"},
      {kAlice, "2: arn has nothing to be known by"},
      {kAlice + "disabled = true", "2: arn has nothing to be known by"},
      {kAlice + "password = \"s3cr3t\"", "3: \"password\" is not a known key"},
      {kAlice + "access_key_id = \"s3cr3t\"", "3: \"access_key_id\" is not a known key"},
      {kAlice + "access-key-id = \"AKIA\"", "1: secret is missing"},
      {kAlice + "access-key-id = 1", "3: access-key-id must be a string"},
      {kAlice + "access-key-id = \"\"", "3: access-key-id is empty"},
      {kAlice + "access-key-id = \"s3cr3t/x\"", "3: access-key-id is not the id"},
      {kAlice + "access-key-id = \"" + std::string(129, 'A') + "\"", "3: access-key-id is not the"},
      {kAlice + "secret = \"token:s3cr3t\"", "3: secret is there without an access-key-id"},
      {kAlice + "uid = 1\nsession-token-sha256 " + hash, "4: session-token-sha256 is there with"},
      {kAlice + "access-key-id = \"A\"\nsecret = \"s3cr3t\"", "4: secret is neither in a token"},
      {kAlice + "access-key-id = \"A\"\nsecret = \"token:\"", "4: secret is neither"},
      {kAlice + "access-key-id = \"A\"\nsecret = \"file:\"", "4: secret is neither"},
      {kAlice + "access-key-id = \"A\"\nsecret = \"env:s3cr3t\"", "4: secret is neither"},
      {kAlice + "access-key-id = \"A\"\nsecret = \"credential:\"", "4: secret is neither"},
      {kAlice + "access-key-id = \"A\"\nsecret = \"credential:../s3cr3t\"", "4: secret is neither"},
      {kAlice + "access-key-id = \"A\"\nsecret = \"credential:..\"", "4: secret is neither"},
      {kKey + "session-token-sha256 = \"s3cr3t\"", "5: session-token-sha256 is not the SHA-256"},
      {kKey + "bearer-sha256 = \"" + kHash + "aa\"", "5: bearer-sha256 is not the SHA-256"},
      {kKey + "bearer-sha256 = 1", "5: bearer-sha256 must be a string"},
      {kKey + "expires = \"2027-01-01\"", "5: expires must be a point in time"},
      {kKey + "expires = 2027-01-01", "5: expires must be a point in time"},
      {kKey + "expires = 2027-01-01T00:00:00", "5: expires must be a point in time"},
      {kKey + "expires = 9999-01-01T00:00:00Z", "5: expires is out of range"},
      {kKey + "disabled = \"true\"", "5: disabled must be true or false"},
      {kKey + "uid = \"alice\"", "5: uid must be a whole number"},
      {kKey + "uid = -1", "5: uid is not the number of a user"},
      {kKey + "uid = 4294967295", "5: uid is not the number of a user"},
      {kKey + "certificate = \"s3cr3t\"", "5: certificate is not a subject alternative name"},
      {kKey + "certificate = \"URI:\"", "5: certificate is not a subject alternative name"},
      {kKey + kKey, "7: access-key-id is taken"},
      {kAlice + "uid = 1\n" + kAlice + "uid = 1\n", "6: uid is taken"},
      {kAlice + "certificate = \"DNS:a\"\n" + kAlice + "certificate = \"DNS:a\"\n",
       "6: certificate is taken"},
      {kAlice + "bearer-sha256 " + hash + kAlice + "bearer-sha256 " + hash,
       "6: bearer-sha256 is taken"},
  };
  for (const auto& [text, expected] : cases) check_refused(text, expected);
}

std::string fault_of_loading(const std::string& path) {
  try {
    load_credentials(path);
  } catch (const Error& error) {
    CHECK_EQ(error.code(), ErrorCode::Validation);
    CHECK(!error.advice().empty());
    return error.message();
  }
  throw test::Failure("loaded: " + path);
}

void check_contains(const std::string& text, const std::string& part) {
  if (text.find(part) == std::string::npos)
    throw test::Failure("expected to find " + part + " in: " + text);
}

void file_must_be_its_users_alone() {
  Files files;
  for (mode_t mode : {0600U, 0400U, 0700U}) {
    const std::string path = files.write("credentials.toml", kKey, mode);
    CHECK_EQ(load_credentials(path).principals.size(), 1U);
  }
  for (mode_t mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0666U}) {
    const std::string path = files.write("credentials.toml", kKey, mode);
    check_contains(fault_of_loading(path), path + " can be read or changed by other users");
    check_contains(fault_of_loading(path), "chmod 600 " + path + ".");
  }
}

void directory_must_not_be_open() {
  Files files;
  fs::create_directory(files.directory() / "open");
  const std::string path = files.write("open/credentials.toml", kKey);
  load_credentials(path);
  chmod((files.directory() / "open").c_str(), 0777);
  check_contains(fault_of_loading(path), "can be replaced by others");
}

void owner_must_be_the_user_or_root() {
  if (geteuid() != 0) return;  // nobody else can give a file away
  Files files;
  const std::string path = files.write("credentials.toml", kKey);
  CHECK_EQ(chown(path.c_str(), 12345, static_cast<gid_t>(-1)), 0);
  check_contains(fault_of_loading(path),
                 "belongs to the user 12345, who can change it: use it as that user");
}

void what_is_no_file() {
  Files files;
  check_contains(fault_of_loading((files.directory() / "none").string()),
                 "cannot be read: No such file");
  check_contains(fault_of_loading(files.directory().string()), "is no file");
}

const std::string kFromFile = kAlice + "access-key-id = \"A\"\nsecret = \"file:alice\"\n";

void secrets_in_files() {
  Files files;
  const std::string path = files.write("credentials.toml", kFromFile);
  check_contains(fault_of_loading(path), path + ":4: secret names a file that cannot be read");
  const std::string secret = files.write("alice", "s3cr3t/+=\n");
  CHECK_EQ(std::string_view(load_credentials(path).principals[0].secret), "s3cr3t/+=");
  CHECK(load_credentials(path, Secrets::Leave).principals[0].secret.empty());
  chmod(secret.c_str(), 0640);
  check_contains(fault_of_loading(path),
                 path +
                     ":4: secret names a file that can be read or changed by other users: "
                     "chmod 600 " +
                     secret);
  for (const std::string& content :
       {std::string(), std::string("\n"), std::string("s3cr3t s3cr3t"), std::string("s3cr3t\nx"),
        std::string("s3cr3t\0", 7), std::string("sécr3t"), std::string(1025, 'x')}) {
    files.write("alice", content);
    const std::string fault = fault_of_loading(path);
    check_contains(fault, path + ":4: secret names a file that holds no secret access key.");
    CHECK(fault.find("cr3t") == std::string::npos);
  }
}

// It may be deleted before the principal is.
void secret_of_a_disabled_principal_is_not_read() {
  Files files;
  const std::string path = files.write("credentials.toml", kFromFile + "disabled = true\n");
  CHECK(load_credentials(path).principals[0].is_disabled);
}

void secrets_that_systemd_hands_over() {
  Files files;
  const std::string path = files.write(
      "credentials.toml", kAlice + "access-key-id = \"A\"\nsecret = \"credential:alice\"\n");
  unsetenv("CREDENTIALS_DIRECTORY");
  check_contains(fault_of_loading(path), path + ":4: secret is a credential of systemd's");
  setenv("CREDENTIALS_DIRECTORY", files.directory().c_str(), 1);
  check_contains(fault_of_loading(path), path + ":4: secret names a file that cannot be read");
  files.write("alice", "s3cr3t", 0440);
  CHECK_EQ(std::string_view(load_credentials(path).principals[0].secret), "s3cr3t");
  unsetenv("CREDENTIALS_DIRECTORY");
}

}  // namespace

int main() {
  return RUN_TESTS("server credentials", TEST(all_keys_are_read), TEST(most_keys_may_be_left_out),
                   TEST(several_principals), TEST(faults), TEST(file_must_be_its_users_alone),
                   TEST(directory_must_not_be_open), TEST(owner_must_be_the_user_or_root),
                   TEST(what_is_no_file), TEST(secrets_in_files),
                   TEST(secret_of_a_disabled_principal_is_not_read),
                   TEST(secrets_that_systemd_hands_over));
}
