// SPDX-License-Identifier: Apache-2.0
// Rotation: see rotation.h.
#include "kms/rotation.h"

#include <algorithm>

#include "base/error.h"
#include "kms/material.h"
#include "kms/staging.h"
#include "process/fork.h"

namespace trent::kms {

namespace {

using catalog::KeyMaterial;
using catalog::KeyRecord;
using catalog::RotationType;

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
    const bool found = account.catalog.change_key(lock, key_id, [&](KeyRecord& record) {
      if (is_deleted(record)) throw no_such_key(account, key_id);
      allow(record);
      record.materials.push_back(material);
      record.current = material.id;
      if (type == RotationType::Automatic && record.rotation)
        record.rotation->next = material.created + record.rotation->period();
    });
    if (!found) throw no_such_key(account, key_id);
  } catch (const Error&) {
    withdraw_staged(lock, account, key_id, material.id);
    throw;
  }
  if (!name_material(account, *before, material.id)) take_back(lock, account, *before, material);
}

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
      throw Error(ErrorCode::KMSInvalidState,
                  "No available key material pending rotation for the key: " +
                      account.key_arn(key_id) + ".",
                  "Import it first (ImportKeyMaterial, with the type NEW_KEY_MATERIAL).");
    next->rotation = {now, RotationType::OnDemand};
    record.current = next->id;
    record.staged.reset();
  });
  if (!found) throw no_such_key(account, key_id);
}

namespace {

void rotate_due_keys(Service& service, Account& account, bool dry_run, DueReport& report) {
  // Found by a listing that may be older, decided under the lock.
  for (const auto& listed : account.catalog.list()->keys) {
    if (!is_due(*listed)) continue;
    DueRotation& key = report.keys.emplace_back();
    key.key_id = listed->key_id;
    key.due = listed->rotation->next;
    if (dry_run) continue;
    try {
      service.perform("RotateKey", account, key.key_id, [&] {
        const hsm::ChangeLock lock(account.token);
        rotate(lock, account, key.key_id, RotationType::Automatic, [](const KeyRecord& record) {
          if (!is_due(record))
            throw Error(ErrorCode::Conflict, "It is not due any more.",
                        "Another program changed or rotated it meanwhile.");
        });
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
