// SPDX-License-Identifier: Apache-2.0
// Loading, initialising and finalising a PKCS#11 module, and the registry of those loaded.
#include "hsm/module.h"

#include <p11-kit/p11-kit.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <map>
#include <thread>
#include <vector>

#include "hsm/softhsm_files.h"

namespace trent::hsm {

namespace {

// p11-kit shares the loaded modules of a process; this map keeps one Module for each, so that the
// provider and the PKCS#11 door of one process share sessions' fate. Never destroyed.
struct Registry {
  Mutex mutex;
  std::map<std::string, std::shared_ptr<Module>> modules GUARDED_BY(mutex);
  Module::CallTimer timer GUARDED_BY(mutex);
};

Registry& registry() {
  static Registry* const instance = std::make_unique<Registry>().release();
  return *instance;
}

std::string p11kit_message() {
  const char* message = p11_kit_message();
  return message == nullptr ? "no reason given" : message;
}

Error cannot_load(const std::string& name, const std::string& why) {
  return Error(ErrorCode::KeyUnavailable,
               "The PKCS#11 module " + name + " cannot be loaded: " + why + '.',
               "Check `module` in the configuration: the path of a PKCS#11 library, or the name of "
               "a p11-kit module (`p11-kit list-modules` shows them).");
}

bool any_token(CK_FUNCTION_LIST& functions) {
  CK_ULONG count = 0;
  if (functions.C_GetSlotList(CK_TRUE, nullptr, &count) != CKR_OK) return false;
  std::vector<CK_SLOT_ID> slots(count);
  if (functions.C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK) return true;
  slots.resize(count);
  return std::ranges::any_of(slots, [&](CK_SLOT_ID slot) {
    CK_TOKEN_INFO token{};
    return functions.C_GetTokenInfo(slot, &token) == CKR_OK &&
           (token.flags & CKF_TOKEN_INITIALIZED) != 0;
  });
}

// A token of SoftHSM's does not show for a moment while another process logs in.
bool any_token_for_a_while(CK_FUNCTION_LIST& functions) {
  constexpr int kLooks = 3;
  for (int look = 0; look < kLooks; ++look) {
    if (look > 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (any_token(functions)) return true;
  }
  return false;
}

}  // namespace

std::shared_ptr<Module> Module::open(const std::string& name) {
  process::watch_fork();
  process::ForkGuard fork;
  const Lock lock(registry().mutex);
  std::shared_ptr<Module> module;
  if (auto known = registry().modules.find(name); known != registry().modules.end()) {
    module = known->second;
  } else {
    module = std::make_shared<Module>(name);
    module->timer_ = registry().timer;
    module->load();
    registry().modules.emplace(name, module);
  }
  // A child of fork() has to initialise the module again (PKCS#11 v3.0 section 5.4).
  module->initialise();
  return module;
}

void Module::time_calls(CallTimer timer) {
  process::ForkGuard fork;
  const Lock lock(registry().mutex);
  registry().timer = std::move(timer);
}

Module::Module(std::string name) : name_(std::move(name)) {}

void Module::load() {
  OpensslGuard guard;
  if (name_.find('/') != name_.npos) {
    functions_ = p11_kit_module_load(name_.c_str(), 0);
    if (functions_ == nullptr) throw cannot_load(name_, p11kit_message()).in_configuration();
    return;
  }
  CK_FUNCTION_LIST_PTR_PTR all = p11_kit_modules_load(nullptr, 0);
  if (all == nullptr) throw cannot_load(name_, p11kit_message());
  functions_ = p11_kit_module_for_name(all, name_.c_str());
  for (CK_FUNCTION_LIST_PTR_PTR each = all; *each != nullptr; ++each)
    if (*each != functions_) p11_kit_module_release(*each);
  // The list is ours, as p11-kit allocated it; the modules in it are counted one by one.
  std::free(all);  // NOLINT(cppcoreguidelines-no-malloc)
  if (functions_ == nullptr)
    throw cannot_load(name_, "p11-kit knows no module of that name").in_configuration();
}

std::uint64_t Module::generation() const {
  return process::fork_count() + again_.load();
}

bool Module::is_for_token(CK_SESSION_HANDLE, const CK_ATTRIBUTE* attributes, CK_ULONG count,
                          const CK_OBJECT_HANDLE*) {
  return std::any_of(attributes, attributes + count, [](const CK_ATTRIBUTE& attribute) {
    return attribute.type == CKA_TOKEN && attribute.ulValueLen == sizeof(CK_BBOOL) &&
           *static_cast<const CK_BBOOL*>(attribute.pValue) == CK_TRUE;
  });
}

bool Module::usable() const {
  return !process::backend_closed() && initialised_ == process::fork_count() + 1;
}

void Module::initialise() {
  BackendCall call;
  const Lock lock(calls_);
  if (initialised_ == process::fork_count() + 1) return;
  if (process::backend_closed())
    throw Error(ErrorCode::KeyUnavailable, "The process is exiting; " + name_ + " is closed.");
  if (initialised_ == 0) of_application_ = is_initialised();
  CK_RV rv = p11_kit_module_initialize(functions_);
  if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
    std::string advice = name_.find("softhsm") == name_.npos ? std::string() : softhsm_advice();
    if (!advice.empty())
      throw Error(ErrorCode::KeyUnavailable,
                  "C_Initialize of " + name_ + " returned " + rv_name(rv) + ".", advice);
    throw cannot_load(name_, "C_Initialize returned " + rv_name(rv));
  }
  if (is_trent()) {
    p11_kit_module_finalize(functions_);
    throw Error(ErrorCode::Validation,
                "`module` of the configuration is " + name_ + ", which is Trent itself.",
                "Name the module of the HSM, for example /usr/lib/softhsm/libsofthsm2.so.")
        .in_configuration();
  }
  initialised_ = process::fork_count() + 1;
  use_ = std::make_shared<char>();
  // Handlers of exit run in reverse order: one that is registered after the module made its static
  // objects runs before they are destroyed, and OPENSSL_cleanup() only after that. A finalisation
  // in the provider's teardown would crash.
  static std::once_flag once;
  std::call_once(once, [] { std::atexit([] { finalise_all(); }); });
}

bool Module::is_initialised() const {
  CK_INFO info{};
  return functions_->C_GetInfo(&info) == CKR_OK;
}

// Trent as its own backend would ask itself for ever. By what the module says of itself, since
// p11-kit hides where its functions are.
bool Module::is_trent() const {
  CK_INFO info{};
  if (functions_->C_GetInfo(&info) != CKR_OK) return false;
  auto starts = [](const auto& field, std::string_view text) {
    return std::equal(text.begin(), text.end(), std::begin(field));
  };
  return starts(info.manufacturerID, "Trent  ") && starts(info.libraryDescription, "Trent KMS  ");
}

void Module::initialise_again(std::uint64_t seen) {
  {
    BackendCall call;
    const Lock lock(calls_);
    if (seen != generation()) return;  // another thread has been here
    if (is_initialised() &&
        (of_application_ || (use_.use_count() > 1 && any_token_for_a_while(*functions_))))
      return;
    p11_kit_module_finalize(functions_);
    initialised_ = 0;
    ++again_;
  }
  initialise();
}

bool Module::shows_token() const {
  BackendCall call;
  const SharedLock lock(calls_);
  return usable() && any_token(*functions_);
}

void Module::forget_sessions(std::uint64_t seen) {
  BackendCall call;
  const Lock lock(calls_);
  if (seen != generation()) return;
  ++again_;
  of_application_ = true;
  use_ = std::make_shared<char>();
}

std::shared_ptr<const void> Module::use() const {
  process::ForkGuard fork;
  const SharedLock lock(calls_);
  return use_;
}

void Module::finalise_if_unused(const std::string& name) {
  process::ForkGuard fork;
  const Lock lock(registry().mutex);
  auto known = registry().modules.find(name);
  if (known != registry().modules.end()) known->second->finalise_if_unused();
}

void Module::finalise_if_unused() {
  BackendCall call;
  const Lock lock(calls_);
  if (!usable() || of_application_ || use_.use_count() > 1 || has_other_sessions()) return;
  initialised_ = 0;
  ++again_;
  p11_kit_module_finalize(functions_);
}

// An application that found the module initialised by us uses it without our knowledge. Sessions
// count for the whole process, and where the module does not count them (SoftHSM), a login that
// outlived our sessions is somebody else's.
bool Module::has_other_sessions() const {
  CK_ULONG count = 0;
  if (functions_->C_GetSlotList(CK_TRUE, nullptr, &count) != CKR_OK) return false;
  std::vector<CK_SLOT_ID> slots(count);
  if (functions_->C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK) return true;
  slots.resize(count);
  return std::ranges::any_of(slots, [&](CK_SLOT_ID slot) {
    CK_TOKEN_INFO token{};
    if (functions_->C_GetTokenInfo(slot, &token) != CKR_OK ||
        (token.flags & CKF_TOKEN_INITIALIZED) == 0)
      return false;
    if (token.ulSessionCount != CK_UNAVAILABLE_INFORMATION) return token.ulSessionCount > 0;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    // Read-write: some tokens open no other sessions.
    if (functions_->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                                  &session) != CKR_OK)
      return false;
    CK_SESSION_INFO info{};
    const bool logged_in = functions_->C_GetSessionInfo(session, &info) == CKR_OK &&
                           info.state != CKS_RW_PUBLIC_SESSION;
    functions_->C_CloseSession(session);
    return logged_in;
  });
}

void Module::finalise() noexcept {
  if (initialised_ != process::fork_count() + 1) return;
  initialised_ = 0;
  OpensslGuard guard;
  p11_kit_module_finalize(functions_);
}

void Module::finalise_all() noexcept {
  // A thread that never comes back out of the token is no reason to crash: leak instead.
  if (!process::close_backend(2000)) return;
  for (auto& [name, module] : registry().modules) module->finalise();
}

}  // namespace trent::hsm
