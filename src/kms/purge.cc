// SPDX-License-Identifier: Apache-2.0
// `trent purge`: see purge.h.
#include "kms/purge.h"

#include <algorithm>
#include <chrono>

#include "base/encoding.h"
#include "base/utc.h"
#include "hsm/base_key_store.h"
#include "hsm/change_lock.h"
#include "kms/import.h"
#include "kms/key.h"
#include "kms/multi_region.h"
#include "process/fork.h"

namespace trent::kms {

namespace {

using catalog::AliasRecord;
using catalog::KeyRecord;

std::string date(catalog::Timestamp time) {
  return format_utc(std::chrono::system_clock::to_time_t(time), "%F");
}

std::string doubt_of_clock(std::string_view what, catalog::Timestamp time, std::string_view lost,
                           const Contents& contents) {
  return "By this computer's clock its " + std::string(what) + ", " + date(time) +
         ", is past; but nothing in the token was made or changed since " + date(contents.newest) +
         ", and a clock that is ahead would destroy a " + std::string(lost) +
         " that may still be kept. See that the date is right, and use `trent purge "
         "--clock-is-right`.";
}

PurgedKey describe(const std::string& label, const Contents& contents) {
  const KeyRecord& record = contents.expired.at(label).record;
  PurgedKey key{record.key_id, *record.deletion, contents.materials.count(label)};
  key.adopted = record.adopted.has_value();
  for (const AliasRecord& alias : contents.aliases)
    if (alias.target == record.key_id) key.aliases.push_back(alias.name);
  key.grants = static_cast<std::size_t>(
      std::ranges::count(contents.grants, record.key_id, &catalog::GrantRecord::key_id));
  return key;
}

// Whether the record is still the one that was looked at: another host may have taken the deletion
// back since, and then its object is another one.
bool is_unchanged(Account& account, const std::string& label, const hsm::DataObject& seen) {
  const auto object = hsm::read_data(account.token, seen.handle);
  return object && object->label == label && object->value == seen.value;
}

// What is done is an event of the audit log. `kept`: why another program kept it from being done.
void perform(Service& service, std::string_view event, const Account& account,
             const std::string& key_id, std::string& kept, const std::function<void()>& work) {
  try {
    service.perform(event, account, key_id, work);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Conflict) throw;
    kept = error.message();
  }
}

// The record goes last: as long as it is there, the deletion is known to be unfinished.
void destroy(const hsm::ChangeLock& lock, Account& account, const std::string& label,
             const Contents& contents, PurgedKey& key) {
  if (!is_unchanged(account, label, contents.expired.at(label).object))
    throw Error(ErrorCode::Conflict, "Another program changed its record meanwhile.");
  const auto [first, last] = contents.materials.equal_range(label);
  for (auto entry = first; entry != last; ++entry)
    hsm::destroy_key(account.token, entry->second.label, entry->second.id);
  for (const std::string& alias : key.aliases)
    account.catalog.delete_alias(lock, alias, [&](const AliasRecord* now) {
      return now != nullptr && now->target == key.key_id;
    });
  for (const catalog::GrantRecord& grant : contents.grants)
    if (grant.key_id == key.key_id)
      account.catalog.delete_grant(lock, grant.grant_id,
                                   [](const catalog::GrantRecord*) { return true; });
  const catalog::Deletion deletion = account.catalog.delete_key(
      lock, key.key_id, [](const KeyRecord* now) { return now != nullptr && is_deleted(*now); });
  if (deletion == catalog::Deletion::Declined)
    throw Error(ErrorCode::Conflict,
                "Another program changed its record while its material was destroyed: what it "
                "keeps cannot be used any more. Schedule its deletion again.");
  key.destroyed = true;
}

// By this computer's clock.
template <class F>
void for_each_expired(const Contents& contents, F f) {
  const auto now = catalog::now();
  for (const auto& [label, record] : contents.keys)
    for (const catalog::KeyMaterial& material : record.materials)
      if (material.is_kept() && material.has_expired(now)) f(label, record, material);
}

// Whether all that has expired by this computer's clock has done so by the token's as well.
bool is_clock_right(const Contents& contents) {
  bool right = std::ranges::all_of(contents.expired, [&](const auto& entry) {
    return is_past_by_token(*entry.second.record.deletion, contents);
  });
  for_each_expired(contents, [&](const auto&, const KeyRecord&, const auto& material) {
    right = right && is_past_by_token(*material.import->valid_to, contents);
  });
  return right;
}

// The change of a record that goes with it would be the proof, next time, that all other dates are
// past: so all of them have to be.
void purge_imported(Service& service, const hsm::ChangeLock& lock, Account& account,
                    const PurgeOptions& options, const Contents& contents, PurgeReport& report) {
  const bool may = options.clock_is_right || is_clock_right(contents);
  for_each_expired(contents, [&](const std::string& label, const KeyRecord& record,
                                 const catalog::KeyMaterial& material) {
    PurgedMaterial& purged = report.materials.emplace_back(
        PurgedMaterial{record.key_id, material.id, *material.import->valid_to});
    const bool is_doubtful = contents.doubtful.contains(label);
    if (is_doubtful)
      purged.kept = "Not every revision of its key's record can be read: see `trent check`.";
    else if (!may && is_past_by_token(purged.valid_to, contents))
      purged.kept =
          "Another date in the token is past by this computer's clock only: see that it is right, "
          "and use `trent purge --clock-is-right`.";
    else if (!may)
      purged.kept = doubt_of_clock("expiry date", purged.valid_to, "material", contents);
    else if (!options.dry_run)
      perform(service, "DeleteExpiredKeyMaterial", account, record.key_id, purged.kept, [&] {
        purged.destroyed = delete_material(
            lock, account, record.key_id, material.id,
            [](const catalog::KeyMaterial& at) { return at.has_expired(catalog::now()); });
        if (!purged.destroyed)
          throw Error(ErrorCode::Conflict, "Another program changed its key's record meanwhile.");
      });
  });
}

void purge_keys(Service& service, Account& account, const PurgeOptions& options,
                PurgeReport& report) {
  const hsm::ChangeLock lock(account.token);
  const Contents contents = look_into(account.token);
  for (const auto& [label, expired] : contents.expired) {
    PurgedKey& key = report.keys.emplace_back(describe(label, contents));
    if (contents.doubtful.contains(label))
      key.kept = "Not every revision of its record can be read: see `trent check`.";
    else if (!options.clock_is_right && !is_past_by_token(*expired.record.deletion, contents))
      key.kept = doubt_of_clock(expired.record, contents);
    else if (!options.dry_run)
      perform(service, "DeleteKey", account, key.key_id, key.kept,
              [&, &name = label] { destroy(lock, account, name, contents, key); });
  }
  purge_imported(service, lock, account, options, contents, report);
  if (!options.dry_run) remove_expired_parameters(lock, account);
}

// The replicas of a key may be in any token, so all are purged before.
void begin_deletions(Service& service, Account& account, bool dry_run, PurgeReport& report) {
  const auto is_waiting = [](const KeyRecord& record) {
    return record.state == KeyState::PendingReplicaDeletion;
  };
  const auto listing = account.catalog.list();
  for (const auto& listed : listing->keys) {
    if (!is_waiting(*listed)) continue;
    const LockedRegions regions(service.accounts(), account);
    const RelatedKeys related = regions.keys(account, listed->key_id);
    const Key& key = *related.in_region(account.region);
    if (!is_waiting(*key.record) || (related.is_primary(key) && !related.replicas().empty()))
      continue;
    BegunDeletion begun{listed->key_id};
    std::string kept;
    const auto begin = [&](KeyRecord& record) {
      if (!is_waiting(record)) return;
      begun.deletion = catalog::now() + std::chrono::hours(24) * *record.deletion_window;
      record.state = KeyState::PendingDeletion;
      record.deletion = begun.deletion;
      record.deletion_window.reset();
    };
    if (!dry_run)
      perform(service, "ScheduleKeyDeletion", account, begun.key_id, kept, [&] {
        account.catalog.change_key(regions.lock_of(account), begun.key_id, begin);
        if (!begun.deletion)
          throw Error(ErrorCode::Conflict, "Another program changed its record meanwhile.");
      });
    if (kept.empty())
      report.begun.push_back(std::move(begun));
    else
      report.problems.push_back("Key " + begun.key_id + ": its waiting period did not begin. " +
                                kept);
  }
}

}  // namespace

bool is_past_by_token(catalog::Timestamp time, const Contents& contents) {
  return time <= contents.newest + std::chrono::hours(24);
}

std::string doubt_of_clock(const KeyRecord& record, const Contents& contents) {
  return doubt_of_clock("deletion date", *record.deletion, "key", contents);
}

std::vector<PurgeReport> purge(Service& service, const PurgeOptions& options) {
  const process::ForkGuard fork;
  std::vector<PurgeReport> reports;
  for (const auto& account : service.accounts()) {
    PurgeReport& report = reports.emplace_back();
    report.arn_prefix = account->prefix;
    try {
      purge_keys(service, *account, options, report);
    } catch (const Error& error) {
      // The other tokens are purged all the same.
      if (service.accounts().size() == 1) throw;
      report.problems.emplace_back(error.what());
    }
  }
  auto report = reports.begin();
  for (const auto& account : service.accounts()) {
    try {
      begin_deletions(service, *account, options.dry_run, *report);
    } catch (const Error& error) {
      if (service.accounts().size() == 1) throw;
      report->problems.emplace_back(error.what());
    }
    ++report;
  }
  return reports;
}

}  // namespace trent::kms
