// SPDX-License-Identifier: Apache-2.0
// A connection lends its sessions, and remembers the base keys that it has found and proven.
#include "hsm/connection.h"

#include <algorithm>
#include <thread>

#include "base/encoding.h"

namespace trent::hsm {

Connection::Connection(std::shared_ptr<Module> module, LoggedIn logged_in,
                       std::chrono::microseconds trust_handles, std::size_t max_base_keys)
    : module_(std::move(module)),
      generation_(module_->generation()),
      token_(logged_in.token),
      anchor_(std::move(logged_in.anchor)),
      sentinel_(anchor_),
      logged_in_(anchor_.is_of_user()),
      trust_handles_(trust_handles),
      max_base_keys_(max_base_keys) {}

bool Connection::handles_are_void() const {
  CK_RV rv = sentinel_.check();
  return rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_SESSION_HANDLE_INVALID;
}

Session Connection::take_session() {
  if (CK_RV rv = sentinel_.check_if_due(trust_handles_); rv != CKR_OK)
    throw token_error("C_GetAttributeValue", rv);
  {
    const Lock lock(idle_mutex_);
    if (!idle_.empty()) {
      Session session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
  }
  // A token with few sessions: wait for one of ours to be given back, or for other programs.
  for (int waited = 0;; ++waited) {
    try {
      Session session(module_, token_.slot);
      if (logged_in_) session.expect_login();
      return session;
    } catch (const Error& error) {
      if (error.ck_rv() != CKR_SESSION_COUNT || waited == 200) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const Lock lock(idle_mutex_);
    if (!idle_.empty()) {
      Session session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
  }
}

void Connection::give_back(Session session) {
  constexpr std::size_t kMaxIdle = 64;
  const Lock lock(idle_mutex_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(session));
}

const Profile& Connection::profile(const Session& session) {
  const Lock lock(profile_mutex_);
  if (!profile_) profile_ = test_token(session);
  return *profile_;
}

CK_OBJECT_HANDLE Connection::find_key(const Session& session, const KeyRef& ref,
                                      const std::function<bool(CK_OBJECT_HANDLE)>& is_right) const {
  const ObjectName& name = ref.name;
  Attributes search;
  // CKA_TOKEN: the copies carry the same label and id, and outlive the key that they copy.
  search.number(CKA_CLASS, ref.kind.object_class).flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true);
  // Of somebody else's key one may be empty, which tokens do not look for alike.
  if (!name.label.empty()) search.text(CKA_LABEL, name.label);
  if (!name.id.empty()) search.bytes(CKA_ID, name.id);
  if (ref.kind.has_companion) search.number(CKA_KEY_TYPE, ref.kind.type);
  std::vector<CK_OBJECT_HANDLE> all = session.find(search);
  if (all.empty() && !ref.kind.adopted && !ref.kind.has_companion) {
    // Made by a rotation that was killed before it gave the key its name (base_key_store.h).
    Attributes by_id;
    by_id.number(CKA_CLASS, ref.kind.object_class)
        .flag(CKA_TOKEN, true)
        .flag(CKA_PRIVATE, true)
        .bytes(CKA_ID, name.id);
    all = session.find(by_id);
  }
  for (CK_OBJECT_HANDLE found : all) {
    KeyFacts facts = read_key_facts(session, found);
    if (ref.kind.adopted && (facts.label != name.label || facts.id != name.id)) continue;
    const KeyAttributes attributes = judge(std::move(facts), ref.kind);
    if (!attributes.unfit.empty())
      throw Error(ErrorCode::KMSInternal,
                  "The object " + name.text() + " in the token " + attributes.unfit.front() +
                      (ref.kind.adopted ? ", as it did not when it was adopted."
                                        : ": it is no key material of Trent's."),
                  "Somebody replaced or changed it. Nothing was done with it; see `trent check`.");
    if (!is_right(found))
      throw Error(ErrorCode::KMSInternal,
                  "The object " + name.text() + " in the token is not the key that " +
                      (ref.kind.adopted ? "was adopted." : "its id names."),
                  "Somebody replaced it. Nothing was done with it; see `trent check`.");
    return found;
  }
  throw Error(ErrorCode::KeyUnavailable,
              "The key material " + to_hex(ref.id) + " (" + name.text() + ") is not in the token.",
              "Restore it from the backup of the HSM; `trent check` shows what is missing.");
}

std::shared_ptr<const BaseKey> Connection::base_key(const Session& session, const BaseKeyRef& ref) {
  {
    const SharedLock lock(keys_mutex_);
    auto known = keys_.find(ref.id);
    if (known != keys_.end()) return use(known->second);
  }
  const CK_OBJECT_HANDLE found = find_key(
      session, ref, [&](CK_OBJECT_HANDLE object) { return is_key_of(session, object, ref); });
  CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
  std::vector<std::shared_ptr<const BaseKey>> evicted;  // destroyed after the lock is released
  Lock lock(keys_mutex_);
  auto known = keys_.find(ref.id);
  if (known != keys_.end()) return use(known->second);
  // What somebody else takes away is to be gone: no copy of theirs.
  if (!ref.kind.adopted && profile(session).session_copies) {
    Attributes in_session;
    in_session.flag(CKA_TOKEN, false);
    if (ref.kind.extractable) in_session.flag(CKA_EXTRACTABLE, false);
    // A key that may not be copied is used as it is.
    if (anchor_.try_call<&CK_FUNCTION_LIST::C_CopyObject>(found, in_session.data(),
                                                          in_session.size(), &copy) != CKR_OK)
      copy = CK_INVALID_HANDLE;
  }
  auto key = std::make_shared<const BaseKey>(anchor_, found, copy);
  if (keys_.size() >= max_base_keys_) evicted = evict();
  return use(keys_.try_emplace(ref.id, std::move(key)).first->second);
}

const std::shared_ptr<const BaseKey>& Connection::use(const KnownKey& known) {
  known.used = ++uses_;
  return known.key;
}

// Some at once, so that a long search for the oldest is not made for each new one.
std::vector<std::shared_ptr<const BaseKey>> Connection::evict() {
  std::vector<std::uint64_t> times;
  for (const auto& [id, known] : keys_) times.push_back(known.used);
  const auto last = times.begin() + static_cast<std::ptrdiff_t>(max_base_keys_ / 10);
  std::nth_element(times.begin(), last, times.end());
  std::vector<std::shared_ptr<const BaseKey>> evicted;
  for (auto known = keys_.begin(); known != keys_.end();) {
    if (known->second.used < *last) {
      evicted.push_back(std::move(known->second.key));
      known = keys_.erase(known);
    } else {
      ++known;
    }
  }
  return evicted;
}

void Connection::forget_base_key(const Fingerprint& id) {
  std::shared_ptr<const BaseKey> last;  // its copy is destroyed after the lock is released
  Lock lock(keys_mutex_);
  handles_.erase(id);
  enforced_.erase(id);
  auto known = keys_.find(id);
  if (known == keys_.end()) return;
  last = known->second.key;
  keys_.erase(known);
  lock.unlock();
}

CK_OBJECT_HANDLE Connection::key(const Session& session, const KeyRef& ref,
                                 const std::function<bool(CK_OBJECT_HANDLE)>& is_right) {
  {
    const SharedLock lock(keys_mutex_);
    const auto known = handles_.find(ref.id);
    if (known != handles_.end()) return known->second;
  }
  const CK_OBJECT_HANDLE found = find_key(session, ref, is_right);
  const Lock lock(keys_mutex_);
  // They cost the token nothing: they need not be forgotten one by one.
  if (handles_.size() >= max_base_keys_) handles_.clear();
  handles_.insert_or_assign(ref.id, found);
  return found;
}

EnforcedKey Connection::enforced_key(const Session& session, const EnforcedKeyRef& ref) {
  {
    const SharedLock lock(keys_mutex_);
    const auto known = enforced_.find(ref.id);
    if (known != enforced_.end()) return known->second;
  }
  const EnforcedKey found = find_enforced_key(*this, session, ref);
  const Lock lock(keys_mutex_);
  if (enforced_.size() >= max_base_keys_) enforced_.clear();
  enforced_.insert_or_assign(ref.id, found);
  return found;
}

}  // namespace trent::hsm
