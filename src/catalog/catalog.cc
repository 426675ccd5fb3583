// SPDX-License-Identifier: Apache-2.0
// The keys, aliases and grants of one token: which record is whose, and all of them at once.
#include "catalog/catalog.h"

#include <algorithm>

#include "base/error.h"
#include "hsm/base_key_store.h"

namespace trent::catalog {

namespace {

// For so long a listing serves those who go through its pages.
constexpr std::chrono::seconds kPages{30};

}  // namespace

Catalog::Catalog(hsm::Token& token, std::chrono::milliseconds refresh)
    : token_(token),
      refresh_(refresh),
      keys_(token, refresh,
            {[this](const KeyRecord& record) {
               const Lock lock(mutex_);
               for (const KeyMaterial& material : record.materials)
                 key_ids_[material.id] = record.key_id;
             },
             [this](const KeyRecord& record) {
               for (const KeyMaterial& material : record.materials)
                 token_.forget_base_key(material.id);
             }}),
      aliases_(token, refresh),
      grants_(token, refresh) {}

std::shared_ptr<const KeyRecord> Catalog::key(const std::string& key_id) {
  return keys_.find(key_label(key_id));
}

std::shared_ptr<const KeyRecord> Catalog::key_now(const std::string& key_id) {
  return keys_.find_now(key_label(key_id));
}

std::shared_ptr<const KeyRecord> Catalog::key(const hsm::ChangeLock& lock,
                                              const std::string& key_id) {
  return keys_.find(lock, key_label(key_id));
}

std::shared_ptr<const AliasRecord> Catalog::alias(const std::string& name) {
  return aliases_.find(alias_label(name));
}

std::shared_ptr<const GrantRecord> Catalog::grant(const std::string& grant_id) {
  return grants_.find(grant_label(grant_id));
}

std::shared_ptr<const GrantRecord> Catalog::grant(const hsm::ChangeLock& lock,
                                                  const std::string& grant_id) {
  return grants_.find(lock, grant_label(grant_id));
}

std::shared_ptr<const KeyRecord> Catalog::key_of_material(const KeyMaterialId& id) {
  std::optional<std::string> key_id;
  {
    const SharedLock lock(mutex_);
    auto known = key_ids_.find(id);
    if (known != key_ids_.end()) key_id = known->second;
  }
  if (!key_id) {
    auto label = hsm::label_of_base_key(token_, id);
    if (!label && token_.ensure_presence()) label = hsm::label_of_base_key(token_, id);
    if (label) key_id = key_id_of_material_label(*label);
    if (!key_id) return nullptr;
  }
  auto record = key(*key_id);
  // It may be newer than the record that is remembered.
  if (record && !record->has_material(id)) record = key_now(*key_id);
  // Material that no record names is what a crash left behind: invisible.
  return record && record->has_material(id) ? record : nullptr;
}

std::shared_ptr<const KeyRecord> Catalog::listed_key_of_material(const KeyMaterialId& id) {
  const auto listing = list();
  for (const auto& record : listing->keys)
    if (record->origin != KeyOrigin::AwsKms && record->has_material(id)) return record;
  return nullptr;
}

std::shared_ptr<const Listing> Catalog::list(bool continued) {
  const Changes before = changes();
  {
    const SharedLock lock(mutex_);
    const auto limit = continued ? std::max<Clock::duration>(refresh_, kPages) : refresh_;
    if (listing_ && listed_changes_ == before && Clock::now() - listed_ < limit) return listing_;
  }
  auto all = list_versions(token_);
  if (all.empty() && token_.ensure_presence()) all = list_versions(token_);
  auto listing = std::make_shared<Listing>();
  // Whoever lists the keys goes on to look at each.
  for (const auto& [label, versions] : all) {
    const Version* version = versions.holds();
    if (version == nullptr) continue;
    try {
      if (KeyRecord::is_label(label))
        listing->keys.push_back(keys_.remember(version->object, before[0]));
      else if (AliasRecord::is_label(label))
        listing->aliases.push_back(aliases_.remember(version->object, before[1]));
      else if (GrantRecord::is_label(label)) {
        auto grant = grants_.remember(version->object, before[2]);
        listing->grants_to[{grant->key_id, grant->grantee}].push_back(grant);
        listing->grants[grant->key_id].push_back(std::move(grant));
      }
    } catch (const Error&) {
      continue;  // damaged
    }
  }
  const Lock lock(mutex_);
  if (before == changes()) {
    listing_ = listing;
    listed_ = Clock::now();
    listed_changes_ = before;
  }
  return listing;
}

std::shared_ptr<const Listing> Catalog::last_listing() {
  const SharedLock lock(mutex_);
  return listing_;
}

bool Catalog::create_key(const hsm::ChangeLock& lock, KeyRecord record) {
  return keys_.create(lock, std::move(record));
}

bool Catalog::change_key(const hsm::ChangeLock& lock, const std::string& key_id,
                         const Table<KeyRecord>::Change& change) {
  return keys_.change(lock, key_label(key_id), change);
}

Deletion Catalog::delete_key(const hsm::ChangeLock& lock, const std::string& key_id,
                             const Table<KeyRecord>::Condition& condition) {
  return keys_.remove(lock, key_label(key_id), condition);
}

bool Catalog::create_alias(const hsm::ChangeLock& lock, AliasRecord record) {
  return aliases_.create(lock, std::move(record));
}

bool Catalog::change_alias(const hsm::ChangeLock& lock, const std::string& name,
                           const Table<AliasRecord>::Change& change) {
  return aliases_.change(lock, alias_label(name), change);
}

Deletion Catalog::delete_alias(const hsm::ChangeLock& lock, const std::string& name,
                               const Table<AliasRecord>::Condition& condition) {
  return aliases_.remove(lock, alias_label(name), condition);
}

bool Catalog::create_grant(const hsm::ChangeLock& lock, GrantRecord record) {
  return grants_.create(lock, std::move(record));
}

Deletion Catalog::delete_grant(const hsm::ChangeLock& lock, const std::string& grant_id,
                               const Table<GrantRecord>::Condition& condition) {
  return grants_.remove(lock, grant_label(grant_id), condition);
}

void Catalog::tidy(const hsm::ChangeLock& lock, const std::string& label) {
  if (KeyRecord::is_label(label))
    keys_.tidy(lock, label);
  else if (AliasRecord::is_label(label))
    aliases_.tidy(lock, label);
  else if (GrantRecord::is_label(label))
    grants_.tidy(lock, label);
}

}  // namespace trent::catalog
