// SPDX-License-Identifier: Apache-2.0
// `trent check --repair`: see repair.h.
#include "kms/repair.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "base/encoding.h"
#include "base/utc.h"
#include "catalog/store.h"
#include "hsm/base_key_store.h"
#include "hsm/change_lock.h"
#include "kms/material.h"

namespace trent::kms {

namespace {

using catalog::KeyRecord;
using catalog::Timestamp;
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
void recover_key(const ChangeLock& lock, Account& account, const std::string& label,
                 const std::vector<const hsm::KeyState*>& materials, Repairs& repairs) {
  KeyRecord record;
  record.key_id = catalog::key_id_of_label(label).value();
  record.created = catalog::now();
  record.description = "Recovered by trent check: its record was missing.";
  record.state = KeyState::Disabled;
  for (const hsm::KeyState* material : materials) {
    auto id = material_id(material->id);
    if (!id || !material->unfit.empty() || !material->proven) return;  // no key of ours
    record.materials.push_back({*id, record.created});
    record.current = *id;
  }
  if (!account.catalog.create_key(lock, record)) return;  // it came back
  repairs.done.push_back("Key " + record.key_id + " had no record and is a disabled key again.");
}

void recover_keys(const ChangeLock& lock, Account& account, const Contents& contents,
                  Repairs& repairs) {
  std::map<std::string, std::vector<const hsm::KeyState*>> lost;
  for (const hsm::KeyState* material : contents.recordless())
    lost[material->label].push_back(material);
  for (const auto& [label, materials] : lost) recover_key(lock, account, label, materials, repairs);
}

std::string date(Timestamp time) {
  return format_utc(std::chrono::system_clock::to_time_t(time), "%F");
}

// Whether the token itself tells that the deletion date is past, give or take a day: something in
// it was made or changed since.
bool is_past_by_token(const KeyRecord& record, const Contents& contents) {
  return *record.deletion <= contents.newest + std::chrono::hours(24);
}

// The record goes last: as long as it is there, the deletion is known to be unfinished.
void destroy_expired(const ChangeLock& lock, Account& account, const Contents& contents,
                     const std::string& label, Repairs& repairs) {
  // At this moment, for another host may have changed it since: then its object is another one.
  const Contents::Expired& expired = contents.expired.at(label);
  auto object = hsm::read_data(account.token, expired.object.handle);
  if (!object || object->label != label || object->value != expired.object.value) return;
  const std::string& key_id = expired.record.key_id;
  // What the key was adopted from is somebody else's, and stays.
  if (!expired.record.adopted) {
    auto [first, last] = contents.materials.equal_range(label);
    for (auto entry = first; entry != last; ++entry)
      hsm::destroy_key(account.token, label, entry->second.id);
  }
  for (const catalog::AliasRecord& alias : contents.aliases)
    if (alias.target == key_id)
      account.catalog.delete_alias(lock, alias.name, [&](const catalog::AliasRecord* now) {
        return now != nullptr && now->target == key_id;
      });
  const catalog::Deletion deletion = account.catalog.delete_key(
      lock, key_id, [](const KeyRecord* now) { return now != nullptr && is_deleted(*now); });
  if (deletion == catalog::Deletion::Declined)
    throw Error(ErrorCode::KMSInternal,
                "Another program changed the record of key " + key_id +
                    " while its material was destroyed: what it keeps cannot be used any more.",
                "Schedule its deletion again.");
  repairs.done.push_back(
      "Key " + key_id + ", whose deletion date is past, was destroyed with its " +
      (expired.record.adopted ? "aliases; the object that it was adopted from stays in the token."
                              : "material and its aliases."));
}

}  // namespace

Remains::Remains(const Contents& contents) {
  for (const hsm::DataObject& object : contents.superseded) seen_.insert(object.value);
  for (const hsm::KeyState* material : contents.recordless()) seen_.insert(to_hex(material->id));
}

void Remains::keep_only(Contents& later) const {
  std::erase_if(later.superseded,
                [&](const hsm::DataObject& object) { return !seen_.contains(object.value); });
  std::set<const hsm::KeyState*> made_meanwhile;
  for (const hsm::KeyState* material : later.recordless())
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

Repairs repair(Account& account, const Remains& remains, bool clock_is_right) {
  const ChangeLock lock(account.token);
  // Under the lock nobody of this host is in the middle of a change; and nobody of another host is
  // in the middle of one that was seen before and is still there.
  Contents contents = look_into(account.token);
  remains.keep_only(contents);
  Repairs repairs;
  for (const auto& [label, expired] : contents.expired) {
    if (clock_is_right || is_past_by_token(expired.record, contents))
      destroy_expired(lock, account, contents, label, repairs);
    else
      repairs.kept.emplace(label,
                           "Key " + expired.record.key_id +
                               " was not destroyed. By this computer's clock its "
                               "deletion date, " +
                               date(*expired.record.deletion) +
                               ", is past; but nothing in the token was made or changed since " +
                               date(contents.newest) +
                               ", and a clock that is ahead would destroy a key that may still "
                               "be kept. See that the date is right, and use `trent check --repair "
                               "--clock-is-right`.");
  }
  // What follows makes new revisions. With a clock that is ahead they would be the proof, next
  // time, that the deletion date is past.
  if (!repairs.kept.empty()) return repairs;
  remove_superseded(lock, account, contents, repairs);
  recover_keys(lock, account, contents, repairs);
  return repairs;
}

}  // namespace trent::kms
