// SPDX-License-Identifier: Apache-2.0
// The records of one type: caching, and the way from a record to the texts that the store keeps.
#include "catalog/table.h"

#include <stdexcept>
#include <utility>

#include "base/error.h"
#include "catalog/alias_record.h"
#include "catalog/grant_record.h"
#include "catalog/key_record.h"

namespace trent::catalog {

namespace {

// A cached record is checked by reading its object, which is cheap. That alone would not see a
// higher revision whose writer died before it removed the old one: look for it now and then.
constexpr std::chrono::seconds kFindAgain{30};
constexpr std::size_t kMaxRemembered = 1000;

template <class Record>
Record parse(const std::string& label, const std::string& text) {
  try {
    Record record = Record::parse(text);
    if (record.label() != label) throw std::runtime_error("it says that it is " + record.label());
    return record;
  } catch (const std::runtime_error& error) {
    throw damaged(label, error.what());
  }
}

}  // namespace

template <RecordType Record>
Table<Record>::Table(hsm::Token& token, std::chrono::milliseconds refresh, Watch<Record> watch)
    : token_(token), refresh_(refresh), watch_(std::move(watch)) {}

template <RecordType Record>
typename Table<Record>::Pointer Table<Record>::find(const std::string& label) {
  return find(label, refresh_);
}

template <RecordType Record>
typename Table<Record>::Pointer Table<Record>::find_now(const std::string& label) {
  return find(label, std::chrono::milliseconds(0));
}

template <RecordType Record>
typename Table<Record>::Pointer Table<Record>::find(const std::string& label,
                                                    std::chrono::milliseconds max_age) {
  Cached cached;
  std::uint64_t changes = 0;
  {
    const SharedLock lock(mutex_);
    changes = changes_;
    auto entry = cache_.find(label);
    if (entry != cache_.end()) {
      if (Clock::now() - entry->second.read < max_age) return entry->second.record;
      cached = entry->second;
    }
    auto missing = missing_.find(label);
    if (missing != missing_.end() && Clock::now() - missing->second < max_age) return nullptr;
  }
  if (cached.record && Clock::now() - cached.found < kFindAgain) {
    auto object = hsm::read_data(token_, cached.handle);
    if (object && object->label == label && sha256({as_bytes(object->value)}) == cached.text) {
      const Lock lock(mutex_);
      auto entry = cache_.find(label);
      if (entry != cache_.end() && entry->second.handle == cached.handle)
        entry->second.read = Clock::now();
      return cached.record;
    }
  }
  auto object = find_record(token_, label);
  if (!object && token_.ensure_presence()) object = find_record(token_, label);
  if (object) return remember(*object, changes);
  if (cached.record) forget(label, false);
  const Lock lock(mutex_);
  if (missing_.size() >= kMaxRemembered) missing_.clear();
  if (changes == changes_) missing_[label] = Clock::now();
  return nullptr;
}

template <RecordType Record>
typename Table<Record>::Pointer Table<Record>::find(const hsm::ChangeLock& lock,
                                                    const std::string& label) {
  const std::uint64_t before = changes();
  auto object = find_record(lock, token_, label);
  if (!object && token_.ensure_presence()) object = find_record(lock, token_, label);
  return object ? remember(*object, before) : nullptr;
}

template <RecordType Record>
bool Table<Record>::create(const hsm::ChangeLock& lock, Record record) {
  const std::string label = record.label();
  const bool created = create_record(lock, token_, label, [&](Revision first) {
    record.revision = std::move(first);
    return to_text(record);
  });
  forget(label, true);
  return created;
}

template <RecordType Record>
bool Table<Record>::change(const hsm::ChangeLock& lock, const std::string& label,
                           const Change& change) {
  const bool found = change_record(lock, token_, label, has_seen(label),
                                   [&](const std::string& text, const Revision& next) {
                                     Record record = parse<Record>(label, text);
                                     change(record);
                                     record.revision = next;
                                     return to_text(record);
                                   });
  forget(label, found);
  return found;
}

template <RecordType Record>
Deletion Table<Record>::remove(const hsm::ChangeLock& lock, const std::string& label,
                               const Condition& condition) {
  const Deletion deletion =
      delete_record(lock, token_, label, has_seen(label), [&](const std::string* text) {
        if (text == nullptr) return condition(nullptr);
        std::optional<Record> record;
        try {
          record = parse<Record>(label, *text);
        } catch (const Error&) {
          return condition(nullptr);  // damaged
        }
        return condition(&*record);
      });
  forget(label, deletion == Deletion::Declined);
  return deletion;
}

template <RecordType Record>
void Table<Record>::tidy(const hsm::ChangeLock& lock, const std::string& label) {
  tidy_record(lock, token_, label, [&](const std::string& text, const Revision& next) {
    Record record = parse<Record>(label, text);
    record.revision = next;
    return to_text(record);
  });
  forget(label, true);
}

template <RecordType Record>
std::uint64_t Table<Record>::changes() const {
  const SharedLock lock(mutex_);
  return changes_;
}

template <RecordType Record>
typename Table<Record>::Pointer Table<Record>::remember(const hsm::DataObject& object,
                                                        std::uint64_t changes) {
  auto record = std::make_shared<const Record>(parse<Record>(object.label, object.value));
  if (watch_.read) watch_.read(*record);
  Pointer outdated;
  const Sha256 text = sha256({as_bytes(object.value)});
  const auto now = Clock::now();
  {
    const Lock lock(mutex_);
    if (changes != changes_) return record;
    missing_.erase(object.label);
    Cached& entry = cache_[object.label];
    // Without an entry, a use that overtook the last change may have left something behind.
    if (!entry.record) outdated = record;
    if (entry.record && entry.text != text) outdated = entry.record;
    entry = {record, object.handle, text, now, now};
  }
  if (outdated && watch_.outdated) watch_.outdated(*outdated);
  return record;
}

template <RecordType Record>
bool Table<Record>::has_seen(const std::string& label) const {
  const SharedLock lock(mutex_);
  return seen_.contains(label) || cache_.contains(label);
}

// `there`: there is, or may be, one now.
template <RecordType Record>
void Table<Record>::forget(const std::string& label, bool there) {
  Pointer outdated;
  {
    const Lock lock(mutex_);
    ++changes_;
    missing_.erase(label);
    if (seen_.size() >= kMaxRemembered) seen_.clear();
    if (there)
      seen_.insert(label);
    else
      seen_.erase(label);
    auto entry = cache_.find(label);
    if (entry == cache_.end()) return;
    outdated = entry->second.record;
    cache_.erase(entry);
  }
  if (watch_.outdated) watch_.outdated(*outdated);
}

template class Table<KeyRecord>;
template class Table<AliasRecord>;
template class Table<GrantRecord>;

}  // namespace trent::catalog
