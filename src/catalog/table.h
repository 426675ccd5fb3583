// SPDX-License-Identifier: Apache-2.0
// The records of one type in the token: look-ups that are cached for a while, and changes.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/openssl.h"
#include "base/thread_safety.h"
#include "catalog/record.h"
#include "catalog/store.h"
#include "hsm/change_lock.h"
#include "hsm/data_object.h"
#include "hsm/token.h"

namespace trent::catalog {

// What a type of record says about itself (as key_record.h does).
template <class T>
concept RecordType = requires(T& record, const T& constant, std::string_view text) {
  { record.revision } -> std::same_as<Revision&>;
  { constant.label() } -> std::same_as<std::string>;
  { to_text(constant) } -> std::same_as<std::string>;
  { T::is_label(text) } -> std::same_as<bool>;
  { T::parse(text) } -> std::same_as<T>;  // or throws std::runtime_error that says what is wrong
};

// What the owner of a table does about its records; either may be empty.
template <class Record>
struct Watch {
  std::function<void(const Record&)> read;      // it was read from the token
  std::function<void(const Record&)> outdated;  // it is no longer what the token has, or may be
};

// Thread-safe. What another process changed, created or deleted is seen `refresh` later at the
// latest. A new type needs a line at the end of table.cc.
template <RecordType Record>
class Table {
 public:
  using Clock = std::chrono::steady_clock;
  using Pointer = std::shared_ptr<const Record>;
  // nullptr: the record is damaged.
  using Condition = std::function<bool(const Record*)>;
  using Change = std::function<void(Record&)>;

  Table(hsm::Token& token, std::chrono::milliseconds refresh, Watch<Record> watch = {});

  // nullptr: there is none. Throws KeyUnavailableException if the token is gone.
  Pointer find(const std::string& label);
  // No older than the call.
  Pointer find_now(const std::string& label);
  // As it is in the token now.
  Pointer find(const hsm::ChangeLock& lock, const std::string& label);

  // What follows changes the token. A condition or a change gets the record as it is in the token
  // at that moment, may run several times, and may throw to give up.

  // Its revision is filled in here. False: there is a record of this label already.
  bool create(const hsm::ChangeLock& lock, Record record);
  // False: no such record.
  bool change(const hsm::ChangeLock& lock, const std::string& label, const Change& change);
  Deletion remove(const hsm::ChangeLock& lock, const std::string& label,
                  const Condition& condition);
  // Removes what interrupted changes have left of the record.
  void tidy(const hsm::ChangeLock& lock, const std::string& label);

  // For who reads many records at once: how many changes were made here, and, of an object that was
  // found when it were that many, its record.
  std::uint64_t changes() const;
  Pointer remember(const hsm::DataObject& object, std::uint64_t changes);

 private:
  struct Cached {
    Pointer record;
    hsm::DataHandle handle;
    Sha256 text{};            // hash of what the object says
    Clock::time_point read;   // when the object was last seen in the token
    Clock::time_point found;  // when the revision that holds was last looked for
  };
  Pointer find(const std::string& label, std::chrono::milliseconds max_age);
  // Whether this process has seen or changed the record.
  bool has_seen(const std::string& label) const;
  void forget(const std::string& label, bool there);

  hsm::Token& token_;
  const std::chrono::milliseconds refresh_;
  const Watch<Record> watch_;
  mutable SharedMutex mutex_;
  std::map<std::string, Cached> cache_ GUARDED_BY(mutex_);  // by label
  // Labels that were last looked for in vain.
  std::map<std::string, Clock::time_point> missing_ GUARDED_BY(mutex_);
  std::set<std::string> seen_ GUARDED_BY(mutex_);  // labels of those that were forgotten
  // Changes made here. What was read from the token before the last one is not to be remembered.
  std::uint64_t changes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace trent::catalog
