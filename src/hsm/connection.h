// SPDX-License-Identifier: Apache-2.0
// A logged-in connection to a token: its sessions, and what is known of its keys.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/thread_safety.h"
#include "hsm/base_key.h"
#include "hsm/enforced_key.h"
#include "hsm/key_attributes.h"
#include "hsm/login.h"
#include "hsm/profile.h"
#include "hsm/sentinel.h"
#include "hsm/session.h"

namespace trent::hsm {

// Everything that is void at once when the token, the login or the process changes: the anchor
// session (kept open, so that the login and the copies of base keys live), idle sessions, handles.
class Connection {
 public:
  // `trust_handles`, `max_base_keys`: see TokenConfig.
  Connection(std::shared_ptr<Module> module, LoggedIn logged_in,
             std::chrono::microseconds trust_handles, std::size_t max_base_keys);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // What the module was when this was opened; see Module::generation().
  std::uint64_t generation() const { return generation_; }
  bool alive() const { return generation_ == module_->generation(); }
  const CK_TOKEN_INFO& token_info() const { return token_.info; }
  CK_SLOT_ID slot() const { return token_.slot; }

  // Throws CKR_OBJECT_HANDLE_INVALID, as a lost connection does, if our handles are not ours any
  // more: see Sentinel.
  Session take_session();
  void give_back(Session session);
  // Whether the handles no longer name what this connection opened and made.
  bool handles_are_void() const;

  // The self-test's result; runs it at first use.
  const Profile& profile(const Session& session);

  // Finds the key by label and id among the token's objects, proves by its fingerprint that it is
  // the one, and remembers it. Throws KeyUnavailableException if it is not there, and
  // KMSInternalException if an object has its name but not its value. The ones that were
  // used last are remembered: each is an object more for the token to search.
  std::shared_ptr<const BaseKey> base_key(const Session& session, const BaseKeyRef& ref);
  void forget_base_key(const Fingerprint& id);
  // The same for a key of another kind, which is used by its handle; `is_right` looks whether an
  // object that is met for the first time is the one.
  CK_OBJECT_HANDLE key(const Session& session, const KeyRef& ref,
                       const std::function<bool(CK_OBJECT_HANDLE)>& is_right);
  // The two objects of an enforced key.
  EnforcedKey enforced_key(const Session& session, const EnforcedKeyRef& ref);
  // Without remembering it.
  CK_OBJECT_HANDLE find_key(const Session& session, const KeyRef& ref,
                            const std::function<bool(CK_OBJECT_HANDLE)>& is_right) const;

  // Set by longest_secret() of wrapping.h; 0: not known yet.
  std::atomic<std::size_t> longest_secret = 0;
  // Set by require_data_objects() of data_trial.h.
  std::atomic<bool> keeps_data_objects = false;

 private:
  std::shared_ptr<Module> module_;
  std::uint64_t generation_;
  FoundToken token_;
  Session anchor_;
  Sentinel sentinel_;
  bool logged_in_;  // not so where the token asks for no login
  std::chrono::microseconds trust_handles_;
  std::size_t max_base_keys_;
  Mutex idle_mutex_;
  std::vector<Session> idle_ GUARDED_BY(idle_mutex_);
  Mutex profile_mutex_;
  std::optional<Profile> profile_ GUARDED_BY(profile_mutex_);
  struct KnownKey {
    explicit KnownKey(std::shared_ptr<const BaseKey> found) : key(std::move(found)) {}
    std::shared_ptr<const BaseKey> key;
    mutable std::atomic<std::uint64_t> used = 0;  // the time, in uses
  };
  const std::shared_ptr<const BaseKey>& use(const KnownKey& known) REQUIRES_SHARED(keys_mutex_);
  std::vector<std::shared_ptr<const BaseKey>> evict() REQUIRES(keys_mutex_);

  SharedMutex keys_mutex_;
  std::atomic<std::uint64_t> uses_ = 0;
  std::map<Fingerprint, KnownKey> keys_ GUARDED_BY(keys_mutex_);  // goes before the anchor
  std::map<Fingerprint, CK_OBJECT_HANDLE> handles_ GUARDED_BY(keys_mutex_);
  std::map<Fingerprint, EnforcedKey> enforced_ GUARDED_BY(keys_mutex_);
};

}  // namespace trent::hsm
