// SPDX-License-Identifier: Apache-2.0
// The forwarding, and the call that fails.
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "fault.h"

// Every function of PKCS#11 2.40 but C_GetFunctionList.
// clang-format off
#define FORWARDED(X) \
  X(C_Initialize) X(C_Finalize) X(C_GetInfo) X(C_GetSlotList) X(C_GetSlotInfo) X(C_GetTokenInfo) \
  X(C_GetMechanismList) X(C_GetMechanismInfo) X(C_InitToken) X(C_InitPIN) X(C_SetPIN) \
  X(C_OpenSession) X(C_CloseSession) X(C_CloseAllSessions) X(C_GetSessionInfo) \
  X(C_GetOperationState) X(C_SetOperationState) X(C_Login) X(C_Logout) X(C_CreateObject) \
  X(C_CopyObject) X(C_DestroyObject) X(C_GetObjectSize) X(C_GetAttributeValue) \
  X(C_SetAttributeValue) X(C_FindObjectsInit) X(C_FindObjects) X(C_FindObjectsFinal) \
  X(C_EncryptInit) X(C_Encrypt) X(C_EncryptUpdate) X(C_EncryptFinal) X(C_DecryptInit) \
  X(C_Decrypt) X(C_DecryptUpdate) X(C_DecryptFinal) X(C_DigestInit) X(C_Digest) \
  X(C_DigestUpdate) X(C_DigestKey) X(C_DigestFinal) X(C_SignInit) X(C_Sign) X(C_SignUpdate) \
  X(C_SignFinal) X(C_SignRecoverInit) X(C_SignRecover) X(C_VerifyInit) X(C_Verify) \
  X(C_VerifyUpdate) X(C_VerifyFinal) X(C_VerifyRecoverInit) X(C_VerifyRecover) \
  X(C_DigestEncryptUpdate) X(C_DecryptDigestUpdate) X(C_SignEncryptUpdate) \
  X(C_DecryptVerifyUpdate) X(C_GenerateKey) X(C_GenerateKeyPair) X(C_WrapKey) X(C_UnwrapKey) \
  X(C_DeriveKey) X(C_SeedRandom) X(C_GenerateRandom) X(C_GetFunctionStatus) X(C_CancelFunction) \
  X(C_WaitForSlotEvent)
// clang-format on

namespace trent::test {
namespace {

// "change": what may change objects of the token, which holds the same whenever a process is killed
// between two of these calls; and SoftHSM rewrites its file in each login. (Trent derives
// nothing but session objects.)
constexpr std::string_view kChanging[] = {
    "C_Login",         "C_InitToken",         "C_InitPIN",     "C_SetPIN",
    "C_CreateObject",  "C_CopyObject",        "C_GenerateKey", "C_GenerateKeyPair",
    "C_DestroyObject", "C_SetAttributeValue", "C_UnwrapKey"};

bool is_one_of(const std::string& wanted, std::string_view function) {
  if (wanted == "change") return std::ranges::find(kChanging, function) != std::end(kChanging);
  return wanted.empty() || wanted == function;
}

class Faults final : public FaultModule {
 public:
  Faults() {
    if (const char* words = std::getenv("TRENT_HOSTILE")) hostile_ = parse_hostile(words);
    if (const char* path = std::getenv("TRENT_FAULT_SWITCH")) switch_ = path;
    const char* text = std::getenv("TRENT_FAULT");
    if (text == nullptr) return;
    std::string rv;
    std::istringstream(text) >> plan_.nth >> plan_.function >> rv;
    if (plan_.function == "*") plan_.function.clear();
    if (rv == "kill")
      plan_.before = [] { std::raise(SIGKILL); };
    else
      plan_.rv = std::stoul(rv, nullptr, 0);
  }

  void arm(const FaultPlan& plan) override {
    const std::lock_guard lock(mutex_);
    plan_ = plan;
    counted_ = 0;
    fired_ = false;
    trace_.clear();
  }
  void disarm() override {
    const std::lock_guard lock(mutex_);
    plan_.nth = 0;
  }
  std::vector<std::string> trace() const override {
    const std::lock_guard lock(mutex_);
    return trace_;
  }
  bool fired() const override {
    const std::lock_guard lock(mutex_);
    return fired_;
  }
  void pretend(CK_FLAGS token_flags) override { token_flags_ = token_flags; }
  void pretend_after_refusal(CK_FLAGS token_flags) override { flags_of_refusal_ = token_flags; }
  CK_FLAGS token_flags() const { return token_flags_; }
  // Between operations, not while calls are under way.
  void play(const Hostile& hostile) override { hostile_ = hostile; }
  const Hostile& hostile() const { return hostile_; }

  template <class Call>
  CK_RV run(const char* function, Call&& call) {
    CK_RV failure = CKR_OK;
    bool forward = true;
    std::function<void()> before;
    {
      const std::lock_guard lock(mutex_);
      trace_.emplace_back(function);
      if (plan_.nth != 0 && is_one_of(plan_.function, function)) {
        ++counted_;
        if (counted_ == plan_.nth || (plan_.and_later && counted_ > plan_.nth)) {
          fired_ = true;
          failure = plan_.rv;
          forward = plan_.forward || failure == CKR_OK;
          before = plan_.before;
        }
      }
    }
    if (before) before();
    if (!switch_.empty()) {
      std::string named, rv;
      std::ifstream(switch_) >> named >> rv;
      if (named == "*" || named == function) {
        failure = std::stoul(rv, nullptr, 0);
        forward = false;
      }
    }
    if (hostile_.latency.count() > 0) std::this_thread::sleep_for(hostile_.latency);
    const CK_RV rv = forward ? call() : failure;
    if (rv == CKR_PIN_INCORRECT) token_flags_ |= flags_of_refusal_;
    return failure != CKR_OK ? failure : rv;
  }

 private:
  mutable std::mutex mutex_;
  FaultPlan plan_;
  std::string switch_;
  unsigned long counted_ = 0;
  bool fired_ = false;
  std::vector<std::string> trace_;
  std::atomic<CK_FLAGS> token_flags_ = 0;
  Hostile hostile_;
  std::atomic<CK_FLAGS> flags_of_refusal_ = 0;
};

Faults& faults() {
  static auto* const instance = new Faults;  // outlives whatever calls at exit
  return *instance;
}

CK_FUNCTION_LIST* softhsm_list() {
  static CK_FUNCTION_LIST* const list = [] {
    void* module = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) std::abort();
    CK_FUNCTION_LIST* found = nullptr;
    reinterpret_cast<CK_C_GetFunctionList>(dlsym(module, "C_GetFunctionList"))(&found);
    return found;
  }();
  return list;
}

template <std::size_t N>
struct Name {
  constexpr Name(const char (&name)[N]) { std::copy_n(name, N, text); }
  char text[N];
};

template <auto Member, Name name>
struct Forward;
template <class... Args, CK_RV (*CK_FUNCTION_LIST::*Member)(Args...), Name name>
struct Forward<Member, name> {
  static CK_RV call(Args... args) {
    return faults().run(name.text, [&] { return (softhsm_list()->*Member)(args...); });
  }
};

CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  const CK_RV rv = Forward<&CK_FUNCTION_LIST::C_GetTokenInfo, "C_GetTokenInfo">::call(slot, info);
  if (rv == CKR_OK) info->flags |= faults().token_flags();
  return rv;
}

// As Forward, but for a function that a hostile token has of its own.
template <auto Member, Name name>
struct Behave;
template <class... Args, CK_RV (HostileCalls::*Member)(Args...) const, Name name>
struct Behave<Member, name> {
  static CK_RV call(Args... args) {
    const HostileCalls calls{faults().hostile(), *softhsm_list()};
    return faults().run(name.text, [&] { return (calls.*Member)(args...); });
  }
};

CK_RV get_function_list(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST forwarding = [] {
    CK_FUNCTION_LIST made{};
    made.version = {2, 40};
    made.C_GetFunctionList = get_function_list;
#define FORWARD(name) made.name = Forward<&CK_FUNCTION_LIST::name, #name>::call;
    FORWARDED(FORWARD)
#undef FORWARD
    made.C_GetTokenInfo = get_token_info;
#define BEHAVE(name, member) made.name = Behave<&HostileCalls::member, #name>::call;
    BEHAVE(C_OpenSession, open_session)
    BEHAVE(C_CreateObject, create_object)
    BEHAVE(C_CopyObject, copy_object)
    BEHAVE(C_GetAttributeValue, get_attribute_value)
    BEHAVE(C_FindObjects, find_objects)
    BEHAVE(C_SetAttributeValue, set_attribute_value)
    BEHAVE(C_GenerateKey, generate_key)
    BEHAVE(C_DeriveKey, derive_key)
    BEHAVE(C_WrapKey, wrap_key)
    BEHAVE(C_UnwrapKey, unwrap_key)
#undef BEHAVE
    return made;
  }();
  *list = &forwarding;
  return CKR_OK;
}

}  // namespace
}  // namespace trent::test

extern "C" {

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  return trent::test::get_function_list(list);
}

__attribute__((visibility("default"))) trent::test::FaultModule* trent_fault_module() {
  return &trent::test::faults();
}
}
