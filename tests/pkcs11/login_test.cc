// SPDX-License-Identifier: Apache-2.0
// A configuration without a PIN: the application logs in to the token through the door.
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "door.h"

using namespace trent;
using namespace trent::test;

namespace {

CK_RV login(CK_SESSION_HANDLE session, std::string pin = kUserPin) {
  return p11().C_Login(session, CKU_USER, bytes(pin), pin.size());
}

CK_RV login_user(CK_SESSION_HANDLE session, const std::string& user, std::string pin = kUserPin) {
  return p11_3_0().C_LoginUser(session, CKU_USER, bytes(pin), pin.size(), bytes(user), user.size());
}

std::string debug_log;  // the file's path

// The lines that TRENT_DEBUG has of this.
template <class F>
std::string log_of(F f) {
  std::ofstream(debug_log, std::ios::trunc);
  f();
  std::ifstream file(debug_log);
  return {std::istreambuf_iterator<char>(file), {}};
}

CK_STATE state(CK_SESSION_HANDLE session) {
  CK_SESSION_INFO info{};
  check_rv(p11().C_GetSessionInfo(session, &info), "C_GetSessionInfo");
  return info.state;
}

}  // namespace

static void asks_for_a_login() {
  Initialized module;
  CK_TOKEN_INFO info{};
  CHECK_OK(p11().C_GetTokenInfo(0, &info));
  CHECK((info.flags & CKF_LOGIN_REQUIRED) != 0);
}

static void takes_the_tokens_pin_only() {
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CHECK_RV(login(session, "wrong"), CKR_PIN_INCORRECT);
  CHECK_EQ(state(session), CK_STATE{CKS_RW_PUBLIC_SESSION});
  CHECK_OK(login(session));
  CHECK_EQ(state(session), CK_STATE{CKS_RW_USER_FUNCTIONS});
  CHECK_RV(login(session), CKR_USER_ALREADY_LOGGED_IN);
}

static void shows_kms_keys_to_the_user_only() {
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CK_OBJECT_HANDLE key = 0;
  CHECK_RV(try_generate_key(session, Attrs().flag(CKA_TOKEN, true), &key), CKR_USER_NOT_LOGGED_IN);
  CHECK_OK(login(session));
  key = create_kms_key(session, "private");
  std::string blob = encrypt(session, &Symmetric(), key, "text");
  CHECK_OK(p11().C_Logout(session));
  CHECK_RV(p11().C_Logout(session), CKR_USER_NOT_LOGGED_IN);
  CHECK_EQ(find(session).size(), 0UL);
  CHECK_RV(p11().C_DecryptInit(session, &Symmetric(), key), CKR_USER_NOT_LOGGED_IN);
  CHECK_OK(login(session));
  CHECK_EQ(decrypt(session, &Symmetric(), key, blob), "text");
}

static void ends_operations_with_the_login() {
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CK_SESSION_HANDLE other = open_session();
  CHECK_OK(login(session));
  CK_OBJECT_HANDLE key = create_kms_key(session);
  const std::string blob = encrypt(session, &Symmetric(), key, "for the eyes of the user");
  CK_ULONG size = 0;
  CHECK_OK(p11().C_DecryptInit(session, &Symmetric(), key));
  CHECK_OK(p11().C_Decrypt(session, bytes(blob), blob.size(), nullptr, &size));
  CHECK_OK(p11().C_Logout(other));
  std::string out(100, '\0');
  size = out.size();
  CHECK_RV(p11().C_Decrypt(session, bytes(blob), blob.size(), bytes(out), &size),
           CKR_OPERATION_NOT_INITIALIZED);
  CHECK_EQ(out, std::string(100, '\0'));
  CHECK_OK(login(other));
  CHECK_RV(p11().C_Decrypt(session, bytes(blob), blob.size(), bytes(out), &size),
           CKR_OPERATION_NOT_INITIALIZED);
  // Nor is what was begun in the way of the next one.
  CHECK_OK(p11().C_DecryptInit(session, &Symmetric(), key));
  CHECK_OK(p11().C_Logout(other));
  CHECK_OK(login(other));
  CHECK_EQ(decrypt(session, &Symmetric(), key, blob), "for the eyes of the user");
}

static CK_RV login_for_operation(CK_SESSION_HANDLE session, std::string pin = kUserPin) {
  return p11().C_Login(session, CKU_CONTEXT_SPECIFIC, bytes(pin), pin.size());
}

// A key with CKA_ALWAYS_AUTHENTICATE: the PIN is wanted between the start of an operation and its
// work, of each operation.
static void asks_for_the_pin_again_where_a_key_wants_that() {
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CHECK_OK(login(session));
  CK_MECHANISM generation{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
  Attrs public_attributes = Attrs().number(CKA_MODULUS_BITS, 2048).flag(CKA_ENCRYPT, true);
  Attrs private_attributes = Attrs()
                                 .flag(CKA_ALWAYS_AUTHENTICATE, true)
                                 .flag(CKA_PRIVATE, true)
                                 .flag(CKA_SIGN, true)
                                 .flag(CKA_DECRYPT, true);
  CK_OBJECT_HANDLE public_key = 0;
  CK_OBJECT_HANDLE key = 0;
  CHECK_OK(p11().C_GenerateKeyPair(session, &generation, public_attributes.data(),
                                   public_attributes.size(), private_attributes.data(),
                                   private_attributes.size(), &public_key, &key));
  CHECK_EQ(attribute(session, key, CKA_ALWAYS_AUTHENTICATE), "\1");

  const std::string letter = "a letter";
  std::string signature(256, '\0');
  CK_ULONG size = signature.size();
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  const auto sign = [&] {
    size = signature.size();
    return p11().C_Sign(session, bytes(letter), letter.size(), bytes(signature), &size);
  };
  CHECK_RV(login_for_operation(session), CKR_OPERATION_NOT_INITIALIZED);
  CHECK_OK(p11().C_SignInit(session, &mechanism, key));
  CHECK_RV(sign(), CKR_USER_NOT_LOGGED_IN);
  // A failure ends the operation; a wrong PIN does not.
  CHECK_RV(sign(), CKR_OPERATION_NOT_INITIALIZED);
  CHECK_OK(p11().C_SignInit(session, &mechanism, key));
  CHECK_RV(login_for_operation(session, "wrong"), CKR_PIN_INCORRECT);
  CHECK_OK(login_for_operation(session));
  CHECK_OK(sign());
  // That was for one.
  CHECK_OK(p11().C_SignInit(session, &mechanism, key));
  CHECK_RV(sign(), CKR_USER_NOT_LOGGED_IN);
  // In parts, in any session, and beside another operation there.
  CK_SESSION_HANDLE other = open_session();
  CHECK_OK(p11().C_SignInit(other, &mechanism, key));
  CHECK_OK(login_for_operation(other));
  CHECK_OK(p11().C_SignInit(session, &mechanism, key));
  CHECK_OK(p11().C_SignUpdate(other, bytes(letter), letter.size()));
  const std::string before = signature;
  size = signature.size();
  CHECK_OK(p11().C_SignFinal(other, bytes(signature), &size));
  CHECK(signature == before);  // PKCS #1 v1.5 is the same each time
  CHECK_RV(sign(), CKR_USER_NOT_LOGGED_IN);
  CHECK_OK(p11().C_VerifyInit(session, &mechanism, public_key));
  CHECK_OK(
      p11().C_Verify(session, bytes(letter), letter.size(), bytes(signature), signature.size()));

  CK_MECHANISM padding{CKM_RSA_PKCS, nullptr, 0};
  const std::string ciphertext = encrypt(session, &padding, public_key, letter);
  std::string plaintext;
  CHECK_RV(try_decrypt(session, &padding, key, ciphertext, &plaintext), CKR_USER_NOT_LOGGED_IN);
  CHECK_OK(p11().C_DecryptInit(session, &padding, key));
  CHECK_OK(login_for_operation(session));
  plaintext.resize(256);
  size = plaintext.size();
  CHECK_OK(p11().C_Decrypt(session, bytes(ciphertext), ciphertext.size(), bytes(plaintext), &size));
  CHECK_EQ(plaintext.substr(0, size), letter);
}

// KMS asks for a permission instead, so its keys have no such operation; one that is there goes on.
static void asks_for_no_pin_again_with_kms_keys() {
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CHECK_OK(login(session));
  CK_OBJECT_HANDLE key = create_kms_key(session);
  CHECK_EQ(attribute(session, key, CKA_ALWAYS_AUTHENTICATE), std::string(1, '\0'));
  std::string out(8192, '\0');
  CK_ULONG size = out.size();
  const std::string letter = "a letter";
  CHECK_OK(p11().C_EncryptInit(session, &Symmetric(), key));
  CHECK_RV(login_for_operation(session), CKR_OPERATION_NOT_INITIALIZED);
  CHECK_OK(p11().C_Encrypt(session, bytes(letter), letter.size(), bytes(out), &size));
}

static CK_RV login_so(CK_SESSION_HANDLE session) {
  std::string pin = "12345678";
  return p11().C_Login(session, CKU_SO, bytes(pin), pin.size());
}

static void keeps_read_only_sessions_and_the_so_apart() {
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CK_SESSION_HANDLE read_only = open_session(CKF_SERIAL_SESSION);
  CHECK_RV(login_so(session), CKR_SESSION_READ_ONLY_EXISTS);
  std::string pin = kUserPin;
  CHECK_RV(p11().C_SetPIN(read_only, bytes(pin), pin.size(), bytes(pin), pin.size()),
           CKR_SESSION_READ_ONLY);
  CHECK_OK(p11().C_CloseSession(read_only));
  CHECK_OK(login_so(session));
  CHECK_EQ(state(session), CK_STATE{CKS_RW_SO_FUNCTIONS});
  CHECK_RV(p11().C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &read_only),
           CKR_SESSION_READ_WRITE_SO_EXISTS);
  CHECK_OK(p11().C_Logout(session));
  open_session(CKF_SERIAL_SESSION);
}

static void logs_out_with_the_last_session() {
  Initialized module;
  CK_SESSION_HANDLE first = open_session();
  CK_SESSION_HANDLE second = open_session(CKF_SERIAL_SESSION);
  CHECK_OK(login(first));
  create_kms_key(first);  // Trent's own sessions must not keep the login
  CHECK_OK(p11().C_CloseSession(first));
  CHECK_EQ(state(second), CK_STATE{CKS_RO_USER_FUNCTIONS});
  CHECK_OK(p11().C_CloseSession(second));
  CHECK_EQ(state(open_session()), CK_STATE{CKS_RW_PUBLIC_SESSION});
}

static void logs_out_when_threads_close_the_last_sessions() {
  Initialized module;
  for (int round = 0; round < 200; ++round) {
    CK_SESSION_HANDLE first = open_session();
    CK_SESSION_HANDLE second = open_session();
    CHECK_OK(login(first));
    std::atomic<int> ready = 0;
    auto close = [&](CK_SESSION_HANDLE session) {
      for (++ready; ready < 2;) {
      }
      p11().C_CloseSession(session);
    };
    std::thread other(close, second);
    close(first);
    other.join();
    CK_SESSION_HANDLE next = open_session();
    CHECK_EQ(state(next), CK_STATE{CKS_RW_PUBLIC_SESSION});
    CK_TOKEN_INFO info{};
    CHECK_OK(p11().C_GetTokenInfo(0, &info));
    CHECK_EQ(info.ulSessionCount, 1UL);
    CHECK_EQ(info.ulRwSessionCount, 1UL);
    CHECK_OK(p11().C_CloseSession(next));
  }
}

// The refresh of this configuration is longer than a computer runs that just started.
static void knows_labels_from_the_start() {
  CK_SESSION_HANDLE session = 0;
  {
    Initialized module;
    session = open_session();
    CHECK_OK(login(session));
    CK_OBJECT_HANDLE key = create_kms_key(session, "early");
    CHECK_EQ(attribute(session, key, CKA_LABEL), "early");
  }
  Initialized again;
  session = open_session();
  CHECK_OK(login(session));
  auto found = find(session, Attrs().text(CKA_LABEL, "early"));
  CHECK_EQ(found.size(), 1UL);
  CHECK_EQ(attribute(session, found[0], CKA_LABEL), "early");
}

static void shares_a_login_that_is_there() {
  RawSession raw;  // the application uses the token directly, too
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CHECK_EQ(state(session), CK_STATE{CKS_RW_USER_FUNCTIONS});
  CHECK_OK(login(session));
  create_kms_key(session);
  CHECK(raw.count() > 0);
}

static void calls_kms_as_the_user_of_the_login() {
  const std::string alice = "arn:aws:iam::111122223333:user/alice";
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CK_SESSION_HANDLE other = open_session();
  for (const std::string& bad : {std::string("\xff"), std::string("a\nb"), std::string(2049, 'a')})
    CHECK_RV(login_user(session, bad), CKR_ARGUMENTS_BAD);
  CHECK_RV(login_user(session, alice, "wrong"), CKR_PIN_INCORRECT);
  CHECK_OK(login_user(session, alice));
  CHECK_RV(login_user(other, "arn:aws:iam::111122223333:user/bob"), CKR_USER_ALREADY_LOGGED_IN);
  CK_OBJECT_HANDLE key = create_kms_key(session);
  const std::string arn = attribute(session, key, CKA_TRENT_KEY_ARN);
  // All sessions of the token are the user's.
  std::string log = log_of([&] { encrypt(other, &Symmetric(), key, "text"); });
  CHECK(log.find("request(" + arn + " for " + alice + ") CKR_OK") != log.npos);
  // Somebody else, or nobody, logs in.
  const std::string eve(2048, 'e');
  CHECK_OK(p11().C_Logout(session));
  CHECK_OK(login_user(session, eve));
  log = log_of([&] { encrypt(session, &Symmetric(), key, "text"); });
  CHECK(log.find(alice) == log.npos);
  CHECK(log.find("request(" + arn + " for " + eve + ") CKR_OK") != log.npos);
  CHECK_OK(p11().C_Logout(session));
  CHECK_OK(login(session));
  log = log_of([&] { encrypt(session, &Symmetric(), key, "text"); });
  CHECK(log.find(" for ") == log.npos);
  CHECK_OK(p11().C_Logout(session));
  // The last session takes the name with it.
  CHECK_OK(login_user(session, alice));
  CHECK_OK(p11().C_CloseAllSessions(0));
  session = open_session();
  CHECK_OK(login(session));
  log = log_of([&] { encrypt(session, &Symmetric(), key, "text"); });
  CHECK(log.find(alice) == log.npos);
}

// Another process, without Trent.
static void change_pin(const std::string& old_pin, const std::string& new_pin) {
  const std::string command = std::string("pkcs11-tool --module ") + kSoftHsmModule +
                              " --token-label " + kTokenLabel + " --login --change-pin --pin " +
                              old_pin + " --new-pin " + new_pin + " >&2";
  CHECK_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c)
}

static void new_pin_is_seen_after_finalize() {
  const std::string new_pin = "567890";
  softhsm()->C_Finalize(nullptr);  // what other cases did themselves with SoftHSM is over
  {
    Initialized module;
    CHECK_OK(login(open_session()));
  }
  change_pin(kUserPin, new_pin);
  {
    Initialized module;
    CK_SESSION_HANDLE session = open_session();
    CHECK_RV(login(session), CKR_PIN_INCORRECT);
    CHECK_OK(login(session, new_pin));
  }
  change_pin(new_pin, kUserPin);
  Initialized module;
  CHECK_OK(login(open_session()));
}

// What the application does with SoftHSM itself goes on, whoever initialised it first.
static void finalize_leaves_the_backend_to_others() {
  for (bool trent_first : {true, false}) {
    softhsm()->C_Finalize(nullptr);
    std::optional<RawSession> application;
    if (!trent_first) application.emplace();
    {
      Initialized module;
      CK_SESSION_HANDLE session = open_session();
      login(session);
      if (trent_first) application.emplace();
    }
    CK_SESSION_INFO info{};
    CHECK_OK(softhsm()->C_GetSessionInfo(application->handle(), &info));
    CHECK_EQ(info.state, CK_STATE{CKS_RW_USER_FUNCTIONS});
    application.reset();
  }
  softhsm()->C_Finalize(nullptr);
}

static std::filesystem::path tokens;  // SoftHSM's directory

// The login went with the token; the application's session did not.
static void logs_in_again_to_a_token_that_came_back() {
  softhsm()->C_Finalize(nullptr);
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CHECK_OK(login(session));
  CK_OBJECT_HANDLE key = create_kms_key(session, "stays");
  const std::string blob = encrypt(session, &Symmetric(), key, "text");
  const std::filesystem::path away = tokens.string() + ".away";
  std::filesystem::rename(tokens, away);
  CK_SESSION_HANDLE none = 0;
  CHECK(p11().C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &none) != CKR_OK);
  std::filesystem::rename(away, tokens);
  CHECK_EQ(state(session), CK_STATE{CKS_RW_PUBLIC_SESSION});
  CHECK_OK(login(session));
  CHECK_EQ(find(session, Attrs().text(CKA_LABEL, "stays")).size(), 1UL);
  CHECK_EQ(decrypt(session, &Symmetric(), key, blob), "text");
}

int main() {
  SoftHsm token;
  tokens = token.directory() / "tokens";
  debug_log = token.directory() / "debug.log";
  setenv("TRENT_DEBUG", ("file:" + debug_log).c_str(), 1);
  std::ofstream(token.directory() / "trent.toml")
      << "refresh = \"24h\"\n[[token]]\naccount = \"" << kAccount << "\"\nregion = \"" << kRegion
      << "\"\nmodule = \"" << kSoftHsmModule << "\"\nuri = \"pkcs11:token=" << kTokenLabel
      << "\"\n";
  return RUN_TESTS(
      "pkcs11 login", TEST(asks_for_a_login), TEST(takes_the_tokens_pin_only),
      TEST(shows_kms_keys_to_the_user_only), TEST(ends_operations_with_the_login),
      TEST(asks_for_the_pin_again_where_a_key_wants_that),
      TEST(asks_for_no_pin_again_with_kms_keys), TEST(keeps_read_only_sessions_and_the_so_apart),
      TEST(logs_out_with_the_last_session), TEST(logs_out_when_threads_close_the_last_sessions),
      TEST(knows_labels_from_the_start), TEST(shares_a_login_that_is_there),
      TEST(calls_kms_as_the_user_of_the_login), TEST(new_pin_is_seen_after_finalize),
      TEST(finalize_leaves_the_backend_to_others), TEST(logs_in_again_to_a_token_that_came_back));
}
