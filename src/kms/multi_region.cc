// SPDX-License-Identifier: Apache-2.0
// Related multi-Region keys: see multi_region.h.
#include "kms/multi_region.h"

#include <algorithm>

#include "base/error.h"
#include "kms/key_id.h"

namespace trent::kms {

namespace {

bool knows_less(const Key& one, const Key& other) {
  return one.record->multi_region->changes < other.record->multi_region->changes;
}

}  // namespace

RelatedKeys::RelatedKeys(std::vector<Key> keys)
    : keys_(std::move(keys)),
      told_(&*std::ranges::max_element(keys_, knows_less)->record->multi_region) {}

const Key* RelatedKeys::in_region(const std::string& region) const {
  const auto found =
      std::ranges::find_if(keys_, [&](const Key& key) { return key.account->region == region; });
  return found == keys_.end() ? nullptr : &*found;
}

std::vector<Key> RelatedKeys::replicas() const {
  std::vector<Key> replicas;
  for (const Key& key : keys_)
    if (!is_primary(key)) replicas.push_back(key);
  return replicas;
}

RelatedKeys related_keys(const Accounts& accounts, const Key& key) {
  std::vector<Key> keys;
  for (const auto& account : accounts) {
    if (account.get() == key.account) {
      keys.push_back(key);
      continue;
    }
    if (account->id != key.account->id) continue;
    try {
      Key other{account.get(), account->catalog.key(key.record->key_id)};
      if (other.record && !is_deleted(*other.record)) keys.push_back(std::move(other));
    } catch (const Error&) {  // see the declaration
    }
  }
  return RelatedKeys(std::move(keys));
}

LockedRegions::LockedRegions(const Accounts& accounts, Account& account) {
  std::vector<hsm::Token*> tokens;
  for (const auto& each : accounts) {
    if (each->id != account.id) continue;
    accounts_.push_back(each.get());
    tokens.push_back(&each->token);
  }
  locks_ = hsm::ChangeLock::of_all(tokens);
  for (const hsm::ChangeLock& lock : locks_) lock.look();
}

const hsm::ChangeLock& LockedRegions::lock_of(const Account& account) const {
  return locks_[static_cast<std::size_t>(std::ranges::find(accounts_, &account) -
                                         accounts_.begin())];
}

RelatedKeys LockedRegions::keys(const Account& account, const std::string& key_id) const {
  std::vector<Key> keys;
  bool is_there = false;
  for (Account* each : accounts_) {
    Key key{each, each->catalog.key(lock_of(*each), key_id)};
    if (!key.record || is_deleted(*key.record)) continue;
    is_there = is_there || each == &account;
    keys.push_back(std::move(key));
  }
  if (!is_there) throw no_such_key(account, key_id);
  return RelatedKeys(std::move(keys));
}

void require_primary(const RelatedKeys& related, const Key& key) {
  if (related.is_primary(key)) return;
  throw Error(ErrorCode::UnsupportedOperation, key.arn() + " is not a multi-region primary key.",
              "Its primary key is in region " + related.primary_region() + ".");
}

void require_multi_region(const Key& key) {
  if (is_multi_region(key)) return;
  throw Error(ErrorCode::UnsupportedOperation, key.arn() + " is not a multi-region primary key.",
              "Only a key that was made as a multi-Region key (`trent create-key --multi-region`) "
              "can be in several regions.");
}

void add_regions(const RelatedKeys& related, const Key& key, KeyMetadata& metadata) {
  const auto in_region = [&](const std::string& region) {
    return MultiRegionKey{arn_prefix(region, key.account->id) + "key/" + key.record->key_id,
                          region};
  };
  MultiRegionConfiguration& out = metadata.multi_region_configuration;
  out.multi_region_key_type = related.is_primary(key) ? "PRIMARY" : "REPLICA";
  out.primary_key = in_region(related.primary_region());
  for (const Key& replica : related.replicas())
    out.replica_keys.push_back(in_region(replica.account->region));
}

}  // namespace trent::kms
