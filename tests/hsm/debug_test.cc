// SPDX-License-Identifier: Apache-2.0
// TRENT_DEBUG=file:PATH: every call into the token, and nothing of what is secret.
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "fault.h"
#include "hsm/debug.h"
#include "hsm/mechanism_names.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;

std::string path;
std::string trace;                   // the whole file, after the operations
std::vector<std::string> functions;  // what fault.so saw
SecretBytes data_key;
const std::string kPlaintext = "attack at dawn, but quietly";

std::string read_trace() {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void run_operations() {
  fault_module().arm({});
  {
    Service kms(load_config());
    std::string a = create_key(kms);
    std::string b = create_key(kms);
    Bytes blob = encrypt(kms, a, kPlaintext);
    decrypt(kms, kms.re_encrypt(move_to(b, blob)).ciphertext_blob);
    kms::GenerateDataKeyRequest request;
    request.key_id = a;
    request.key_spec = "AES_256";
    data_key = kms.generate_data_key(request).plaintext;
    ERROR_OF(decrypt(kms, blob, {{"wrong", "context"}}));
  }
  functions = fault_module().trace();
  fault_module().disarm();
  trace = read_trace();
}

// What goes with a refusal of the PKCS#11 module may be several sentences.
void long_line_is_whole() {
  const std::string reason(5000, 'x');
  hsm::debug_call("C_OpenSession", reason, CKR_TOKEN_NOT_PRESENT, std::chrono::microseconds(3));
  CHECK(read_trace().ends_with(" C_OpenSession(" + reason + ") CKR_TOKEN_NOT_PRESENT 3.0 us\n"));
}

void every_call_has_its_line() {
  // 2026-01-31T12:34:56.123456Z 123/123 C_WrapKey(5, 17, 18) CKR_OK 12.3 us
  static const std::regex line_pattern(
      R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \d+/\d+ (C_[A-Za-z]+)\([\w, ]*\) (CKR_[A-Z_]+) \d+\.\d us)");
  std::vector<std::string> seen;
  std::istringstream lines(trace);
  for (std::string line; std::getline(lines, line);) {
    std::smatch parts;
    if (!std::regex_match(line, parts, line_pattern)) throw Failure("odd line: " + line);
    seen.push_back(parts[1]);
  }
  // p11-kit, not Trent, calls C_Initialize; C_GetInfo before it is a question to the module alone.
  auto expected = functions;
  std::erase_if(expected, [](const std::string& f) {
    return f == "C_Initialize" || f == "C_GetInfo" || f == "C_Finalize";
  });
  std::erase_if(seen, [](const std::string& f) { return f == "C_GetInfo"; });
  CHECK(!seen.empty());
  CHECK_EQ(seen.size(), expected.size());
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK_EQ(seen[i], expected[i]);
}

void failures_show() {
  CHECK(trace.find(") CKR_GENERAL_ERROR ") != trace.npos);  // the wrong context
  CHECK(trace.find("C_UnwrapKey(") != trace.npos);
}

void mechanisms_show_by_name() {
  const auto shows = [](const char* pattern) {
    return std::regex_search(trace, std::regex(pattern));
  };
  CHECK(shows(R"( C_GenerateKey\(\d+, CKM_AES_KEY_GEN, \d+\) CKR_OK )"));
  CHECK(shows(R"( C_DeriveKey\(\d+, CKM_AES_ECB_ENCRYPT_DATA, \d+, \d+\) CKR_OK )"));
  CHECK(shows(R"( C_WrapKey\(\d+, CKM_AES_KEY_WRAP_PAD, \d+, \d+\) CKR_OK )"));
  CHECK(shows(R"( C_UnwrapKey\(\d+, CKM_AES_KEY_WRAP_PAD, \d+, \d+, \d+\) CKR_OK )"));
  CHECK_EQ(hsm::mechanism_name(0x3ac), "CKM_SP800_108_COUNTER_KDF");
  CHECK_EQ(hsm::mechanism_name(0x80000001), "CKM 0x80000001");
}

void login_shows_no_argument() {
  CHECK(trace.find(" C_Login() CKR_OK ") != trace.npos);
}

bool in_trace(ByteView bytes) {
  return trace.find(as_text(bytes)) != trace.npos || trace.find(to_hex(bytes)) != trace.npos ||
         trace.find(to_base64(bytes)) != trace.npos;
}

void no_secret_is_in_it() {
  CHECK(!in_trace(as_bytes(kPlaintext)));
  CHECK(!in_trace(ByteView(as_bytes(kPlaintext)).first(8)));
  CHECK(!in_trace(data_key));
  CHECK(!in_trace(ByteView(data_key).first(6)));
  // The PIN is short: look for it as a word. Handles are the only numbers, and they are small.
  CHECK(!std::regex_search(trace, std::regex(R"(\(.*\b1234\b.*\))")));
}

void file_is_the_users_own() {
  struct stat status {};
  CHECK_EQ(stat(path.c_str(), &status), 0);
  CHECK_EQ(status.st_mode & 0777, 0600U);
}

}  // namespace

int main() {
  SoftHsm hsm({.module = fault_module_path()});
  path = (hsm.directory() / "debug").string();
  setenv("TRENT_DEBUG", ("file:" + path).c_str(), 1);
  run_operations();
  return RUN_TESTS("debug output", TEST(every_call_has_its_line), TEST(failures_show),
                   TEST(mechanisms_show_by_name), TEST(login_shows_no_argument),
                   TEST(no_secret_is_in_it), TEST(file_is_the_users_own), TEST(long_line_is_whole));
}
