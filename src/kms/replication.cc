// SPDX-License-Identifier: Apache-2.0
// From region to region: see replication.h.
#include "kms/replication.h"

#include <algorithm>

#include "hsm/key_copy.h"
#include "kms/material.h"
#include "kms/staging.h"

namespace trent::kms {

void StagedCopies::add(const Key& key, const blob::KeyMaterialId& material) {
  const catalog::KeyRecord& record = *key.record;
  if (record.origin == catalog::KeyOrigin::External) return;
  if (!has_material_object(to_->token, record, hsm::ImportedId{material}))
    hsm::copy_key(key.account->token, material_ref(record, material), to_->token,
                  imported_kind(record), catalog::staged_label(record.key_id));
  materials_.push_back(material);
}

bool StagedCopies::name(const catalog::KeyRecord& record) const {
  return std::ranges::all_of(materials_, [&](const blob::KeyMaterialId& material) {
    return name_material(*to_, record, material);
  });
}

void StagedCopies::withdraw(const std::string& key_id) const {
  for (const blob::KeyMaterialId& material : materials_)
    withdraw_staged(*lock_, *to_, key_id, material);
}

namespace {

// Null if its region is not among those that were looked at.
const catalog::KeyRecord* primary_record(const RelatedKeys& related) {
  const Key* primary = related.in_region(related.primary_region());
  return primary == nullptr ? nullptr : primary->record.get();
}

std::vector<catalog::KeyMaterial> missing(const catalog::KeyRecord& primary,
                                          const catalog::KeyRecord& replica) {
  std::vector<catalog::KeyMaterial> materials;
  for (const catalog::KeyMaterial& material : primary.materials)
    if (!replica.has_material(material.id)) materials.push_back(material);
  return materials;
}

// The imported material that waits in the replica for a rotation which will not be. Nothing was
// ever encrypted under it.
std::optional<blob::KeyMaterialId> given_up(const catalog::KeyRecord& primary,
                                            const catalog::KeyRecord& replica) {
  if (!replica.staged || primary.has_material(*replica.staged)) return std::nullopt;
  return replica.staged;
}

// `wanted`: those of the primary's materials that are there by now.
void take_over(const catalog::KeyRecord& primary, const std::vector<catalog::KeyMaterial>& wanted,
               catalog::KeyRecord& replica) {
  if (const auto lost = given_up(primary, replica))
    std::erase_if(replica.materials, [&](const auto& material) { return material.id == lost; });
  for (const catalog::KeyMaterial& material : primary.materials)
    if (!replica.has_material(material.id) &&
        (material.import || std::ranges::count(wanted, material.id, &catalog::KeyMaterial::id) > 0))
      replica.materials.push_back(in_replica(material));
  std::ranges::stable_sort(replica.materials, {}, &catalog::KeyMaterial::created);
  for (catalog::KeyMaterial& material : replica.materials)
    if (const auto* same = primary.material(material.id)) material.rotation = same->rotation;
  replica.current = primary.current;
  replica.staged = primary.staged;
}

}  // namespace

catalog::KeyMaterial in_replica(catalog::KeyMaterial material) {
  if (material.import) material.import = catalog::Import{.deleted = true};
  return material;
}

bool is_behind(const RelatedKeys& related, const Key& replica) {
  const catalog::KeyRecord& record = *replica.record;
  if (record.multi_region != related.told() || record.rotation) return true;
  const catalog::KeyRecord* primary = primary_record(related);
  return primary != nullptr &&
         (record.current != primary->current || record.staged != primary->staged ||
          !missing(*primary, record).empty());
}

bool follow(const LockedRegions& regions, const RelatedKeys& related, const Key& replica) {
  if (!is_behind(related, replica)) return false;
  Account& account = *replica.account;
  const hsm::ChangeLock& lock = regions.lock_of(account);
  const std::string& key_id = replica.record->key_id;
  const Key* primary = related.in_region(related.primary_region());
  std::vector<catalog::KeyMaterial> wanted;
  std::optional<blob::KeyMaterialId> lost;
  if (primary != nullptr) {
    wanted = missing(*primary->record, *replica.record);
    lost = given_up(*primary->record, *replica.record);
  }
  StagedCopies copies(lock, account);
  try {
    for (const catalog::KeyMaterial& material : wanted) copies.add(*primary, material.id);
    if (lost) destroy_material(account, key_id, *lost);
    account.catalog.change_key(lock, key_id, [&](catalog::KeyRecord& record) {
      record.multi_region = related.told();
      record.rotation.reset();
      if (primary != nullptr) take_over(*primary->record, wanted, record);
    });
  } catch (const Error&) {
    copies.withdraw(key_id);
    throw;
  }
  if (!copies.name(*replica.record))
    throw Error(ErrorCode::KMSInternal,
                "Another program removed key material of " + replica.arn() + " from the token.",
                "`trent check` shows what is missing.");
  return true;
}

bool synchronize(Service& service, const LockedRegions& regions, const RelatedKeys& related,
                 const Key& replica) {
  if (!is_behind(related, replica)) return false;
  service.perform("SynchronizeMultiRegionKey", *replica.account, replica.record->key_id,
                  [&] { follow(regions, related, replica); });
  return true;
}

void follow_all(const LockedRegions& regions, const RelatedKeys& related) {
  for (const Key& replica : related.replicas()) follow(regions, related, replica);
}

}  // namespace trent::kms
