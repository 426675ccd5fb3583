// `trent check`: see check.h.
#include "kms/check.h"

#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "base/encoding.h"
#include "base/error.h"
#include "catalog/store.h"
#include "config/exposure.h"
#include "kms/contents.h"
#include "kms/implementation.h"

namespace trent::kms {

namespace {

using catalog::KeyRecord;

// What looks like the remains of an interrupted change may be one that another process is in the
// middle of. What is still there a while later is not.
class Remains {
 public:
  explicit Remains(const Contents& contents) {
    for (const hsm::DataObject& object : contents.superseded) seen_.insert(object.value);
    for (const hsm::BaseKeyState* material : contents.recordless())
      seen_.insert(to_hex(material->id));
  }
  // Takes everything else out of what a later look found.
  void keep_only(Contents& later) const {
    std::erase_if(later.superseded,
                  [&](const hsm::DataObject& object) { return !seen_.contains(object.value); });
    std::set<const hsm::BaseKeyState*> made_meanwhile;
    for (const hsm::BaseKeyState* material : later.recordless())
      if (!seen_.contains(to_hex(material->id))) made_meanwhile.insert(material);
    std::erase_if(later.materials,
                  [&](const auto& entry) { return made_meanwhile.contains(&entry.second); });
  }
  bool empty() const { return seen_.empty(); }

 private:
  std::set<std::string> seen_;
};

// One material of a key: whether it is there, once, and fit for its use.
void check_material(const KeyRecord& record, const blob::KeyMaterialId& id,
                    const Contents& contents, TokenReport& report) {
  const std::string label = catalog::key_label(record.key_id);
  const std::string key = "Key " + record.key_id + ": ";
  const std::string subject = key + "its material " + to_hex(id) + " ";
  std::size_t count = 0;
  auto [first, last] = contents.materials.equal_range(label);
  for (auto entry = first; entry != last; ++entry) {
    const hsm::BaseKeyState& material = entry->second;
    if (material_id(material) != id) continue;
    if (++count == 2) report.problems.push_back(subject + "is there more than once.");
    for (const std::string& fault : material.unfit)
      report.problems.push_back(subject + fault + ", so it is not used.");
    for (const std::string& fault : material.exposed)
      report.problems.push_back(subject + fault + ".");
    if (material.unfit.empty() && !material.proven)
      report.problems.push_back(key + "The object " + label +
                                " in the token is not the key that its id names. Somebody replaced "
                                "it; it is not used.");
    else if (!material.local && record.origin == "AWS_KMS")
      report.problems.push_back(subject +
                                "was not made in this token (CKA_LOCAL is false), though the "
                                "key's origin is AWS_KMS: somebody may know its value.");
  }
  if (count == 0)
    report.problems.push_back(key + "The key material " + to_hex(id) + " (" + label +
                              ") is not in the token. Restore it from the backup of the HSM.");
}

// A record for materials that have none, as after a crash in CreateKey, or a backup of the HSM that
// was restored in part. Nothing of a key is destroyed on a suspicion; the key is made disabled.
void recover_key(const hsm::ChangeLock& lock, Account& account, const std::string& label,
                 const std::vector<const hsm::BaseKeyState*>& materials, TokenReport& report) {
  KeyRecord record;
  record.key_id = catalog::key_id_of_label(label).value();
  record.created = catalog::now();
  record.description = "Recovered by trent check: its record was missing.";
  record.state = "Disabled";
  for (const hsm::BaseKeyState* material : materials) {
    auto id = material_id(*material);
    if (!id || !material->proven) return;  // no key of ours; it is reported
    record.materials.push_back({*id, record.created});
    record.current = *id;
  }
  if (!account.catalog.create_key(lock, record)) return;  // it came back
  report.repaired.push_back("Key " + record.key_id + " had no record and is a disabled key again.");
}

void repair_remains(Account& account, const Remains& remains, TokenReport& report) {
  const hsm::ChangeLock lock(account.token);
  // Under the lock, nobody of this host is in the middle of anything.
  Contents contents = look_into(account.token);
  remains.keep_only(contents);
  for (const hsm::DataObject& object : contents.superseded) {
    hsm::destroy_data(account.token, catalog::kApplication, object);
    report.repaired.push_back("A superseded revision of the record " + object.label +
                              " was removed.");
  }
  std::map<std::string, std::vector<const hsm::BaseKeyState*>> lost;
  for (const hsm::BaseKeyState* material : contents.recordless())
    lost[material->label].push_back(material);
  for (const auto& [label, materials] : lost) recover_key(lock, account, label, materials, report);
}

// The record goes last: as long as it is there, the deletion is known to be unfinished.
void destroy_expired(Account& account, const Contents& contents, const std::string& label,
                     const std::string& key_id, TokenReport& report) {
  const hsm::ChangeLock lock(account.token);
  auto [first, last] = contents.materials.equal_range(label);
  for (auto entry = first; entry != last; ++entry)
    hsm::destroy_base_key(account.token, label, entry->second.id);
  for (const catalog::AliasRecord& alias : contents.aliases)
    if (alias.target == key_id)
      account.catalog.delete_alias(lock, alias.name, [&](const catalog::AliasRecord* now) {
        return now != nullptr && now->target == key_id;
      });
  account.catalog.delete_key(
      lock, key_id, [](const KeyRecord* now) { return now != nullptr && is_deleted(*now); });
  report.repaired.push_back("Key " + key_id +
                            ", whose deletion date is past, was destroyed with its material and "
                            "its aliases.");
}

void report_remains(const Contents& contents, TokenReport& report) {
  for (const auto& [label, record] : contents.expired)
    report.problems.push_back("Key " + record.key_id +
                              " is past its deletion date, and its material is still in the "
                              "token; `trent check --repair` destroys it.");
  for (const hsm::DataObject& object : contents.superseded)
    report.problems.push_back("A superseded revision of the record " + object.label +
                              " was left over by an interrupted change; `trent check --repair` "
                              "removes it.");
  for (const hsm::BaseKeyState* material : contents.recordless())
    report.problems.push_back("The key material " + to_hex(material->id) + " (" + material->label +
                              ") has no key record, as after an interrupted CreateKey or a "
                              "restore that was not whole. Restore the record, or let `trent "
                              "check --repair` make it a disabled key, if it proves to be one.");
  for (const hsm::BaseKeyState* material : contents.unnamed())
    report.problems.push_back("The key material " + to_hex(material->id) + " (" + material->label +
                              ") is not named by its key's record. It is kept: if the record is "
                              "an old one, restore the last.");
}

void report_abilities(TokenReport& report) {
  if (!report.abilities.re_encrypt)
    report.problems.emplace_back(
        "ReEncrypt does not work inside this token; the lines with \"no\" say why.");
  if (!report.abilities.keeps_keys && !report.abilities.may_pass)
    report.problems.emplace_back(
        "Keys cannot be kept in this token; the lines with \"no\" say why.");
}

void warn_of_exposed_files(const std::string& pin_source, TokenReport& report) {
  if (!pin_source.starts_with("file:")) return;
  if (auto exposed = exposure(pin_source.substr(5)))
    report.warnings.push_back("The PIN file " + pin_source.substr(5) + " " + *exposed);
}

TokenReport check_account(Account& account, bool repair) {
  hsm::Token& token = account.token;
  TokenReport report;
  report.arn_prefix = account.prefix;
  report.token = hsm::describe_token(token);
  report.abilities = hsm::try_abilities(token);
  report_abilities(report);
  warn_of_exposed_files(account.token.config().pin_source, report);

  Contents contents = look_into(token);
  const Remains remains(contents);
  if (!remains.empty()) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    contents = look_into(token);
    remains.keep_only(contents);
  }
  if (repair) {
    repair_remains(account, Remains(contents), report);
    for (const auto& [label, record] : contents.expired)
      destroy_expired(account, contents, label, record.key_id, report);
    contents = look_into(token);
    remains.keep_only(contents);
  }

  report.keys = contents.keys.size();
  report.aliases = contents.aliases.size();
  report.problems.insert(report.problems.end(), contents.damaged.begin(), contents.damaged.end());
  for (const auto& [label, record] : contents.keys) {
    report.materials += record.materials.size();
    for (const catalog::KeyMaterial& material : record.materials)
      check_material(record, material.id, contents, report);
  }
  for (const catalog::AliasRecord& alias : contents.aliases) {
    std::string label = catalog::key_label(alias.target);
    if (!contents.keys.contains(label) && !contents.expired.contains(label))
      report.problems.push_back(alias.name + " names the key " + alias.target +
                                ", which does not exist.");
  }
  report_remains(contents, report);
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
  const std::string& file = service.implementation().config.source;
  if (auto exposed = exposure(file))
    reports.front().warnings.push_back("The configuration " + file + " " + *exposed);
  return reports;
}

}  // namespace trent::kms
