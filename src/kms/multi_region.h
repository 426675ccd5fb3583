// SPDX-License-Identifier: Apache-2.0
// Related multi-Region keys: one key id and the same key material in several regions of an account,
// that is in several of its tokens (KMS Developer Guide, "Multi-Region keys in AWS KMS"). The id
// says that a key is one. Which others there are is found by asking the other tokens; which of them
// is the primary one is in the record of each (catalog::MultiRegion).
#pragma once

#include <string>
#include <vector>

#include "hsm/change_lock.h"
#include "kms/key.h"

namespace trent::kms {

inline bool is_multi_region(const Key& key) {
  return catalog::is_multi_region(key.record->key_id);
}

// In the order of the configuration. There is one at least.
class RelatedKeys {
 public:
  explicit RelatedKeys(std::vector<Key> keys);

  const std::vector<Key>& keys() const { return keys_; }
  const std::string& primary_region() const { return told_->primary_region; }
  // What those say that know of the last change.
  const catalog::MultiRegion& told() const { return *told_; }
  bool is_primary(const Key& key) const { return key.account->region == primary_region(); }
  // Null if there is none.
  const Key* in_region(const std::string& region) const;
  std::vector<Key> replicas() const;

 private:
  std::vector<Key> keys_;
  const catalog::MultiRegion* told_;
};

// Those of the regions whose tokens can be asked, for somebody who wants to be told: a region that
// is cut off does not stop the others.
RelatedKeys related_keys(const Accounts& accounts, const Key& key);

// All tokens of an account, locked, for a change that concerns related keys. Throws if one of them
// cannot be reached.
class LockedRegions {
 public:
  LockedRegions(const Accounts& accounts, Account& account);

  const hsm::ChangeLock& lock_of(const Account& account) const;
  // As the tokens have them now. Throws NotFoundException if `account` has none.
  RelatedKeys keys(const Account& account, const std::string& key_id) const;

 private:
  std::vector<Account*> accounts_;
  std::vector<hsm::ChangeLock> locks_;
};

// Throws UnsupportedOperationException.
void require_primary(const RelatedKeys& related, const Key& key);
// The same, of a key that is to be one of several.
void require_multi_region(const Key& key);

// What KMS tells of the regions.
void add_regions(const RelatedKeys& related, const Key& key, KeyMetadata& metadata);

}  // namespace trent::kms
