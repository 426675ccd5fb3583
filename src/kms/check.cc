#include "kms/check.h"

#include <algorithm>
#include <chrono>
#include <map>
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

struct Inventory {
  std::map<std::string, KeyRecord> keys;  // by label
  std::vector<AliasRecord> aliases;
  std::vector<hsm::DataObject> superseded;          // revisions that a later one has replaced
  std::vector<std::string> damaged;                 // sentences
  std::vector<hsm::BaseKeyName> unnamed_materials;  // of no key record
};

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
        inventory.keys.emplace(label, std::move(record));
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
    if (!catalog::key_id_of_label(name.label)) continue;
    auto record = inventory.keys.find(name.label);
    if (doubtful.contains(name.label)) continue;
    blob::KeyMaterialId id{};
    bool named = record != inventory.keys.end() && name.id.size() == id.size();
    if (named) {
      std::copy(name.id.begin(), name.id.end(), id.begin());
      named = record->second.has_material(id);
    }
    if (!named) inventory.unnamed_materials.push_back(std::move(name));
  }
  return inventory;
}

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

TokenReport check_account(Account& account, bool repair) {
  hsm::Token& token = account.token;
  TokenReport report;
  report.arn_prefix = account.prefix;
  report.token = hsm::describe_token(token);
  report.profile = hsm::profile_of(token).describe();
  report.profile.emplace_back("longest secret (bytes)", std::to_string(hsm::longest_secret(token)));

  Inventory inventory = take_inventory(token);
  if (!inventory.superseded.empty() || !inventory.unnamed_materials.empty()) {
    // A change that another process is in the middle of looks like one that a crash interrupted:
    // what is still there a while later is left over.
    std::this_thread::sleep_for(std::chrono::seconds(2));
    std::set<std::string> before;
    for (const hsm::DataObject& object : inventory.superseded) before.insert(object.value);
    for (const hsm::BaseKeyName& name : inventory.unnamed_materials) before.insert(to_hex(name.id));
    inventory = take_inventory(token);
    std::erase_if(inventory.superseded,
                  [&](const hsm::DataObject& object) { return !before.contains(object.value); });
    std::erase_if(inventory.unnamed_materials,
                  [&](const hsm::BaseKeyName& name) { return !before.contains(to_hex(name.id)); });
  }

  report.keys = inventory.keys.size();
  report.aliases = inventory.aliases.size();
  report.problems = inventory.damaged;
  for (const auto& [label, record] : inventory.keys) check_materials(token, record, report);
  for (const AliasRecord& alias : inventory.aliases)
    if (!inventory.keys.contains(catalog::key_label(alias.target)))
      report.problems.push_back(alias.name + " names the key " + alias.target +
                                ", which does not exist.");

  auto left_over = [&](const std::string& what, auto remove) {
    if (!repair) {
      report.problems.push_back(what +
                                " was left over by an interrupted change; `trent check "
                                "--repair` removes it.");
      return;
    }
    const hsm::ChangeLock lock(token);
    remove();
    report.repaired.push_back(what + " was removed.");
  };
  for (const hsm::DataObject& object : inventory.superseded)
    left_over("A superseded revision of the record " + object.label,
              [&] { hsm::destroy_data(token, catalog::kApplication, object); });
  for (const hsm::BaseKeyName& name : inventory.unnamed_materials)
    left_over("The key material " + to_hex(name.id) + " (" + name.label + "), of no key record,",
              [&] { hsm::destroy_base_key(token, name.label, name.id); });
  return report;
}

}  // namespace

std::vector<TokenReport> check(Service& service, bool repair) {
  hsm::ForkGuard fork;
  std::vector<TokenReport> reports;
  for (const auto& account : service.implementation().accounts)
    reports.push_back(check_account(*account, repair));
  return reports;
}

}  // namespace trent::kms
