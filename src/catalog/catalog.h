// SPDX-License-Identifier: Apache-2.0
// The keys, aliases and grants of one token.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/thread_safety.h"
#include "catalog/alias_record.h"
#include "catalog/grant_record.h"
#include "catalog/key_record.h"
#include "catalog/table.h"

namespace trent::catalog {

struct Listing {
  std::vector<std::shared_ptr<const KeyRecord>> keys;       // by key id
  std::vector<std::shared_ptr<const AliasRecord>> aliases;  // by name
  // Of each key that has some, by its id: by grant id.
  std::map<std::string, std::vector<std::shared_ptr<const GrantRecord>>> grants;
  // The same by key id and grantee, which are the records' own.
  std::map<std::pair<std::string_view, std::string_view>,
           std::vector<std::shared_ptr<const GrantRecord>>>
      grants_to;
};

// Thread-safe. See Table for what the functions that it shares with it do.
class Catalog {
 public:
  Catalog(hsm::Token& token, std::chrono::milliseconds refresh);

  std::shared_ptr<const KeyRecord> key(const std::string& key_id);
  std::shared_ptr<const AliasRecord> alias(const std::string& name);
  // No older than the call: for who misses something in what key() gave.
  std::shared_ptr<const KeyRecord> key_now(const std::string& key_id);
  // The key that has this material, current or not.
  std::shared_ptr<const KeyRecord> key_of_material(const KeyMaterialId& id);
  // The same where no object in the token names the material, so all records are listed: of an
  // adopted key, and of one whose imported material is gone.
  std::shared_ptr<const KeyRecord> listed_key_of_material(const KeyMaterialId& id);

  std::shared_ptr<const GrantRecord> grant(const std::string& grant_id);

  // As it is in the token now.
  std::shared_ptr<const KeyRecord> key(const hsm::ChangeLock& lock, const std::string& key_id);
  std::shared_ptr<const GrantRecord> grant(const hsm::ChangeLock& lock,
                                           const std::string& grant_id);

  // All readable ones; the damaged ones are for `trent check` to name. As fresh as look-ups are;
  // `continued`: it may be some seconds older, for the next page of it.
  std::shared_ptr<const Listing> list(bool continued = false);
  // The last listing, however old it is; nullptr if there was none yet.
  std::shared_ptr<const Listing> last_listing();

  // `record` comes with its materials in the token.
  bool create_key(const hsm::ChangeLock& lock, KeyRecord record);
  bool change_key(const hsm::ChangeLock& lock, const std::string& key_id,
                  const Table<KeyRecord>::Change& change);
  // Its materials are the caller's to destroy, before.
  Deletion delete_key(const hsm::ChangeLock& lock, const std::string& key_id,
                      const Table<KeyRecord>::Condition& condition);

  bool create_alias(const hsm::ChangeLock& lock, AliasRecord record);
  bool change_alias(const hsm::ChangeLock& lock, const std::string& name,
                    const Table<AliasRecord>::Change& change);
  Deletion delete_alias(const hsm::ChangeLock& lock, const std::string& name,
                        const Table<AliasRecord>::Condition& condition);

  bool create_grant(const hsm::ChangeLock& lock, GrantRecord record);
  Deletion delete_grant(const hsm::ChangeLock& lock, const std::string& grant_id,
                        const Table<GrantRecord>::Condition& condition);

  // Removes what interrupted changes have left of the record of this label.
  void tidy(const hsm::ChangeLock& lock, const std::string& label);

 private:
  using Clock = std::chrono::steady_clock;
  using Changes = std::array<std::uint64_t, 3>;
  Changes changes() const { return {keys_.changes(), aliases_.changes(), grants_.changes()}; }

  hsm::Token& token_;
  std::chrono::milliseconds refresh_;
  Table<KeyRecord> keys_;
  Table<AliasRecord> aliases_;
  Table<GrantRecord> grants_;
  SharedMutex mutex_;
  std::map<KeyMaterialId, std::string> key_ids_ GUARDED_BY(mutex_);  // by material: never changes
  std::shared_ptr<const Listing> listing_ GUARDED_BY(mutex_);
  Clock::time_point listed_ GUARDED_BY(mutex_);  // when the listing was complete
  // Those that it knows; another one, and it is out of date.
  Changes listed_changes_ GUARDED_BY(mutex_){};
};

}  // namespace trent::catalog
