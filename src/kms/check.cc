#include "kms/check.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

#include "base/encoding.h"
#include "base/error.h"
#include "catalog/store.h"
#include "kms/implementation.h"

namespace trent::kms {

namespace {

using catalog::AliasRecord;
using catalog::KeyRecord;
using catalog::Revision;

// What is in the token, sorted by what is to be thought of it.
struct Inventory {
  std::map<std::string, KeyRecord> keys;     // by label
  std::map<std::string, KeyRecord> expired;  // whose deletion date is past
  std::vector<AliasRecord> aliases;
  std::vector<hsm::DataObject> superseded;          // revisions that a later one has replaced
  std::vector<std::string> damaged;                 // sentences
  std::vector<hsm::BaseKeyName> recordless;         // materials of a key that has no record
  std::vector<hsm::BaseKeyName> unnamed_materials;  // of a key whose record does not name them
};

std::optional<blob::KeyMaterialId> material_id(const hsm::BaseKeyName& name) {
  blob::KeyMaterialId id{};
  if (name.id.size() != id.size()) return std::nullopt;
  std::copy(name.id.begin(), name.id.end(), id.begin());
  return id;
}

Inventory take_inventory(hsm::Token& token) {
  Inventory inventory;
  std::map<std::string, std::pair<Revision, hsm::DataObject>> highest;
  // Labels of records of which not every revision is clear: whatever belongs to them is what it
  // takes to mend them, and never left over.
  std::set<std::string> doubtful;
  for (hsm::DataObject& object : hsm::list_data(token, catalog::kApplication)) {
    Revision revision;
    try {
      revision = catalog::parse_revision(object.value);
    } catch (const std::runtime_error& error) {
      inventory.damaged.push_back("The record " + object.label + " is damaged: " + error.what());
      doubtful.insert(object.label);
      continue;
    }
    auto [known, is_new] = highest.try_emplace(object.label, revision, object);
    if (is_new) continue;
    if (known->second.first.number < revision.number) {
      inventory.superseded.push_back(std::move(known->second.second));
      known->second = {revision, std::move(object)};
    } else if (known->second.first.number > revision.number) {
      inventory.superseded.push_back(std::move(object));
    } else {
      inventory.damaged.push_back("The record " + object.label + " has two revisions " +
                                  std::to_string(revision.number) +
                                  ": two changes were interrupted at once.");
      doubtful.insert(object.label);
      // The one that every reader takes.
      if (revision.nonce < known->second.first.nonce) known->second = {revision, std::move(object)};
    }
  }
  for (auto& [label, version] : highest) {
    try {
      if (auto key_id = catalog::key_id_of_label(label)) {
        KeyRecord record = catalog::parse_key_record(version.second.value);
        if (record.key_id != *key_id)
          throw std::runtime_error("it says that it is key " + record.key_id);
        (is_deleted(record) ? inventory.expired : inventory.keys).emplace(label, std::move(record));
      } else if (catalog::is_alias_label(label)) {
        AliasRecord record = catalog::parse_alias_record(version.second.value);
        if (catalog::alias_label(record.name) != label)
          throw std::runtime_error("it says that it is " + record.name);
        inventory.aliases.push_back(std::move(record));
      }
    } catch (const std::runtime_error& error) {
      inventory.damaged.push_back("The record " + label + " is damaged: " + error.what());
      doubtful.insert(label);
    }
  }
  std::erase_if(inventory.superseded,
                [&](const hsm::DataObject& object) { return doubtful.contains(object.label); });
  for (hsm::BaseKeyName& name : hsm::list_base_keys(token)) {
    if (!catalog::key_id_of_label(name.label) || doubtful.contains(name.label) ||
        inventory.expired.contains(name.label))
      continue;
    auto record = inventory.keys.find(name.label);
    if (record == inventory.keys.end())
      inventory.recordless.push_back(std::move(name));
    else if (auto id = material_id(name); !id || !record->second.has_material(*id))
      inventory.unnamed_materials.push_back(std::move(name));
  }
  return inventory;
}

// What looks like the remains of an interrupted change may be one that another process is in the
// middle of. What is still there a while later is not.
class Remains {
 public:
  explicit Remains(const Inventory& inventory) {
    for (const hsm::DataObject& object : inventory.superseded) seen_.insert(object.value);
    for (const hsm::BaseKeyName& name : inventory.recordless) seen_.insert(to_hex(name.id));
  }
  // Takes everything else out of a later inventory.
  void keep_only(Inventory& later) const {
    std::erase_if(later.superseded,
                  [&](const hsm::DataObject& object) { return !seen_.contains(object.value); });
    std::erase_if(later.recordless,
                  [&](const hsm::BaseKeyName& name) { return !seen_.contains(to_hex(name.id)); });
  }
  bool empty() const { return seen_.empty(); }

 private:
  std::set<std::string> seen_;
};

void check_materials(hsm::Token& token, const KeyRecord& record, TokenReport& report) {
  for (const catalog::KeyMaterial& material : record.materials) {
    ++report.materials;
    try {
      for (const std::string& fault :
           hsm::base_key_faults(token, catalog::key_label(record.key_id), material.id))
        report.problems.push_back("Key " + record.key_id + ": its material " + to_hex(material.id) +
                                  " " + fault + ".");
      hsm::prove_base_key(token, base_key_ref(record, material.id));
    } catch (const Error& error) {
      // A token that fails says nothing of the key.
      if (error.ck_rv() != 0) throw;
      report.problems.push_back("Key " + record.key_id + ": " + error.text());
    }
  }
}

// A record for materials that have none, as after a crash in CreateKey, or a backup of the HSM that
// was restored in part. Nothing of a key is destroyed on a suspicion; the key is made disabled.
void recover_key(const hsm::ChangeLock& lock, Account& account, const std::string& label,
                 const std::vector<blob::KeyMaterialId>& ids, TokenReport& report) {
  KeyRecord record;
  record.key_id = catalog::key_id_of_label(label).value();
  record.created = catalog::now();
  record.description = "Recovered by trent check: its record was missing.";
  record.state = "Disabled";
  try {
    for (const blob::KeyMaterialId& id : ids) {
      hsm::prove_base_key(account.token, base_key_ref(record, id));
      record.materials.push_back({id, record.created});
      record.current = id;
    }
  } catch (const Error& error) {
    if (error.ck_rv() != 0) throw;
    return;  // no key of ours; it is reported
  }
  if (!account.catalog.create_key(lock, record)) return;  // it came back
  report.repaired.push_back("Key " + record.key_id + " had no record and is a disabled key again.");
}

void repair_remains(Account& account, const Remains& remains, TokenReport& report) {
  const hsm::ChangeLock lock(account.token);
  // Under the lock, nobody of this host is in the middle of anything.
  Inventory inventory = take_inventory(account.token);
  remains.keep_only(inventory);
  for (const hsm::DataObject& object : inventory.superseded) {
    hsm::destroy_data(account.token, catalog::kApplication, object);
    report.repaired.push_back("A superseded revision of the record " + object.label +
                              " was removed.");
  }
  std::map<std::string, std::vector<blob::KeyMaterialId>> lost;
  for (const hsm::BaseKeyName& name : inventory.recordless)
    if (auto id = material_id(name)) lost[name.label].push_back(*id);
  for (const auto& [label, ids] : lost) recover_key(lock, account, label, ids, report);
}

// The record goes last: as long as it is there, the deletion is known to be unfinished.
void destroy_expired(Account& account, const Inventory& inventory, const std::string& label,
                     const std::string& key_id, TokenReport& report) {
  const hsm::ChangeLock lock(account.token);
  for (const hsm::BaseKeyName& name : hsm::list_base_keys(account.token))
    if (name.label == label) hsm::destroy_base_key(account.token, label, name.id);
  for (const AliasRecord& alias : inventory.aliases)
    if (alias.target == key_id)
      account.catalog.delete_alias(lock, alias.name, [&](const AliasRecord* now) {
        return now != nullptr && now->target == key_id;
      });
  account.catalog.delete_key(
      lock, key_id, [](const KeyRecord* now) { return now != nullptr && is_deleted(*now); });
  report.repaired.push_back("Key " + key_id +
                            ", whose deletion date is past, was destroyed with its material and "
                            "its aliases.");
}

void report_remains(const Inventory& inventory, TokenReport& report) {
  for (const auto& [label, record] : inventory.expired)
    report.problems.push_back("Key " + record.key_id +
                              " is past its deletion date, and its material is still in the "
                              "token; `trent check --repair` destroys it.");
  for (const hsm::DataObject& object : inventory.superseded)
    report.problems.push_back("A superseded revision of the record " + object.label +
                              " was left over by an interrupted change; `trent check --repair` "
                              "removes it.");
  for (const hsm::BaseKeyName& name : inventory.recordless)
    report.problems.push_back("The key material " + to_hex(name.id) + " (" + name.label +
                              ") has no key record, as after an interrupted CreateKey or a "
                              "restore that was not whole. Restore the record, or let `trent "
                              "check --repair` make it a disabled key, if it proves to be one.");
  for (const hsm::BaseKeyName& name : inventory.unnamed_materials)
    report.problems.push_back("The key material " + to_hex(name.id) + " (" + name.label +
                              ") is not named by its key's record. It is kept: if the record is "
                              "an old one, restore the last.");
}

TokenReport check_account(Account& account, bool repair) {
  hsm::Token& token = account.token;
  TokenReport report;
  report.arn_prefix = account.prefix;
  report.token = hsm::describe_token(token);
  report.profile = hsm::profile_of(token).describe();
  for (auto& ability : hsm::abilities_of(token)) report.profile.push_back(std::move(ability));
  report.profile.emplace_back("longest secret (bytes)", std::to_string(hsm::longest_secret(token)));

  Inventory inventory = take_inventory(token);
  const Remains remains(inventory);
  if (!remains.empty()) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    inventory = take_inventory(token);
    remains.keep_only(inventory);
  }
  if (repair) {
    repair_remains(account, Remains(inventory), report);
    for (const auto& [label, record] : inventory.expired)
      destroy_expired(account, inventory, label, record.key_id, report);
    inventory = take_inventory(token);
    remains.keep_only(inventory);
  }

  report.keys = inventory.keys.size();
  report.aliases = inventory.aliases.size();
  report.problems = inventory.damaged;
  for (const auto& [label, record] : inventory.keys) check_materials(token, record, report);
  for (const AliasRecord& alias : inventory.aliases) {
    std::string label = catalog::key_label(alias.target);
    if (!inventory.keys.contains(label) && !inventory.expired.contains(label))
      report.problems.push_back(alias.name + " names the key " + alias.target +
                                ", which does not exist.");
  }
  report_remains(inventory, report);
  return report;
}

}  // namespace

std::vector<TokenReport> check(Service& service, bool repair) {
  hsm::ForkGuard fork;
  std::vector<TokenReport> reports;
  for (const auto& account : service.implementation().accounts) {
    try {
      reports.push_back(check_account(*account, repair));
    } catch (const Error& error) {
      // The other tokens are checked all the same.
      if (service.implementation().accounts.size() == 1) throw;
      TokenReport& report = reports.emplace_back();
      report.arn_prefix = account->prefix;
      report.token = "not checked";
      report.problems.emplace_back(error.what());
    }
  }
  return reports;
}

}  // namespace trent::kms
