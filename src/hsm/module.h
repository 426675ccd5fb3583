// SPDX-License-Identifier: Apache-2.0
// A PKCS#11 module, loaded and shared with the rest of the process by p11-kit.
#pragma once

#include <p11-kit/pkcs11.h>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/openssl.h"
#include "base/thread_safety.h"
#include "hsm/debug.h"
#include "hsm/mechanism_names.h"
#include "hsm/rv.h"
#include "process/fork.h"
#include "process/signals.h"

namespace trent::hsm {

// Held for the time of one call into a backend: keeps fork() of other threads and the finalisation
// at exit out, and gives the backend the private library context and a clean error queue.
class BackendCall {
  process::ForkGuard fork_;
  OpensslGuard openssl_;
};

// "C_WrapKey" for &CK_FUNCTION_LIST::C_WrapKey.
template <auto Function>
constexpr std::string_view function_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("::C_") + 2);
  return text.substr(
      0, text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789"));
}

class Module {
 public:
  // The process's one instance of the module `name`: a path, or the name of a p11-kit module.
  // Loads and initialises it if need be; it stays loaded, and is finalised when the process exits.
  // Throws KeyUnavailableException if it cannot be loaded, ValidationException if it is Trent's
  // own.
  static std::shared_ptr<Module> open(const std::string& name);

  // `timer` hears of each call of a module that is loaded from here on, in the thread that made it.
  using CallTimer = std::function<void(std::chrono::nanoseconds)>;
  static void time_calls(CallTimer timer);

  explicit Module(std::string name);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  const std::string& name() const { return name_; }

  // Grows when every session that was opened before is void: after fork (in the child), and after
  // initialise_again() or forget_sessions().
  std::uint64_t generation() const;

  // Initialises the module anew if that disturbs nobody: the application finalised it, or we
  // initialised it and no Session is open, or all that are open are with tokens that are gone.
  // Nothing happens if it was done since `seen`.
  void initialise_again(std::uint64_t seen);

  // Whether there is any token. SoftHSM sees none, for ever, once its directory was gone.
  bool shows_token() const;

  // Finalises the module `name` if this process has it, Trent initialised it, and nobody has a
  // session: whoever opens it next sees what a fresh process would.
  static void finalise_if_unused(const std::string& name);

  // Whoever uses the module keeps this: see initialise_again().
  std::shared_ptr<const void> use() const;

  // The application finalised the module that it shares with us, and initialised it again itself:
  // the sessions and objects of generation `seen` are gone, and their numbers may name its own.
  void forget_sessions(std::uint64_t seen);

  // The call itself, logged if $TRENT_DEBUG says so. Template argument: a member of
  // CK_FUNCTION_LIST.
  template <auto Function, class... Arguments>
  CK_RV try_call(Arguments... arguments) const {
    constexpr std::string_view name = function_name<Function>();
    BackendCall call;
    std::shared_lock searching(objects_, std::defer_lock);
    std::unique_lock adding(objects_, std::defer_lock);
    if constexpr (name == "C_FindObjectsInit") searching.lock();
    if constexpr (name == "C_CreateObject" || name == "C_CopyObject")
      if (is_for_token(arguments...)) adding.lock();
    std::shared_lock shared(calls_, std::defer_lock);
    std::unique_lock alone(calls_, std::defer_lock);
    if (of_application_)
      alone.lock();
    else
      shared.lock();
    if (!usable()) return CKR_CRYPTOKI_NOT_INITIALIZED;
    // SoftHSM empties its file token.object and writes it anew in every login: ^C in between would
    // destroy the token. Not where a NULL PIN makes the token ask on its own keypad, which may take
    // long, and which SoftHSM does not have.
    std::optional<process::SignalsBlocked> uninterrupted;
    if constexpr (concerns_pin(name)) {
      if (!(is_null(arguments) || ...)) uninterrupted.emplace();
    }
    const bool is_logged = process::log_enabled();
    if (!is_logged && !timer_) return (functions_->*Function)(arguments...);
    auto start = std::chrono::steady_clock::now();
    CK_RV rv = (functions_->*Function)(arguments...);
    auto duration = std::chrono::steady_clock::now() - start;
    if (timer_) timer_(duration);
    if (!is_logged) return rv;
    // Handles, lengths and mechanisms only; what concerns a PIN not even so.
    std::string text;
    if constexpr (!concerns_pin(name)) (append_argument(text, arguments), ...);
    debug_call(name, text, rv, duration);
    return rv;
  }

  // Throws token_error() unless the call returns CKR_OK.
  template <auto Function, class... Arguments>
  void call(Arguments... arguments) const {
    CK_RV rv = try_call<Function>(arguments...);
    if (rv != CKR_OK) throw token_error(std::string(function_name<Function>()), rv);
  }

 private:
  void load();
  void initialise();
  bool usable() const;
  bool is_initialised() const;
  bool is_trent() const;
  void finalise() noexcept;
  void finalise_if_unused();
  bool has_other_sessions() const;
  // No thread is in here any more, or comes in.
  static void finalise_all() noexcept NO_THREAD_SAFETY_ANALYSIS;

  static constexpr bool concerns_pin(std::string_view function) {
    return function.find("PIN") != function.npos || function.find("Login") != function.npos ||
           function == "C_InitToken";
  }

  static bool is_for_token(CK_SESSION_HANDLE, const CK_ATTRIBUTE* attributes, CK_ULONG count,
                           const CK_OBJECT_HANDLE*);
  static bool is_for_token(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE,
                           const CK_ATTRIBUTE* attributes, CK_ULONG count,
                           const CK_OBJECT_HANDLE* made) {
    return is_for_token(session, attributes, count, made);
  }

  template <class T>
  static bool is_null(const T& value) {
    if constexpr (std::is_pointer_v<T> || std::is_null_pointer_v<T>) return value == nullptr;
    return false;
  }

  template <class T>
  static void append_argument(std::string& text, const T& value) {
    std::string shown;
    if constexpr (std::integral<T>) shown = std::to_string(value);
    if constexpr (std::is_same_v<T, CK_MECHANISM_PTR>)
      if (value != nullptr) shown = mechanism_name(value->mechanism);
    if (!text.empty() && !shown.empty()) text += ", ";
    text += shown;
  }

  std::string name_;
  CK_FUNCTION_LIST_PTR functions_ = nullptr;
  CallTimer timer_;  // may be empty
  // Shared by searches, exclusive for what adds an object to the token: a search of SoftHSM reads
  // objects that another thread is just writing, and makes the writer fail (CKR_GENERAL_ERROR).
  mutable SharedMutex objects_;
  // Shared by calls, exclusive for (de)initialisation, and for each call of a module without locks.
  mutable SharedMutex calls_;
  // Somebody else in the process initialised it, perhaps with C_Initialize(NULL), after which
  // SoftHSM locks nothing: our threads go one by one.
  std::atomic<bool> of_application_ = false;
  // As many copies as Sessions of this generation.
  std::shared_ptr<const void> use_ GUARDED_BY(calls_);
  std::atomic<std::uint64_t> initialised_ = 0;  // fork count + 1 of the process that did it
  std::atomic<std::uint64_t> again_ = 0;
};

}  // namespace trent::hsm
