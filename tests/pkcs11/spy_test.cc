// SPDX-License-Identifier: Apache-2.0
// What reaches the token: pkcs11-spy in front of it writes down every call.
#include <fstream>
#include <regex>
#include <sstream>

#include "door.h"

using namespace trent;
using namespace trent::test;

namespace {

std::string log_path;

std::string read_log() {
  std::stringstream text;
  text << std::ifstream(log_path).rdbuf();
  return text.str();
}

// Without the looks whether the handles are still ours (src/hsm/sentinel.h), which come when it is
// time for them, and read a label.
std::string without_sentinel(const std::string& log) {
  static const std::regex look(": C_GetAttributeValue\n(?:.+\n)*? +CKA_LABEL (?:.+\n)*");
  return std::regex_replace(log, look, "");
}

// The log of what f does.
template <class F>
std::string log_of(F f) {
  std::size_t before = read_log().size();
  f();
  return without_sentinel(read_log().substr(before));
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

void check_no_plaintext_leaves(const std::string& log) {
  for (const char* call : {"C_Decrypt", "C_Encrypt", "C_CreateObject", "C_GetAttributeValue"})
    CHECK_EQ(count(log, call), 0UL);
}

}  // namespace

static void re_encrypts_inside_the_token() {
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CK_OBJECT_HANDLE from = create_kms_key(session);
  CK_OBJECT_HANDLE to = create_kms_key(session);
  std::string blob = encrypt(session, &Symmetric(), from, "never seen");
  encrypt(session, &Symmetric(), to, "so that both keys are known");
  std::string moved;
  std::string log = log_of([&] {
    CK_MECHANISM mechanism{CKM_TRENT_REENCRYPT, nullptr, 0};
    moved = encrypt(session, &mechanism, to, blob);
  });
  CHECK_EQ(count(log, "C_UnwrapKey"), 1UL);
  CHECK_EQ(count(log, "C_WrapKey"), 1UL);
  check_no_plaintext_leaves(log);
  CHECK_EQ(decrypt(session, &Symmetric(), to, moved), "never seen");
}

static void unwraps_and_wraps_inside_the_token() {
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CK_OBJECT_HANDLE from = create_kms_key(session);
  CK_OBJECT_HANDLE to = create_kms_key(session);
  std::string blob = encrypt(session, &Symmetric(), from, std::string(32, 'k'));
  encrypt(session, &Symmetric(), to, "so that both keys are known");
  std::string moved(500, '\0');
  std::string log = log_of([&] {
    Attrs wanted;
    wanted.number(CKA_CLASS, CKO_SECRET_KEY)
        .number(CKA_KEY_TYPE, CKK_AES)
        .flag(CKA_SENSITIVE, true)
        .flag(CKA_EXTRACTABLE, true);
    CK_OBJECT_HANDLE data_key = 0;
    CHECK_OK(p11().C_UnwrapKey(session, &Symmetric(), from, bytes(blob), blob.size(), wanted.data(),
                               wanted.size(), &data_key));
    CK_ULONG size = moved.size();
    CHECK_OK(p11().C_WrapKey(session, &Symmetric(), to, data_key, bytes(moved), &size));
    moved.resize(size);
  });
  CHECK_EQ(count(log, "C_UnwrapKey"), 1UL);
  CHECK_EQ(count(log, "C_WrapKey"), 1UL);
  check_no_plaintext_leaves(log);
  CHECK_EQ(decrypt(session, &Symmetric(), to, moved), std::string(32, 'k'));
}

static void asks_for_read_write_sessions_only() {
  std::string log = log_of([] {
    Initialized module;
    open_session(CKF_SERIAL_SESSION);
    open_session();
  });
  CHECK(count(log, "C_OpenSession") >= 2);
  CHECK_EQ(count(log, "flags = 0x6"), count(log, "C_OpenSession"));
}

// The parameter is a handle, and the backend's are not the application's.
static void hands_no_handles_in_parameters_on() {
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CK_OBJECT_HANDLE base = 0;
  CHECK_OK(
      try_generate_key(session, Attrs().number(CKA_VALUE_LEN, 32).flag(CKA_DERIVE, true), &base));
  CK_OBJECT_HANDLE other = 1;
  CK_MECHANISM mechanism{CKM_CONCATENATE_BASE_AND_KEY, &other, sizeof other};
  Attrs wanted;
  wanted.number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_GENERIC_SECRET);
  std::string log = log_of([&] {
    CK_OBJECT_HANDLE derived = 0;
    CHECK_RV(p11().C_DeriveKey(session, &mechanism, base, wanted.data(), wanted.size(), &derived),
             CKR_MECHANISM_INVALID);
  });
  CHECK_EQ(count(log, "C_DeriveKey"), 0UL);
}

int main() {
  SoftHsm token({.module = "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so"});
  log_path = token.directory() / "spy.log";
  setenv("PKCS11SPY", kSoftHsmModule, 1);
  setenv("PKCS11SPY_OUTPUT", log_path.c_str(), 1);
  return RUN_TESTS(
      "pkcs11 spy", TEST(re_encrypts_inside_the_token), TEST(unwraps_and_wraps_inside_the_token),
      TEST(asks_for_read_write_sessions_only), TEST(hands_no_handles_in_parameters_on));
}
