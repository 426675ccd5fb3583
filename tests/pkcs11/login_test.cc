// A configuration without a PIN: the application logs in to the token through the door.
#include <fstream>

#include "door.h"

using namespace trent;
using namespace trent::test;

namespace {

CK_RV login(CK_SESSION_HANDLE session, std::string pin = kUserPin) {
  return p11().C_Login(session, CKU_USER, bytes(pin), pin.size());
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

static void shares_a_login_that_is_there() {
  RawSession raw;  // the application uses the token directly, too
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CHECK_EQ(state(session), CK_STATE{CKS_RW_USER_FUNCTIONS});
  CHECK_OK(login(session));
  create_kms_key(session);
  CHECK(raw.count() > 0);
}

static void takes_a_user_name() {
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  std::string pin = kUserPin;
  std::string user = "arn:aws:iam::111122223333:user/alice";
  auto login_user = p11_3_0().C_LoginUser;
  std::string bad = "\xff";
  CHECK_RV(login_user(session, CKU_USER, bytes(pin), pin.size(), bytes(bad), bad.size()),
           CKR_ARGUMENTS_BAD);
  CHECK_OK(login_user(session, CKU_USER, bytes(pin), pin.size(), bytes(user), user.size()));
  create_kms_key(session);
}

int main() {
  SoftHsm token;
  std::ofstream(token.directory() / "trent.toml")
      << "[[token]]\naccount = \"" << kAccount << "\"\nregion = \"" << kRegion << "\"\nmodule = \""
      << kSoftHsmModule << "\"\nuri = \"pkcs11:token=" << kTokenLabel << "\"\n";
  return RUN_TESTS("pkcs11 login", TEST(asks_for_a_login), TEST(takes_the_tokens_pin_only),
                   TEST(shows_kms_keys_to_the_user_only), TEST(logs_out_with_the_last_session),
                   TEST(shares_a_login_that_is_there), TEST(takes_a_user_name));
}
