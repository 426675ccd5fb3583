// The keys and aliases of one token, with look-ups that are cached for a while.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/openssl.h"
#include "catalog/record.h"
#include "catalog/store.h"
#include "hsm/data_object.h"
#include "hsm/token.h"

namespace trent::catalog {

struct Listing {
  std::vector<std::shared_ptr<const KeyRecord>> keys;       // by key id
  std::vector<std::shared_ptr<const AliasRecord>> aliases;  // by name
};

// Thread-safe. What another process changed, created or deleted is seen `refresh` later at the
// latest.
class Catalog {
 public:
  Catalog(hsm::Token& token, std::chrono::milliseconds refresh);

  // nullptr: no such key, alias. Throws KeyUnavailableException if the token is gone.
  std::shared_ptr<const KeyRecord> key(const std::string& key_id);
  std::shared_ptr<const AliasRecord> alias(const std::string& name);
  // The key that has this material, current or not.
  std::shared_ptr<const KeyRecord> key_of_material(const KeyMaterialId& id);

  // As it is in the token now.
  std::shared_ptr<const KeyRecord> key(const hsm::ChangeLock& lock, const std::string& key_id);

  // All readable ones; the damaged ones are for `trent check` to name. As fresh as look-ups are;
  // `continued`: it may be some seconds older, for the next page of it.
  std::shared_ptr<const Listing> list(bool continued = false);

  // What follows changes the token. A condition or a change gets the record as it is in the token
  // at that moment, may run several times, and may throw to give up.

  // nullptr of a condition's argument: the record is damaged.
  template <class Record>
  using If = std::function<bool(const Record*)>;

  // `record` comes with its materials in the token; its revision is filled in here. False: there
  // is a record of this id already.
  bool create_key(const hsm::ChangeLock& lock, KeyRecord record);
  // False: no such key.
  bool change_key(const hsm::ChangeLock& lock, const std::string& key_id,
                  const std::function<void(KeyRecord&)>& change);
  // Its materials are the caller's to destroy, before.
  Deletion delete_key(const hsm::ChangeLock& lock, const std::string& key_id,
                      const If<KeyRecord>& condition);

  // False: there is one already.
  bool create_alias(const hsm::ChangeLock& lock, AliasRecord record);
  // False: no such alias.
  bool change_alias(const hsm::ChangeLock& lock, const std::string& name,
                    const std::function<void(AliasRecord&)>& change);
  Deletion delete_alias(const hsm::ChangeLock& lock, const std::string& name,
                        const If<AliasRecord>& condition);

  // Removes what interrupted changes have left of the record of this label.
  void tidy(const hsm::ChangeLock& lock, const std::string& label);

 private:
  using Clock = std::chrono::steady_clock;
  template <class Record>
  struct Cached {
    std::shared_ptr<const Record> record;
    hsm::DataHandle handle;
    Sha256 text{};            // hash of what the object says
    Clock::time_point read;   // when the object was last seen in the token
    Clock::time_point found;  // when the revision that holds was last looked for
  };
  template <class Record>
  using Cache = std::map<std::string, Cached<Record>>;  // by label
  template <class Record>
  std::shared_ptr<const Record> look_up(Cache<Record>& cache, const std::string& label,
                                        Record (*parse)(std::string_view));
  template <class Record>
  std::shared_ptr<const Record> remember(Cache<Record>& cache, const hsm::DataObject& object,
                                         Record (*parse)(std::string_view), std::uint64_t changes);
  template <class Record>
  bool change(const hsm::ChangeLock& lock, Cache<Record>& cache, const std::string& label,
              Record (*parse)(std::string_view), const std::function<void(Record&)>& change);
  template <class Record>
  void tidy(const hsm::ChangeLock& lock, Cache<Record>& cache, const std::string& label,
            Record (*parse)(std::string_view));
  template <class Record>
  Deletion remove(const hsm::ChangeLock& lock, Cache<Record>& cache, const std::string& label,
                  Record (*parse)(std::string_view), const If<Record>& condition);
  // Whether this process has seen or changed the record.
  bool has_seen(const std::string& label);
  template <class Record>
  void forget(Cache<Record>& cache, const std::string& label, bool there);
  void dropped(const KeyRecord& record);
  void dropped(const AliasRecord&) {}
  void remembered(const KeyRecord& record);
  void remembered(const AliasRecord&) {}

  hsm::Token& token_;
  std::chrono::milliseconds refresh_;
  std::shared_mutex mutex_;
  Cache<KeyRecord> keys_;
  Cache<AliasRecord> aliases_;
  std::shared_ptr<const Listing> listing_;
  Clock::time_point listed_;                          // when the listing was complete
  std::map<std::string, Clock::time_point> missing_;  // labels that were last looked for in vain
  std::set<std::string> seen_;                        // labels of those that were forgotten
  // Changes made here. What was read from the token before the last one is not to be remembered.
  std::uint64_t changes_ = 0;
  std::map<KeyMaterialId, std::string> key_ids_;  // by material: this never changes
};

}  // namespace trent::catalog
