// SPDX-License-Identifier: Apache-2.0
// SoftHSM's configuration, and what is left of a token whose login was killed.
#include "hsm/softhsm_files.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "hsm/token.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using hsm::TokenObject;
namespace fs = std::filesystem;

constexpr const char* kDefault = "/var/lib/softhsm/tokens/";

fs::path tokens;
fs::path token_object;
fs::path copy_of_it;

Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, ByteView content) {
  std::ofstream(path, std::ios::binary) << as_text(content);
}

TokenConfig config() {
  return load_config().tokens.front();
}

// A new start: connects, and does something that needs the login.
void use() {
  softhsm()->C_Finalize(nullptr);
  hsm::Token token(config(), {});
  hsm::generate_random(token, 8);
}

void has(const Error& error, const std::string& words) {
  if (error.text().find(words) == std::string::npos)
    throw Failure("no \"" + words + "\" in: " + error.text());
}

void reads_the_configuration_as_softhsm_does() {
  for (const auto& [text, directory] : {
           std::pair<const char*, const char*>("", kDefault),
           {"directories.tokendir = /a/b", "/a/b"},
           {"  directories.tokendir\t=\t/a b/c \r\nlog.level = ERROR\n", "/a b/c"},
           {"directories.tokendir = /a\ndirectories.tokendir = /b\n", "/b"},
           {"directories.tokendir = /a # /b\n", "/a"},
           {"# directories.tokendir = /a\n", kDefault},
           {"=directories.tokendir==/a=b\n", "/a"},
           {"directories.tokendir =\n", kDefault},
           {"directories.tokendir\n/a\n", kDefault},
           {"Directories.tokendir = /a\n", kDefault},
       })
    CHECK_EQ(hsm::parse_token_directory(text), std::string(directory));
}

void tells_a_whole_token_from_a_part() {
  const Bytes whole = read_file(token_object);
  CHECK_EQ(hsm::classify_token_object(whole), TokenObject::Whole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const TokenObject part = hsm::classify_token_object(ByteView(whole).first(size));
    CHECK(part != TokenObject::Whole);
  }
  Bytes longer = whole;
  longer.push_back(0);
  CHECK_EQ(hsm::classify_token_object(longer), TokenObject::Damaged);
  CHECK_EQ(hsm::classify_token_object(Bytes(whole.size())), TokenObject::Damaged);
}

void keeps_a_copy_for_its_owner() {
  use();
  CHECK_EQ(hsm::classify_token_object(read_file(copy_of_it)), TokenObject::Whole);
  struct stat status {};
  CHECK_EQ(stat(copy_of_it.c_str(), &status), 0);
  CHECK_EQ(static_cast<int>(status.st_mode & 07777), 0600);
  // It is written when something changes, and not by every login.
  const auto inode = status.st_ino;
  use();
  CHECK_EQ(stat(copy_of_it.c_str(), &status), 0);
  CHECK_EQ(status.st_ino, inode);
}

void emptied_token_comes_back_by_itself() {
  use();
  write_file(token_object, {});
  use();
  CHECK_EQ(hsm::classify_token_object(read_file(token_object)), TokenObject::Whole);
}

void part_of_a_token_is_left_to_the_owner() {
  use();
  const Bytes whole = read_file(token_object);
  write_file(token_object, ByteView(whole).first(100));
  Error error = ERROR_OF(use());
  CHECK_EQ(error.code(), ErrorCode::KeyUnavailable);
  has(error, token_object);
  has(error, "`trent check --repair`");
  hsm::Token token(config(), {});
  const auto restored = token.restore_files();
  CHECK_EQ(restored.size(), 1U);
  CHECK_EQ(restored.front().file.string(), token_object.string());
  use();
  // What is whole is not touched.
  CHECK_EQ(token.restore_files().size(), 0U);
}

void token_without_a_copy_is_named() {
  use();
  const Bytes whole = read_file(token_object);
  fs::remove(copy_of_it);
  write_file(token_object, {});
  Error error = ERROR_OF(use());
  has(error, token_object);
  has(error, "from a backup");
  write_file(token_object, whole);
  use();
}

// Somebody put it there who may write beside the tokens, but not into them.
void copies_of_others_are_not_believed() {
  use();
  const Bytes whole = read_file(token_object);
  const fs::path copies = copy_of_it.parent_path();
  chmod(copies.c_str(), 0777);
  write_file(token_object, {});
  has(ERROR_OF(use()), "from a backup");
  chmod(copies.c_str(), 0700);
  fs::rename(copies, copies.string() + ".real");
  fs::create_directory_symlink(copies.string() + ".real", copies);
  has(ERROR_OF(use()), "from a backup");
  fs::remove(copies);
  fs::rename(copies.string() + ".real", copies);
  use();
}

// softhsm2-util --init-token on a token that is there: its old PIN must not come back.
void token_that_was_initialised_anew_stays_so() {
  use();
  const Bytes whole = read_file(token_object);
  constexpr std::size_t kUserPin = 8 + 8 + 8 + 72;  // type, kind, size, value: the last attribute
  const ByteView without_pin = ByteView(whole).first(whole.size() - kUserPin);
  CHECK_EQ(hsm::classify_token_object(without_pin), TokenObject::WithoutPin);
  write_file(token_object, without_pin);
  hsm::Token token(config(), {});
  CHECK_EQ(token.restore_files().size(), 0U);
  Error error = ERROR_OF(use());
  CHECK_EQ(error.code(), ErrorCode::AccessDenied);
  has(error, "CKR_USER_PIN_NOT_INITIALIZED");
  has(error, "--login-type so --init-pin");
  CHECK(read_file(token_object).size() < whole.size());
  write_file(token_object, whole);
  use();
}

}  // namespace

int main() {
  SoftHsm softhsm_token;
  tokens = softhsm_token.directory() / "tokens";
  const fs::path token = fs::directory_iterator(tokens)->path();
  token_object = token / "token.object";
  copy_of_it =
      softhsm_token.directory() / "tokens.backup" / (token.filename().string() + ".token.object");
  return RUN_TESTS("softhsm files", TEST(reads_the_configuration_as_softhsm_does),
                   TEST(tells_a_whole_token_from_a_part), TEST(keeps_a_copy_for_its_owner),
                   TEST(emptied_token_comes_back_by_itself),
                   TEST(part_of_a_token_is_left_to_the_owner), TEST(token_without_a_copy_is_named),
                   TEST(copies_of_others_are_not_believed),
                   TEST(token_that_was_initialised_anew_stays_so));
}
