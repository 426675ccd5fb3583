#include "catalog/catalog.h"

#include <algorithm>
#include <stdexcept>

#include "base/error.h"
#include "catalog/store.h"

namespace trent::catalog {

namespace {

// A cached record is checked by reading its object, which is cheap. That alone would not see a
// higher revision whose writer died before it removed the old one: look for it now and then.
constexpr std::chrono::seconds kFindAgain{30};
// For so long a listing serves those who go through its pages.
constexpr std::chrono::seconds kPages{30};
constexpr std::size_t kMaxRemembered = 1000;

std::string label_of(const KeyRecord& record) {
  return key_label(record.key_id);
}
std::string label_of(const AliasRecord& record) {
  return alias_label(record.name);
}

template <class Record>
Record parse_record(const std::string& label, const std::string& text,
                    Record (*parse)(std::string_view)) {
  try {
    Record record = parse(text);
    if (label_of(record) != label)
      throw std::runtime_error("it says that it is " + label_of(record));
    return record;
  } catch (const std::runtime_error& error) {
    throw Error(ErrorCode::KMSInternal,
                "The record " + label + " in the token is damaged: " + error.what() + ".",
                "Restore it from the backup of the HSM; `trent check` shows what is wrong.");
  }
}

}  // namespace

Catalog::Catalog(hsm::Token& token, std::chrono::milliseconds refresh)
    : token_(token), refresh_(refresh) {}

void Catalog::dropped(const KeyRecord& record) {
  for (const KeyMaterial& material : record.materials) token_.forget_base_key(material.id);
}

void Catalog::remembered(const KeyRecord& record) {
  for (const KeyMaterial& material : record.materials) key_ids_[material.id] = record.key_id;
}

template <class Record>
std::shared_ptr<const Record> Catalog::remember(Cache<Record>& cache, const hsm::DataObject& object,
                                                Record (*parse)(std::string_view),
                                                std::uint64_t changes) {
  auto record = std::make_shared<const Record>(parse_record(object.label, object.value, parse));
  std::shared_ptr<const Record> old;
  const Sha256 text = sha256({as_bytes(object.value)});
  auto now = Clock::now();
  {
    std::lock_guard lock(mutex_);
    remembered(*record);
    if (changes != changes_) return record;
    missing_.erase(object.label);
    auto& entry = cache[object.label];
    // Without an entry, a use that overtook the last change may have left a copy of the base key.
    if (!entry.record) old = record;
    if (entry.record && entry.text != text) old = entry.record;
    entry = {record, object.handle, text, now, now};
  }
  if (old) dropped(*old);
  return record;
}

bool Catalog::has_seen(const std::string& label) {
  std::shared_lock lock(mutex_);
  return seen_.contains(label) || keys_.contains(label) || aliases_.contains(label);
}

template <class Record>
void Catalog::forget(Cache<Record>& cache, const std::string& label, bool there) {
  std::shared_ptr<const Record> old;
  {
    std::lock_guard lock(mutex_);
    ++changes_;
    listing_.reset();
    missing_.erase(label);
    if (seen_.size() >= kMaxRemembered) seen_.clear();
    if (there)
      seen_.insert(label);
    else
      seen_.erase(label);
    auto entry = cache.find(label);
    if (entry == cache.end()) return;
    old = entry->second.record;
    cache.erase(entry);
  }
  dropped(*old);
}

template <class Record>
std::shared_ptr<const Record> Catalog::look_up(Cache<Record>& cache, const std::string& label,
                                               Record (*parse)(std::string_view)) {
  Cached<Record> cached;
  std::uint64_t changes = 0;
  {
    std::shared_lock lock(mutex_);
    changes = changes_;
    auto entry = cache.find(label);
    if (entry != cache.end()) {
      if (Clock::now() - entry->second.read < refresh_) return entry->second.record;
      cached = entry->second;
    }
    auto missing = missing_.find(label);
    if (missing != missing_.end() && Clock::now() - missing->second < refresh_) return nullptr;
  }
  if (cached.record && Clock::now() - cached.found < kFindAgain) {
    auto object = hsm::read_data(token_, cached.handle);
    if (object && object->label == label && sha256({as_bytes(object->value)}) == cached.text) {
      std::lock_guard lock(mutex_);
      auto entry = cache.find(label);
      if (entry != cache.end() && entry->second.handle == cached.handle)
        entry->second.read = Clock::now();
      return cached.record;
    }
  }
  auto object = find_record(token_, label);
  if (!object && token_.ensure_presence()) object = find_record(token_, label);
  if (object) return remember(cache, *object, parse, changes);
  if (cached.record) forget(cache, label, false);
  std::lock_guard lock(mutex_);
  if (missing_.size() >= kMaxRemembered) missing_.clear();
  if (changes == changes_) missing_[label] = Clock::now();
  return nullptr;
}

std::shared_ptr<const KeyRecord> Catalog::key(const std::string& key_id) {
  return look_up(keys_, key_label(key_id), &parse_key_record);
}

std::shared_ptr<const KeyRecord> Catalog::key(const hsm::ChangeLock& lock,
                                              const std::string& key_id) {
  std::uint64_t changes = 0;
  {
    std::shared_lock reading(mutex_);
    changes = changes_;
  }
  auto object = find_record(lock, token_, key_label(key_id));
  if (!object && token_.ensure_presence()) object = find_record(lock, token_, key_label(key_id));
  return object ? remember(keys_, *object, &parse_key_record, changes) : nullptr;
}

std::shared_ptr<const AliasRecord> Catalog::alias(const std::string& name) {
  return look_up(aliases_, alias_label(name), &parse_alias_record);
}

std::shared_ptr<const KeyRecord> Catalog::key_of_material(const KeyMaterialId& id) {
  std::optional<std::string> key_id;
  {
    std::shared_lock lock(mutex_);
    auto known = key_ids_.find(id);
    if (known != key_ids_.end()) key_id = known->second;
  }
  if (!key_id) {
    auto label = hsm::label_of_base_key(token_, id);
    if (!label && token_.ensure_presence()) label = hsm::label_of_base_key(token_, id);
    if (label) key_id = key_id_of_label(*label);
    if (!key_id) return nullptr;
  }
  auto record = key(*key_id);
  // Material that no record names is what a crash left behind: invisible.
  return record && record->has_material(id) ? record : nullptr;
}

std::shared_ptr<const Listing> Catalog::list(bool continued) {
  std::uint64_t changes = 0;
  {
    std::shared_lock lock(mutex_);
    const auto limit = continued ? std::max<Clock::duration>(refresh_, kPages) : refresh_;
    if (listing_ && Clock::now() - listed_ < limit) return listing_;
    changes = changes_;
  }
  auto all = list_versions(token_);
  if (all.empty() && token_.ensure_presence()) all = list_versions(token_);
  auto listing = std::make_shared<Listing>();
  // Whoever lists the keys goes on to look at each.
  for (const auto& [label, versions] : all) {
    const Version* version = versions.holds();
    if (version == nullptr) continue;
    try {
      if (key_id_of_label(label))
        listing->keys.push_back(remember(keys_, version->object, &parse_key_record, changes));
      else if (is_alias_label(label))
        listing->aliases.push_back(
            remember(aliases_, version->object, &parse_alias_record, changes));
    } catch (const Error&) {
      continue;  // damaged
    }
  }
  std::lock_guard lock(mutex_);
  if (changes == changes_) {
    listing_ = listing;
    listed_ = Clock::now();
  }
  return listing;
}

bool Catalog::create_key(const hsm::ChangeLock& lock, KeyRecord record) {
  std::string label = key_label(record.key_id);
  bool created = create_record(lock, token_, label, [&](Revision first) {
    record.revision = std::move(first);
    return to_text(record);
  });
  forget(keys_, label, true);
  return created;
}

template <class Record>
bool Catalog::change(const hsm::ChangeLock& lock, Cache<Record>& cache, const std::string& label,
                     Record (*parse)(std::string_view),
                     const std::function<void(Record&)>& change) {
  bool found = change_record(lock, token_, label, has_seen(label),
                             [&](const std::string& text, const Revision& next) {
                               Record record = parse_record(label, text, parse);
                               change(record);
                               record.revision = next;
                               return to_text(record);
                             });
  forget(cache, label, found);
  return found;
}

template <class Record>
Deletion Catalog::remove(const hsm::ChangeLock& lock, Cache<Record>& cache,
                         const std::string& label, Record (*parse)(std::string_view),
                         const If<Record>& condition) {
  Deletion deletion =
      delete_record(lock, token_, label, has_seen(label), [&](const std::string* text) {
        if (text == nullptr) return condition(nullptr);
        std::optional<Record> record;
        try {
          record = parse_record(label, *text, parse);
        } catch (const Error&) {
          return condition(nullptr);  // damaged
        }
        return condition(&*record);
      });
  forget(cache, label, deletion == Deletion::Declined);
  return deletion;
}

template <class Record>
void Catalog::tidy(const hsm::ChangeLock& lock, Cache<Record>& cache, const std::string& label,
                   Record (*parse)(std::string_view)) {
  tidy_record(lock, token_, label, [&](const std::string& text, const Revision& next) {
    Record record = parse_record(label, text, parse);
    record.revision = next;
    return to_text(record);
  });
  forget(cache, label, true);
}

void Catalog::tidy(const hsm::ChangeLock& lock, const std::string& label) {
  if (key_id_of_label(label))
    tidy(lock, keys_, label, &parse_key_record);
  else if (is_alias_label(label))
    tidy(lock, aliases_, label, &parse_alias_record);
}

bool Catalog::change_key(const hsm::ChangeLock& lock, const std::string& key_id,
                         const std::function<void(KeyRecord&)>& change) {
  return this->change(lock, keys_, key_label(key_id), &parse_key_record, change);
}

Deletion Catalog::delete_key(const hsm::ChangeLock& lock, const std::string& key_id,
                             const If<KeyRecord>& condition) {
  return remove(lock, keys_, key_label(key_id), &parse_key_record, condition);
}

bool Catalog::create_alias(const hsm::ChangeLock& lock, AliasRecord record) {
  std::string label = alias_label(record.name);
  bool created = create_record(lock, token_, label, [&](Revision first) {
    record.revision = std::move(first);
    return to_text(record);
  });
  forget(aliases_, label, true);
  return created;
}

bool Catalog::change_alias(const hsm::ChangeLock& lock, const std::string& name,
                           const std::function<void(AliasRecord&)>& change) {
  return this->change(lock, aliases_, alias_label(name), &parse_alias_record, change);
}

Deletion Catalog::delete_alias(const hsm::ChangeLock& lock, const std::string& name,
                               const If<AliasRecord>& condition) {
  return remove(lock, aliases_, alias_label(name), &parse_alias_record, condition);
}

}  // namespace trent::catalog
