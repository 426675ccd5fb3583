// SPDX-License-Identifier: Apache-2.0
// `trent check --repair`: see repair.h.
#include "kms/repair.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "base/encoding.h"
#include "base/error.h"
#include "catalog/store.h"
#include "hsm/base_key_store.h"
#include "hsm/change_lock.h"
#include "kms/key_spec.h"
#include "kms/material.h"
#include "kms/purge.h"

namespace trent::kms {

namespace {

using catalog::KeyRecord;
using hsm::ChangeLock;

void remove_superseded(const ChangeLock& lock, Account& account, const Contents& contents,
                       Repairs& repairs) {
  std::set<std::string> tidied;
  for (const hsm::DataObject& object : contents.superseded) {
    if (tidied.insert(object.label).second) account.catalog.tidy(lock, object.label);
    repairs.done.push_back("A superseded revision of the record " + object.label + " was removed.");
  }
}

// A record for materials that have none, as after a crash in CreateKey, or a backup of the HSM that
// was restored in part. Nothing of a key is destroyed on a suspicion; the key is made disabled.
void recover_key(Service& service, const ChangeLock& lock, Account& account,
                 const std::string& label, const std::vector<const hsm::KeyState*>& materials,
                 Repairs& repairs) {
  KeyRecord record;
  record.key_id = catalog::key_id_of_label(label).value();
  record.created = catalog::now();
  record.description = "Recovered by trent check: its record was missing.";
  record.state = KeyState::Disabled;
  // Where a related key knows another primary one, that is the one.
  if (catalog::is_multi_region(record.key_id)) record.multi_region = {account.region, 0};
  for (const hsm::KeyState* material : materials) {
    auto id = material_id(material->id);
    if (!id || !material->unfit.empty() || !material->proven) return;  // no key of ours
    record.materials.push_back({*id, record.created});
    record.current = *id;
    // A replica has a copy, which can go on to another token.
    if (catalog::is_multi_region(record.key_id) ? !material->extractable : !material->local)
      record.origin = KeyOrigin::External;
  }
  if (record.origin == KeyOrigin::External)
    for (catalog::KeyMaterial& material : record.materials) material.import.emplace();
  try {
    service.perform("CreateKey", account, record.key_id, [&] {
      if (!account.catalog.create_key(lock, record))
        throw Error(ErrorCode::Conflict, "Its record came back.");
    });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Conflict) throw;
    return;
  }
  repairs.done.push_back("Key " + record.key_id + " had no record and is a disabled key again.");
}

void recover_keys(Service& service, const ChangeLock& lock, Account& account,
                  const Contents& contents, Repairs& repairs) {
  std::map<std::string, std::vector<const hsm::KeyState*>> lost;
  for (const hsm::KeyState* material : contents.recordless())
    lost[material->label].push_back(material);
  for (const auto& [label, materials] : lost)
    recover_key(service, lock, account, label, materials, repairs);
}

// No record names it, and none did. If another host is about to (and slower than two looks), it
// finds out.
void remove_unfinished(Account& account, const Contents& contents, Repairs& repairs) {
  for (const hsm::KeyState* material : contents.unfinished()) {
    hsm::destroy_key(account.token, material->label, material->id);
    repairs.done.push_back("The key material " + to_hex(material->id) + " (" + material->label +
                           ") that an interrupted rotation or import had made was removed.");
  }
}

// Imported material that was to be gone.
void remove_deleted(Service& service, Account& account, const Contents& contents,
                    Repairs& repairs) {
  for (const hsm::KeyState* material : contents.deleted()) {
    service.perform("DeleteImportedKeyMaterial", account,
                    catalog::key_id_of_label(material->label).value(),
                    [&] { hsm::destroy_key(account.token, material->label, material->id); });
    repairs.done.push_back("The key material " + to_hex(material->id) + " (" + material->label +
                           ") whose deletion was interrupted was removed.");
  }
}

// What looks left over, and may be somebody's who is in the middle of a change.
std::vector<const hsm::KeyState*> left_materials(const Contents& contents) {
  auto left = contents.recordless();
  for (const auto& more : {contents.unfinished(), contents.deleted()})
    left.insert(left.end(), more.begin(), more.end());
  return left;
}

}  // namespace

Remains::Remains(const Contents& contents) {
  for (const hsm::DataObject& object : contents.superseded) seen_.insert(object.value);
  for (const hsm::KeyState* material : left_materials(contents)) seen_.insert(to_hex(material->id));
}

void Remains::keep_only(Contents& later) const {
  std::erase_if(later.superseded,
                [&](const hsm::DataObject& object) { return !seen_.contains(object.value); });
  std::set<const hsm::KeyState*> made_meanwhile;
  for (const hsm::KeyState* material : left_materials(later))
    if (!seen_.contains(to_hex(material->id))) made_meanwhile.insert(material);
  std::erase_if(later.materials,
                [&](const auto& entry) { return made_meanwhile.contains(&entry.second); });
}

Contents look_twice(hsm::Token& token) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  Contents contents = look_into(token);
  const Remains remains(contents);
  if (remains.empty()) return contents;
  // Whoever is in the middle of a change needs longer in a token where looking takes longer.
  std::this_thread::sleep_for(std::chrono::seconds(2) + (Clock::now() - start));
  contents = look_into(token);
  remains.keep_only(contents);
  return contents;
}

Repairs repair(Service& service, Account& account, const Remains& remains) {
  const ChangeLock lock(account.token);
  // Under the lock nobody of this host is in the middle of a change; and nobody of another host is
  // in the middle of one that was seen before and is still there.
  Contents contents = look_into(account.token);
  remains.keep_only(contents);
  Repairs repairs;
  // What follows makes new revisions. With a clock that is ahead they would be the proof, for
  // `trent purge`, that the deletion date of a key is past.
  for (const auto& [label, expired] : contents.expired)
    if (!is_past_by_token(*expired.record.deletion, contents)) {
      repairs.not_done = "Nothing was repaired because of key " + expired.record.key_id + ". " +
                         doubt_of_clock(expired.record, contents);
      return repairs;
    }
  remove_superseded(lock, account, contents, repairs);
  recover_keys(service, lock, account, contents, repairs);
  remove_unfinished(account, contents, repairs);
  remove_deleted(service, account, contents, repairs);
  return repairs;
}

void name_staged(Account& account, const Contents& contents) {
  const auto staged = contents.staged();
  if (staged.empty()) return;
  const ChangeLock lock(account.token);
  lock.look();
  for (const hsm::KeyState* material : staged) {
    const std::string key_id = catalog::key_id_of_material_label(material->label).value();
    try {
      hsm::rename_key(account.token, material->label, catalog::key_label(key_id), material->id);
    } catch (const Error&) {  // It is found by either name. Some tokens keep the first.
    }
  }
}

}  // namespace trent::kms
