// SPDX-License-Identifier: Apache-2.0
// The module itself: lists, C_Initialize, fork, slots, sessions, handles.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <thread>

#include "door.h"

using namespace trent;
using namespace trent::test;

static void has_complete_lists() {
  CK_FUNCTION_LIST* v2 = nullptr;
  CHECK_OK(trent_symbol<CK_C_GetFunctionList>("C_GetFunctionList")(&v2));
  CHECK_EQ(int{v2->version.major}, 2);
  CHECK_EQ(int{v2->version.minor}, 40);
  CK_FUNCTION_LIST_3_0& v3 = p11_3_0();
  CHECK_EQ(int{v3.v2.version.major}, 3);
  auto no_entry_is_null = [](const void* list, std::size_t size) {
    std::vector<void*> words(size / sizeof(void*));
    std::memcpy(words.data(), list, size);
    for (std::size_t i = 1; i < words.size(); ++i) CHECK(words[i] != nullptr);
  };
  no_entry_is_null(v2, sizeof *v2);
  no_entry_is_null(&v3, sizeof v3);
}

static void finds_interfaces_by_name_and_version() {
  auto get = trent_symbol<GetInterface>("C_GetInterface");
  std::string name = "PKCS 11";
  std::string other = "Vendor other";
  CK_INTERFACE* found = nullptr;
  CK_VERSION v2{2, 40};
  CK_VERSION v3{3, 0};
  CK_VERSION v4{4, 0};
  CHECK_OK(get(bytes(name), nullptr, &found, 0));
  CHECK_OK(get(bytes(name), &v3, &found, 0));
  CHECK_EQ(found->pFunctionList, static_cast<void*>(&p11_3_0()));
  CHECK_OK(get(nullptr, &v2, &found, 0));
  CHECK_EQ(int{static_cast<CK_FUNCTION_LIST*>(found->pFunctionList)->version.major}, 2);
  CHECK_RV(get(bytes(name), &v4, &found, 0), CKR_ARGUMENTS_BAD);
  CHECK_RV(get(bytes(other), nullptr, &found, 0), CKR_ARGUMENTS_BAD);
  CHECK_RV(get(nullptr, nullptr, nullptr, 0), CKR_ARGUMENTS_BAD);
  CK_ULONG count = 0;
  auto list = trent_symbol<GetInterfaceList>("C_GetInterfaceList");
  CHECK_OK(list(nullptr, &count));
  std::vector<CK_INTERFACE> all(count);
  count = 1;
  CHECK_RV(list(all.data(), &count), CKR_BUFFER_TOO_SMALL);
  CHECK_OK(list(all.data(), &count));
}

static void exports_nothing_else() {
  for (const char* name : {"C_Initialize", "C_GetInfo", "C_Login"})
    CHECK(dlsym(trent_so(), name) == nullptr);
}

static void works_only_while_initialized() {
  CK_INFO info{};
  CHECK_RV(p11().C_GetInfo(&info), CKR_CRYPTOKI_NOT_INITIALIZED);
  CHECK_RV(p11().C_CloseSession(1), CKR_CRYPTOKI_NOT_INITIALIZED);
  CHECK_RV(p11().C_DigestEncryptUpdate(1, nullptr, 0, nullptr, nullptr),
           CKR_CRYPTOKI_NOT_INITIALIZED);
  CHECK_RV(p11().C_Finalize(nullptr), CKR_CRYPTOKI_NOT_INITIALIZED);
  {
    Initialized module;
    CHECK_RV(p11().C_Initialize(nullptr), CKR_CRYPTOKI_ALREADY_INITIALIZED);
    CHECK_OK(p11().C_GetInfo(&info));
    CHECK_RV(p11().C_DigestEncryptUpdate(1, nullptr, 0, nullptr, nullptr),
             CKR_FUNCTION_NOT_SUPPORTED);
  }
  CHECK_RV(p11().C_GetInfo(&info), CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void takes_initialize_arguments_by_the_book() {
  CK_C_INITIALIZE_ARGS args{};
  args.pReserved = reinterpret_cast<void*>(1);
  CHECK_RV(p11().C_Initialize(&args), CKR_ARGUMENTS_BAD);
  args = {};
  args.LockMutex = [](void*) { return CK_RV{CKR_OK}; };
  CHECK_RV(p11().C_Initialize(&args), CKR_ARGUMENTS_BAD);
  args.UnlockMutex = args.DestroyMutex = args.LockMutex;
  args.CreateMutex = [](void**) { return CK_RV{CKR_OK}; };
  CHECK_RV(p11().C_Initialize(&args), CKR_CANT_LOCK);
  args.flags = CKF_OS_LOCKING_OK;
  Initialized module(&args);
}

struct Environment {
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    if (value == nullptr)
      unsetenv(name);
    else
      setenv(name, value, 1);
  }
  ~Environment() { setenv(name_, old_.c_str(), 1); }
  const char* name_;
  std::string old_;
};

static void has_no_slots_without_a_configuration() {
  Environment conf("TRENT_CONF", nullptr);
  Environment home("HOME", "/nonexistent");
  Initialized module;
  CK_ULONG count = 7;
  CHECK_OK(p11().C_GetSlotList(CK_FALSE, nullptr, &count));
  CHECK_EQ(count, 0UL);
  CHECK_RV(p11().C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &count),
           CKR_SLOT_ID_INVALID);
}

static void takes_the_configuration_from_p_reserved() {
  std::string path = std::getenv("TRENT_CONF");
  std::string missing = path + ".missing";
  Environment conf("TRENT_CONF", nullptr);
  CK_C_INITIALIZE_ARGS args{};
  args.pReserved = missing.data();
  CHECK_RV(p11().C_Initialize(&args), CKR_ARGUMENTS_BAD);
  args.pReserved = path.data();
  Initialized module(&args);
  CK_ULONG count = 0;
  CHECK_OK(p11().C_GetSlotList(CK_TRUE, nullptr, &count));
  CHECK_EQ(count, 1UL);
}

static void starts_without_the_token() {
  std::string text = std::getenv("TRENT_CONF");
  std::string path = text + ".other";
  FILE* file = fopen(path.c_str(), "w");
  fprintf(file,
          "[[token]]\naccount = \"111122223333\"\nregion = \"local\"\nmodule = \"%s\"\n"
          "uri = \"pkcs11:token=unplugged\"\n",
          kSoftHsmModule);
  fclose(file);
  Environment conf("TRENT_CONF", path.c_str());
  Initialized module;
  CK_ULONG count = 9;
  CHECK_OK(p11().C_GetSlotList(CK_TRUE, nullptr, &count));
  CHECK_EQ(count, 0UL);
  CHECK_OK(p11().C_GetSlotList(CK_FALSE, nullptr, &count));
  CHECK_EQ(count, 1UL);
  CK_TOKEN_INFO token{};
  CHECK_RV(p11().C_GetTokenInfo(0, &token), CKR_TOKEN_NOT_PRESENT);
  CK_SLOT_INFO slot{};
  CHECK_OK(p11().C_GetSlotInfo(0, &slot));
  std::string description(reinterpret_cast<char*>(slot.slotDescription), 64);
  CHECK(description.starts_with("Trent KMS, account 111122223333, not found: token=unplugged "));
  CK_SESSION_HANDLE session = 0;
  CHECK_RV(p11().C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &session),
           CKR_TOKEN_NOT_PRESENT);
}

// Looking for a token must not finalise the module under those who use another token of it.
static void absent_token_leaves_the_other_slot_alone() {
  std::string text = std::getenv("TRENT_CONF");
  std::string path = text + ".two";
  FILE* file = fopen(path.c_str(), "w");
  for (const char* token : {"1111 kms", "2222 absent"})
    fprintf(file,
            "[[token]]\naccount = \"11112222%.4s\"\nmodule = \"%s\"\n"
            "uri = \"pkcs11:token=%s\"\npin-source = \"env:TRENT_TEST_PIN\"\n",
            token, kSoftHsmModule, token + 5);
  fclose(file);
  Environment conf("TRENT_CONF", path.c_str());
  Environment pin("TRENT_TEST_PIN", kUserPin);
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CK_OBJECT_HANDLE object = 0;
  Attrs data;
  data.number(CKA_CLASS, CKO_DATA).flag(CKA_TOKEN, false).text(CKA_VALUE, "hello");
  CHECK_OK(p11().C_CreateObject(session, data.data(), data.size(), &object));
  RawSession application;
  CK_SESSION_HANDLE none = 0;
  CHECK_RV(p11().C_OpenSession(1, CKF_SERIAL_SESSION, nullptr, nullptr, &none),
           CKR_TOKEN_NOT_PRESENT);
  CHECK_EQ(attribute(session, object, CKA_VALUE), "hello");
  CHECK(application.count_session_objects() > 0);  // throws if its session is gone
}

// An ARN may be of the other token's key.
static void finds_keys_of_its_own_account_only() {
  make_token("second");
  std::string path = std::string(std::getenv("TRENT_CONF")) + ".accounts";
  FILE* file = fopen(path.c_str(), "w");
  for (const char* token : {"1111 kms", "2222 second"})
    fprintf(file,
            "[[token]]\naccount = \"11112222%.4s\"\nmodule = \"%s\"\n"
            "uri = \"pkcs11:token=%s\"\npin-source = \"env:TRENT_TEST_PIN\"\n",
            token, kSoftHsmModule, token + 5);
  fclose(file);
  Environment conf("TRENT_CONF", path.c_str());
  Environment pin("TRENT_TEST_PIN", kUserPin);
  Initialized module;
  CK_SESSION_HANDLE sessions[2] = {open_session()};
  CHECK_OK(
      p11().C_OpenSession(1, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &sessions[1]));
  for (int own : {0, 1}) {
    CK_OBJECT_HANDLE key = create_kms_key(sessions[own]);
    const std::string arn = attribute(sessions[own], key, CKA_TRENT_KEY_ARN);
    for (CK_ATTRIBUTE_TYPE name : {CK_ATTRIBUTE_TYPE{CKA_TRENT_KEY_ARN}, kAttributeUniqueId}) {
      CHECK_EQ(find(sessions[own], Attrs().text(name, arn)).at(0), key);
      CHECK_EQ(find(sessions[1 - own], Attrs().text(name, arn)).size(), 0UL);
    }
  }
}

// The other account's token is not asked: nobody is logged in there.
static void finds_no_key_of_an_account_that_needs_a_login() {
  make_token("locked");
  std::string path = std::string(std::getenv("TRENT_CONF")) + ".locked";
  FILE* file = fopen(path.c_str(), "w");
  fprintf(file,
          "[[token]]\naccount = \"111122221111\"\nmodule = \"%s\"\n"
          "uri = \"pkcs11:token=kms\"\npin-source = \"env:TRENT_TEST_PIN\"\n"
          "[[token]]\naccount = \"111122223333\"\nmodule = \"%s\"\n"
          "uri = \"pkcs11:token=locked\"\n",
          kSoftHsmModule, kSoftHsmModule);
  fclose(file);
  Environment conf("TRENT_CONF", path.c_str());
  Environment pin("TRENT_TEST_PIN", kUserPin);
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  const std::string arn = "arn:aws:kms:local:111122223333:key/12345678-1234-1234-1234-123456789012";
  for (CK_ATTRIBUTE_TYPE name : {CK_ATTRIBUTE_TYPE{CKA_TRENT_KEY_ARN}, kAttributeUniqueId})
    CHECK_EQ(find(session, Attrs().text(name, arn)).size(), 0UL);
}

static void describes_its_token() {
  Initialized module;
  CK_TOKEN_INFO info{};
  CHECK_OK(p11().C_GetTokenInfo(0, &info));
  auto text = [](auto& field) {
    return std::string(reinterpret_cast<const char*>(field), sizeof field);
  };
  CHECK_EQ(text(info.label), std::string("kms") + std::string(29, ' '));
  CHECK_EQ(text(info.serialNumber), std::string(kAccount) + std::string(4, ' '));
  // A program has to log in, and the token needs no PIN of it for that.
  CHECK((info.flags & CKF_LOGIN_REQUIRED) != 0);
  CHECK((info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0);
  CHECK((info.flags & CKF_TOKEN_INITIALIZED) != 0 && (info.flags & CKF_USER_PIN_INITIALIZED) != 0);
}

static void is_a_device_if_the_backend_is_one() {
  Initialized module;
  CK_SLOT_INFO slot{};
  CK_SLOT_INFO raw_slot{};
  CHECK_OK(p11().C_GetSlotInfo(0, &slot));
  RawSession raw;
  CHECK_OK(softhsm()->C_GetSlotInfo(token_slot(), &raw_slot));
  CHECK_EQ(slot.flags & CKF_HW_SLOT, raw_slot.flags & CKF_HW_SLOT);
  for (CK_MECHANISM_TYPE type : {CKM_TRENT_SYMMETRIC_DEFAULT, CKM_TRENT_REENCRYPT}) {
    CK_MECHANISM_INFO info{};
    CHECK_OK(p11().C_GetMechanismInfo(0, type, &info));
    CHECK_EQ(info.flags & CKF_HW, 0UL);  // SoftHSM is none
    CHECK((info.flags & CKF_ENCRYPT) != 0);
  }
}

static void lists_its_mechanisms() {
  Initialized module;
  CK_ULONG count = 0;
  CHECK_OK(p11().C_GetMechanismList(0, nullptr, &count));
  std::vector<CK_MECHANISM_TYPE> all(count);
  CHECK_OK(p11().C_GetMechanismList(0, all.data(), &count));
  for (CK_MECHANISM_TYPE type : {CKM_TRENT_SYMMETRIC_DEFAULT, CKM_TRENT_REENCRYPT, CKM_AES_KEY_GEN})
    CHECK(std::count(all.begin(), all.end(), type) == 1);
  CK_MECHANISM_INFO info{};
  for (CK_MECHANISM_TYPE type : all) CHECK_OK(p11().C_GetMechanismInfo(0, type, &info));
  CHECK_RV(p11().C_GetMechanismInfo(0, 0xD4529999, &info), CKR_MECHANISM_INVALID);
}

static void has_sessions_with_states() {
  Initialized module;
  CK_SESSION_HANDLE ro = open_session(CKF_SERIAL_SESSION);
  CK_SESSION_HANDLE rw = open_session();
  CHECK(ro != rw && ro < (1UL << 32) && rw < (1UL << 32));
  CK_SESSION_INFO info{};
  CHECK_OK(p11().C_GetSessionInfo(ro, &info));
  // The configuration has the PIN: nobody needs to log in, and who does need not have it.
  CHECK_EQ(info.state, CK_STATE{CKS_RO_USER_FUNCTIONS});
  std::string pin = "any";
  CHECK_OK(p11().C_Login(rw, CKU_USER, nullptr, 0));
  CHECK_OK(p11().C_Logout(rw));
  CHECK_OK(p11().C_GetSessionInfo(ro, &info));
  CHECK_EQ(info.state, CK_STATE{CKS_RO_PUBLIC_SESSION});
  CHECK_OK(p11().C_Login(rw, CKU_USER, bytes(pin), pin.size()));
  CHECK_RV(p11().C_Login(rw, CKU_USER, bytes(pin), pin.size()), CKR_USER_ALREADY_LOGGED_IN);
  CHECK_OK(p11().C_GetSessionInfo(ro, &info));
  CHECK_EQ(info.state, CK_STATE{CKS_RO_USER_FUNCTIONS});
  CHECK_OK(p11().C_Logout(ro));
  CHECK_RV(p11().C_Logout(ro), CKR_USER_NOT_LOGGED_IN);
  CHECK_RV(p11().C_OpenSession(0, 0, nullptr, nullptr, &ro), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
  CHECK_OK(p11().C_CloseAllSessions(0));
  CHECK_RV(p11().C_GetSessionInfo(rw, &info), CKR_SESSION_HANDLE_INVALID);
  CHECK_OK(p11().C_GetSessionInfo(open_session(), &info));
  CHECK_EQ(info.state, CK_STATE{CKS_RW_USER_FUNCTIONS});
}

// All sessions come and go, and the objects of the token stay the same.
static void keeps_the_handles_of_token_objects() {
  Initialized module;
  Attrs data;
  data.number(CKA_CLASS, CKO_DATA).flag(CKA_TOKEN, true).text(CKA_APPLICATION, "lasting");
  CK_OBJECT_HANDLE object = 0;
  CHECK_OK(p11().C_CreateObject(open_session(), data.data(), data.size(), &object));
  std::atomic<bool> done = false;
  std::thread closing([&] {
    while (!done) p11().C_CloseAllSessions(0);
  });
  for (int i = 0; i < 2000; ++i) open_session();
  done = true;
  closing.join();
  CHECK_EQ(find(open_session(), data).at(0), object);
  CHECK_OK(p11().C_DestroyObject(open_session(), object));
}

static void keeps_read_only_sessions_from_changing_the_token() {
  Initialized module;
  CK_SESSION_HANDLE ro = open_session(CKF_SERIAL_SESSION);
  CK_OBJECT_HANDLE key = 0;
  CHECK_RV(try_generate_key(ro, Attrs().flag(CKA_TOKEN, true).number(CKA_VALUE_LEN, 32), &key),
           CKR_SESSION_READ_ONLY);
}

// The child's answers as an exit code: 0 is good.
template <class F>
static int in_child(F f) {
  pid_t pid = fork();
  if (pid == 0) {
    alarm(30);
    _exit(f());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

static void starts_anew_in_a_child() {
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CK_OBJECT_HANDLE key = create_kms_key(session);
  std::string blob = encrypt(session, &Symmetric(), key, "before");
  std::string id = attribute(session, key, CKA_ID);
  int result = in_child([&] {
    CK_INFO info{};
    CK_SESSION_INFO session_info{};
    if (p11().C_GetInfo(&info) != CKR_CRYPTOKI_NOT_INITIALIZED) return 1;
    if (p11().C_GetSessionInfo(session, &session_info) != CKR_CRYPTOKI_NOT_INITIALIZED) return 2;
    if (p11().C_Finalize(nullptr) != CKR_CRYPTOKI_NOT_INITIALIZED) return 3;
    if (p11().C_Initialize(nullptr) != CKR_OK) return 4;
    if (p11().C_GetSessionInfo(session, &session_info) != CKR_SESSION_HANDLE_INVALID) return 5;
    CK_SESSION_HANDLE own = open_session();
    auto found = find(own, Attrs().text(CKA_ID, id));
    if (found.size() != 1) return 6;
    if (decrypt(own, &Symmetric(), found[0], blob) != "before") return 7;
    return p11().C_Finalize(nullptr) == CKR_OK ? 0 : 8;
  });
  CHECK_EQ(result, 0);
  CHECK_EQ(decrypt(session, &Symmetric(), key, blob), "before");
}

static void serves_many_threads() {
  Initialized module;
  CK_SESSION_HANDLE setup = open_session();
  CK_OBJECT_HANDLE key = create_kms_key(setup);
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      try {
        for (int i = 0; i < 20; ++i) {
          CK_SESSION_HANDLE own = open_session();
          std::string text = std::to_string(t * 1000 + i);
          std::string blob = encrypt(own, &Symmetric(), key, text);
          if (decrypt(own, &Symmetric(), key, blob) != text) ++failures;
          check_rv(p11().C_CloseSession(own), "C_CloseSession");
        }
      } catch (const std::exception&) {
        ++failures;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(failures.load(), 0);
}

static void survives_the_application_finalizing_softhsm() {
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CK_OBJECT_HANDLE key = create_kms_key(session, "survivor");
  std::string blob = encrypt(session, &Symmetric(), key, "text");
  check_rv(softhsm()->C_Finalize(nullptr), "C_Finalize");
  CHECK_EQ(decrypt(session, &Symmetric(), key, blob), "text");
  CHECK_EQ(find(session, Attrs().text(CKA_LABEL, "survivor")).size(), 1UL);
  CK_OBJECT_HANDLE data_key = 0;
  CHECK_OK(try_generate_key(session, Attrs().number(CKA_VALUE_LEN, 32), &data_key));
}

static void leaves_the_token_to_others_when_finalized() {
  RawSession raw;
  {
    Initialized module;
    open_session();
  }
  CHECK(raw.count() < 1000);  // throws if SoftHSM was finalised under it
}

static std::filesystem::path tokens;  // SoftHSM's directory

// An unmounted volume; a session of the application stays open all the time.
static void sees_a_token_that_went_away_come_back() {
  softhsm()->C_Finalize(nullptr);  // what other cases did themselves with SoftHSM is over
  Initialized module;
  CK_SESSION_HANDLE session = open_session();
  CK_OBJECT_HANDLE key = create_kms_key(session, "stays");
  const std::string blob = encrypt(session, &Symmetric(), key, "text");
  const std::filesystem::path away = tokens.string() + ".away";
  for (bool empty : {false, true}) {
    std::filesystem::rename(tokens, away);
    if (empty) std::filesystem::create_directory(tokens);
    for (int i = 0; i < 2; ++i) {
      CK_ULONG count = 1;
      CHECK_OK(p11().C_GetSlotList(CK_TRUE, nullptr, &count));
      CHECK_EQ(count, CK_ULONG{0});
      CK_SESSION_HANDLE none = 0;
      CHECK(p11().C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &none) != CKR_OK);
    }
    std::filesystem::remove_all(tokens);
    std::filesystem::rename(away, tokens);
    CHECK_EQ(find(session, Attrs().text(CKA_LABEL, "stays")).size(), 1UL);
    CHECK_EQ(decrypt(session, &Symmetric(), key, blob), "text");
    CHECK_OK(p11().C_CloseSession(open_session()));
  }
}

int main() {
  SoftHsm token;
  tokens = token.directory() / "tokens";
  return RUN_TESTS(
      "pkcs11 module", TEST(has_complete_lists), TEST(finds_interfaces_by_name_and_version),
      TEST(exports_nothing_else), TEST(works_only_while_initialized),
      TEST(takes_initialize_arguments_by_the_book), TEST(has_no_slots_without_a_configuration),
      TEST(takes_the_configuration_from_p_reserved), TEST(starts_without_the_token),
      TEST(absent_token_leaves_the_other_slot_alone), TEST(finds_keys_of_its_own_account_only),
      TEST(finds_no_key_of_an_account_that_needs_a_login), TEST(describes_its_token),
      TEST(is_a_device_if_the_backend_is_one), TEST(lists_its_mechanisms),
      TEST(has_sessions_with_states), TEST(keeps_the_handles_of_token_objects),
      TEST(keeps_read_only_sessions_from_changing_the_token), TEST(starts_anew_in_a_child),
      TEST(serves_many_threads), TEST(survives_the_application_finalizing_softhsm),
      TEST(sees_a_token_that_went_away_come_back), TEST(leaves_the_token_to_others_when_finalized));
}
