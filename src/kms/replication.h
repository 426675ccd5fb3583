// SPDX-License-Identifier: Apache-2.0
// Key material of a multi-Region key on its way to the token of another region.
#pragma once

#include <vector>

#include "hsm/change_lock.h"
#include "kms/multi_region.h"
#include "kms/service.h"

namespace trent::kms {

// Materials in the token of `to` that no record there names yet: see staging.h.
class StagedCopies {
 public:
  // `lock` is that of `to`.
  StagedCopies(const hsm::ChangeLock& lock, Account& to) : lock_(&lock), to_(&to) {}

  Account& account() const { return *to_; }
  const hsm::ChangeLock& lock() const { return *lock_; }

  // Copies a material of the key in the token. One that is there already is taken for the copy, if
  // it proves to be the same. Imported material is left to who has it.
  void add(const Key& key, const blob::KeyMaterialId& material);
  // The record names them. Returns false if one is gone, as name_material() does.
  bool name(const catalog::KeyRecord& record) const;
  // No record names them. What cannot be destroyed now is left to `trent check --repair`.
  void withdraw(const std::string& key_id) const;

 private:
  const hsm::ChangeLock* lock_;
  Account* to_;
  std::vector<blob::KeyMaterialId> materials_;
};

// A material of a primary key, as a replica gets to know it: imported material has to be imported
// in each region, and is missing there until then.
catalog::KeyMaterial in_replica(catalog::KeyMaterial material);

// Brings a replica up to its primary key, from which an interrupted rotation or UpdatePrimaryRegion
// has left it behind: materials, which of them is the current one, and which key is the primary.
// What it has besides, it keeps: somebody's ciphertext may be under it; but for imported material
// that waits for a rotation, which the primary key has no more. Returns false if there was nothing
// to do.
bool follow(const LockedRegions& regions, const RelatedKeys& related, const Key& replica);
// The same of all replicas.
void follow_all(const LockedRegions& regions, const RelatedKeys& related);
// Whether that would do something.
bool is_behind(const RelatedKeys& related, const Key& replica);
// follow(), which no request asks for: an event of the audit log.
bool synchronize(Service& service, const LockedRegions& regions, const RelatedKeys& related,
                 const Key& replica);

}  // namespace trent::kms
