// SPDX-License-Identifier: Apache-2.0
// Rotation: see rotation.h.
#include "kms/rotation.h"

#include <algorithm>

#include "base/error.h"
#include "kms/material.h"
#include "kms/replication.h"
#include "kms/staging.h"
#include "process/fork.h"

namespace trent::kms {

namespace {

using catalog::KeyMaterial;
using catalog::KeyRecord;
using catalog::RotationType;
using hsm::ChangeLock;

bool is_due(const KeyRecord& record) {
  return record.state == KeyState::Enabled && record.rotation &&
         record.rotation->next <= catalog::now();
}

// A repair on another host took the material for remains, before the record named it.
[[noreturn]] void take_back(const hsm::ChangeLock& lock, Account& account, const KeyRecord& before,
                            const KeyMaterial& material) {
  account.catalog.change_key(lock, before.key_id, [&](KeyRecord& record) {
    std::erase_if(record.materials, [&](const auto& each) { return each.id == material.id; });
    if (record.current == material.id) record.current = before.current;
  });
  throw Error(ErrorCode::KMSInternal,
              "Another program removed the new material of key " + before.key_id +
                  " from the token: the key was not rotated.",
              "Try again.");
}

void make_current(const ChangeLock& lock, Account& account, const std::string& key_id,
                  const KeyMaterial& material, RotationType type,
                  const std::function<void(const KeyRecord& record)>& allow) {
  const bool found = account.catalog.change_key(lock, key_id, [&](KeyRecord& record) {
    if (is_deleted(record)) throw no_such_key(account, key_id);
    allow(record);
    record.materials.push_back(material);
    record.current = material.id;
    if (type == RotationType::Automatic && record.rotation)
      record.rotation->next = material.created + record.rotation->period();
  });
  if (!found) throw no_such_key(account, key_id);
}

}  // namespace

void require_rotatable(const KeyRecord& record, const std::string& key_arn) {
  if (record.spec != catalog::KeySpec::SymmetricDefault)
    throw Error(
        ErrorCode::UnsupportedOperation, {},
        "Only symmetric encryption keys are rotated. Make a new key, and let the alias name "
        "it (UpdateAlias).");
  if (record.adopted)
    throw Error(ErrorCode::UnsupportedOperation,
                key_arn + " origin is " + std::string(wire_name(record.origin)) +
                    " which is not valid for this operation.",
                "Its material is an object of another program.");
  if (record.enforced)
    throw Error(ErrorCode::UnsupportedOperation,
                key_arn + " is enforced in the token, which is not valid for this operation.",
                "Make another one with `trent create-key --enforce-in-token`, and move the "
                "ciphertexts to it (ReEncrypt).");
}

void rotate(const hsm::ChangeLock& lock, Account& account, const std::string& key_id,
            RotationType type, const std::function<void(const KeyRecord& record)>& allow) {
  const auto before = account.catalog.key(lock, key_id);
  if (!before || is_deleted(*before)) throw no_such_key(account, key_id);
  allow(*before);
  KeyMaterial material = make_material(account.token, *before, catalog::staged_label(key_id));
  material.created = catalog::now();
  material.rotation = {material.created, type};
  try {
    make_current(lock, account, key_id, material, type, allow);
  } catch (const Error&) {
    withdraw_staged(lock, account, key_id, material.id);
    throw;
  }
  if (!name_material(account, *before, material.id)) take_back(lock, account, *before, material);
}

namespace {

// A replica gets to know the material: it can decrypt with it, and does not encrypt with it yet.
void announce(const StagedCopies& copies, const KeyRecord& primary, const KeyMaterial& material) {
  const bool found = copies.account().catalog.change_key(
      copies.lock(), primary.key_id,
      [&](KeyRecord& record) { record.materials.push_back(material); });
  if (!found || !copies.name(primary))
    throw Error(ErrorCode::KMSInternal,
                "Another program removed the new material of key " + primary.key_id +
                    " from the token of region " + copies.account().region +
                    ": the key was not rotated.",
                "Try again.");
}

// Unless the primary key has the material after all, or that cannot be told: then it stays, which
// does no harm.
void retract(const ChangeLock& lock, const Key& primary, const StagedCopies& copies,
             const blob::KeyMaterialId& material) {
  const std::string& key_id = primary.record->key_id;
  try {
    const auto now = primary.account->catalog.key(lock, key_id);
    if (now && now->has_material(material)) return;
    Account& account = copies.account();
    const auto there = account.catalog.key(copies.lock(), key_id);
    if (!there || !there->has_material(material)) return copies.withdraw(key_id);
    account.catalog.change_key(copies.lock(), key_id, [&](KeyRecord& record) {
      std::erase_if(record.materials, [&](const auto& each) { return each.id == material; });
    });
    destroy_material(account, key_id, material);
  } catch (const Error&) {  // the first failure is the one to report
  }
}

}  // namespace

void rotate_everywhere(const LockedRegions& regions, const Key& key, RotationType type,
                       const std::function<void(const KeyRecord& record)>& allow) {
  Account& account = *key.account;
  const std::string& key_id = key.record->key_id;
  const ChangeLock& lock = regions.lock_of(account);
  const RelatedKeys related = regions.keys(account, key_id);
  const Key& primary = *related.in_region(account.region);
  allow(*primary.record);
  require_primary(related, primary);
  follow_all(regions, related);
  KeyMaterial material =
      make_material(account.token, *primary.record, catalog::staged_label(key_id));
  material.created = catalog::now();
  material.rotation = {material.created, type};
  std::vector<StagedCopies> all;
  try {
    for (const Key& replica : related.replicas())
      all.emplace_back(regions.lock_of(*replica.account), *replica.account)
          .add(primary, material.id);
    for (const StagedCopies& copies : all) announce(copies, *primary.record, material);
    make_current(lock, account, key_id, material, type, allow);
  } catch (const Error&) {
    for (const StagedCopies& copies : all) retract(lock, primary, copies, material.id);
    withdraw_staged(lock, account, key_id, material.id);
    throw;
  }
  if (!name_material(account, *primary.record, material.id))
    take_back(lock, account, *primary.record, material);
  try {
    follow_all(regions, regions.keys(account, key_id));
  } catch (const Error&) {  // they decrypt with it, and `trent rotate-due` lets them follow
  }
}

namespace {

Error not_imported(const std::string& key_arn, const char* import_type) {
  return Error(
      ErrorCode::KMSInvalidState,
      "No available key material pending rotation for the key: " + key_arn + ".",
      std::string("Import it first (ImportKeyMaterial, with the type ") + import_type + ").");
}

}  // namespace

void rotate_to_imported(const hsm::ChangeLock& lock, Account& account, const std::string& key_id,
                        const std::function<void(const KeyRecord& record)>& allow) {
  const bool found = account.catalog.change_key(lock, key_id, [&](KeyRecord& record) {
    if (is_deleted(record)) throw no_such_key(account, key_id);
    allow(record);
    const auto now = catalog::now();
    const auto next = std::ranges::find_if(record.materials, [&](const KeyMaterial& material) {
      return material.id == record.staged && material.is_usable(now);
    });
    if (next == record.materials.end())
      throw not_imported(account.key_arn(key_id), "NEW_KEY_MATERIAL");
    next->rotation = {now, RotationType::OnDemand};
    record.current = next->id;
    record.staged.reset();
  });
  if (!found) throw no_such_key(account, key_id);
}

void rotate_everywhere_to_imported(const LockedRegions& regions, const Key& key,
                                   const std::function<void(const KeyRecord& record)>& allow) {
  Account& account = *key.account;
  const std::string& key_id = key.record->key_id;
  const RelatedKeys seen = regions.keys(account, key_id);
  allow(*seen.in_region(account.region)->record);
  require_primary(seen, *seen.in_region(account.region));
  follow_all(regions, seen);
  const RelatedKeys related = regions.keys(account, key_id);
  const auto& staged = related.in_region(account.region)->record->staged;
  for (const Key& replica : related.replicas()) {
    const KeyMaterial* there = staged ? replica.record->material(*staged) : nullptr;
    if (staged && (there == nullptr || !there->is_usable(catalog::now())))
      throw not_imported(replica.arn(), "EXISTING_KEY_MATERIAL");
  }
  rotate_to_imported(regions.lock_of(account), account, key_id, allow);
  try {
    follow_all(regions, regions.keys(account, key_id));
  } catch (const Error&) {  // they decrypt with it, and `trent rotate-due` lets them follow
  }
}

namespace {

// Lets the replicas of a primary key follow that an interrupted rotation has left behind.
void catch_up(Service& service, const Key& primary, const RelatedKeys& seen, DueReport& report) {
  if (std::ranges::none_of(seen.replicas(),
                           [&](const Key& replica) { return is_behind(seen, replica); }))
    return;
  try {
    const LockedRegions regions(service.accounts(), *primary.account);
    const RelatedKeys related = regions.keys(*primary.account, primary.record->key_id);
    for (const Key& replica : related.replicas()) synchronize(service, regions, related, replica);
  } catch (const Error& error) {
    report.problems.push_back("Key " + primary.record->key_id +
                              ": its replicas do not have its newest material yet. " +
                              error.text());
  }
}

void rotate_due_keys(Service& service, Account& account, bool dry_run, DueReport& report) {
  const Accounts& accounts = service.accounts();
  // Found by a listing that may be older, decided under the lock.
  const auto listing = account.catalog.list();
  for (const auto& listed : listing->keys) {
    const Key seen{&account, listed};
    if (listed->multi_region && !is_deleted(*listed)) {
      const RelatedKeys related = related_keys(accounts, seen);
      if (!related.is_primary(seen)) continue;
      if (!dry_run) catch_up(service, seen, related, report);
    }
    if (!is_due(*listed)) continue;
    DueRotation& key = report.keys.emplace_back();
    key.key_id = listed->key_id;
    key.due = listed->rotation->next;
    if (dry_run) continue;
    try {
      service.perform("RotateKey", account, key.key_id, [&] {
        const auto allow = [](const KeyRecord& record) {
          if (!is_due(record))
            throw Error(ErrorCode::Conflict, "It is not due any more.",
                        "Another program changed or rotated it meanwhile.");
        };
        if (listed->multi_region)
          rotate_everywhere({accounts, account}, seen, RotationType::Automatic, allow);
        else
          rotate(ChangeLock(account.token), account, key.key_id, RotationType::Automatic, allow);
        key.rotated = true;
      });
    } catch (const Error& error) {
      key.problem = error.text();
    }
  }
}

}  // namespace

std::vector<DueReport> rotate_due(Service& service, bool dry_run) {
  const process::ForkGuard fork;
  std::vector<DueReport> reports;
  for (const auto& account : service.accounts()) {
    DueReport& report = reports.emplace_back();
    report.arn_prefix = account->prefix;
    try {
      rotate_due_keys(service, *account, dry_run, report);
    } catch (const Error& error) {
      // The other tokens are looked at all the same.
      if (service.accounts().size() == 1) throw;
      report.problems.emplace_back(error.what());
    }
  }
  return reports;
}

}  // namespace trent::kms
