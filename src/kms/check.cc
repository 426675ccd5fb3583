// SPDX-License-Identifier: Apache-2.0
// `trent check`: see check.h.
#include "kms/check.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "base/encoding.h"
#include "base/error.h"
#include "base/user_name.h"
#include "config/exposure.h"
#include "hsm/change_lock.h"
#include "hsm/data_trial.h"
#include "hsm/enforced_key_store.h"
#include "hsm/giveaway.h"
#include "hsm/nshield.h"
#include "hsm/softhsm_files.h"
#include "kms/contents.h"
#include "kms/import.h"
#include "kms/key.h"
#include "kms/material.h"
#include "kms/repair.h"
#include "kms/replication.h"

namespace trent::kms {

namespace {

using catalog::KeyRecord;

// One material of a key: whether it is there, once, and fit for its use.
void check_material(const KeyRecord& record, const catalog::KeyMaterial& wanted,
                    const Contents& contents, TokenReport& report) {
  const blob::KeyMaterialId& id = wanted.id;
  const std::string label = catalog::key_label(record.key_id);
  const std::string key = "Key " + record.key_id + ": ";
  const std::string subject = key + "its material " + to_hex(id) + " ";
  std::size_t count = 0;
  std::size_t mac_keys = 0;  // of an enforced key
  auto [first, last] = contents.materials.equal_range(label);
  for (auto entry = first; entry != last; ++entry) {
    const hsm::KeyState& material = entry->second;
    if (material_id(material.id) != id) continue;
    const bool is_mac_key = record.enforced && material.type == CKK_GENERIC_SECRET;
    if (++(is_mac_key ? mac_keys : count) == 2)
      report.problems.push_back(subject + "is there more than once.");
    for (const std::string& fault : material.unfit)
      report.problems.push_back(subject + fault + ", so it is not used.");
    for (const std::string& fault : material.exposed)
      report.problems.push_back(subject + fault + ".");
    if (material.unfit.empty() && !material.proven)
      report.problems.push_back(key + "The object " + label +
                                " in the token is not the key that its id names. Somebody replaced "
                                "it; it is not used.");
    else if (!material.local && record.origin == catalog::KeyOrigin::AwsKms && !record.multi_region)
      report.problems.push_back(subject +
                                "was not made in this token (CKA_LOCAL is false), though the "
                                "key's origin is AWS_KMS: somebody may know its value.");
  }
  if ((count == 0 && !wanted.has_expired(catalog::now())) || (record.enforced && mac_keys == 0))
    report.problems.push_back(key + "The key material " + to_hex(id) + " (" + label +
                              ") is not in the token. Restore it from the backup of the HSM" +
                              (wanted.import ? ", or import it again." : "."));
}

// What the key was adopted from: whether it is there, and the same. How it may be used otherwise is
// the business of who made it.
void check_adopted(const KeyRecord& record, const Contents& contents, TokenReport& report) {
  const hsm::ObjectName name{record.adopted->label, record.adopted->id};
  const std::string subject = "Key " + record.key_id + ": The object " + name.text();
  const auto [first, last] = contents.adopted.equal_range(record.label());
  if (first == last)
    report.problems.push_back(subject +
                              ", from which it was adopted, is not in the token. Restore "
                              "it from the backup of the HSM.");
  else if (std::next(first) != last)
    report.problems.push_back(subject + " is in the token more than once.");
  for (auto entry = first; entry != last; ++entry) {
    const hsm::KeyState& object = entry->second;
    for (const std::string& fault : object.unfit)
      report.problems.push_back(subject + " " + fault + ", so it is not used.");
    for (const std::string& fault : object.exposed)
      report.warnings.push_back(subject + " " + fault + ".");
    if (object.unfit.empty() && !object.proven)
      report.problems.push_back(subject +
                                " in the token is not the key that was adopted. Somebody replaced "
                                "it; it is not used.");
  }
}

void report_remains(const Contents& contents, const Repairs& repairs, TokenReport& report) {
  for (const auto& [label, expired] : contents.expired) {
    report.problems.push_back("Key " + expired.record.key_id +
                              " is past its deletion date, and its " +
                              (expired.record.adopted ? "record" : "material") +
                              " is still in the token; `trent purge` destroys it.");
  }
  if (!repairs.not_done.empty()) report.problems.push_back(repairs.not_done);
  for (const hsm::DataObject& object : contents.superseded)
    report.problems.push_back("A superseded revision of the record " + object.label +
                              " was left over by an interrupted change; `trent check --repair` "
                              "removes it.");
  for (const hsm::KeyState* material : contents.recordless())
    report.problems.push_back("The key material " + to_hex(material->id) + " (" + material->label +
                              ") has no key record, as after an interrupted CreateKey or a "
                              "restore that was not whole. Restore the record, or let `trent "
                              "check --repair` make it a disabled key, if it proves to be one.");
  for (const hsm::KeyState* material : contents.unfinished())
    report.problems.push_back("The key material " + to_hex(material->id) + " (" + material->label +
                              ") was made by a rotation or an import that was interrupted, and "
                              "never used; `trent check --repair` removes it.");
  for (const hsm::KeyState* material : contents.deleted())
    report.problems.push_back("The key material " + to_hex(material->id) + " (" + material->label +
                              ") was deleted (DeleteImportedKeyMaterial), which was interrupted; "
                              "`trent check --repair` removes it.");
  for (const hsm::KeyState* material : contents.unnamed())
    report.problems.push_back("The key material " + to_hex(material->id) + " (" + material->label +
                              ") is not named by its key's record. It is kept: if the record is "
                              "an old one, restore the last.");
}

// What could open the ciphertexts of enforced keys, but for these themselves.
void check_trust(hsm::Token& token, TokenReport& report) {
  if (const std::size_t left = hsm::count_left_enforced_keys(token); left > 0)
    report.problems.push_back(
        "A `trent create-key --enforce-in-token` that was interrupted has "
        "left " +
        std::to_string(left) +
        " trusted key(s), which anybody can use; `trent check --repair` "
        "removes them.");
  if (report.enforced.empty()) return;
  if (const std::size_t others = hsm::count_other_trusted_keys(token); others > 0)
    report.problems.push_back(
        "The token has " + std::to_string(others) +
        " other trusted key(s) (CKA_TRUSTED): whoever has the PIN may be able to take with them "
        "what is under the enforced keys. Let the security officer destroy them, or move the "
        "ciphertexts away.");
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

// Keys that SoftHSM leaves out without a word, since another user has made them.
void check_closed_objects(TokenReport& report) {
  const auto closed = hsm::softhsm_closed_objects(report.serial);
  if (closed.empty()) return;
  constexpr std::size_t kNamed = 5;
  std::string names;
  for (std::size_t i = 0; i < std::min(closed.size(), kNamed); ++i)
    names += (i == 0 ? "" : ", ") + closed[i].filename().string();
  if (closed.size() > kNamed) names += " and " + std::to_string(closed.size() - kNamed) + " more";
  const std::string directory = closed.front().parent_path().string();
  report.problems.push_back("This user, " + user_name(geteuid()) + ", may not read " + names +
                            " in " + directory +
                            ", so what is in there is missing: as root, chown "
                            "--reference=" +
                            directory + " " + directory + "/*");
}

// Who has the PIN may use every key, but should not be able to take one with him.
void warn_of_giveaways(hsm::Token& token, const Contents& contents, TokenReport& report) {
  const hsm::Giveaways giveaways = hsm::try_giveaways(token);
  const auto list = [](const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
  };
  if (!giveaways.restricted.empty()) {
    report.warnings.push_back(
        "Whoever has the PIN may be able to read the value of key material in this token, by " +
        list(giveaways.restricted) +
        ": it was not shown that CKA_ALLOWED_MECHANISMS keeps a key from it.");
    return;
  }
  if (giveaways.unrestricted.empty()) return;
  std::size_t count = 0;
  for (const auto& [label, material] : contents.materials)
    if (!material.restricted) ++count;
  if (count > 0)
    report.warnings.push_back(
        "Whoever has the PIN may be able to read the value of " + std::to_string(count) +
        " key materials in this token, by " + list(giveaways.unrestricted) +
        ": they were made without CKA_ALLOWED_MECHANISMS. Re-encrypt what is under these keys to "
        "new ones.");
}

Key key_of(Account& account, const KeyRecord& record) {
  return {&account, std::make_shared<const KeyRecord>(record)};
}

// Whether a multi-Region key has what its primary key has, and the other way round. Each material
// has proven itself by its id, so related keys that name the same ones are the same.
void check_related(const Accounts& accounts, const Key& key, TokenReport& report) {
  const RelatedKeys related = related_keys(accounts, key);
  const std::string subject = "Key " + key.record->key_id + ": ";
  if (related.in_region(related.primary_region()) == nullptr)
    report.warnings.push_back(
        subject + "its primary key, in region " + related.primary_region() +
        ", is not in a token that the configuration names and that can be reached: whether this "
        "replica has all its material was not seen.");
  else if (!related.is_primary(key) && is_behind(related, key))
    report.problems.push_back(subject + "it does not follow its primary key in region " +
                              related.primary_region() +
                              ", as after an interrupted rotation or UpdatePrimaryRegion; `trent "
                              "check --repair` brings it up to date.");
  if (!related.is_primary(key)) return;
  for (const Key& replica : related.replicas())
    for (const catalog::KeyMaterial& material : replica.record->materials)
      if (!key.record->has_material(material.id))
        report.warnings.push_back(subject + "its replica in region " + replica.account->region +
                                  " has the key material " + to_hex(material.id) +
                                  " besides, as after an interrupted rotation. If the record here "
                                  "is an old one, restore the last.");
}

// Replicas that were left behind. True if there were some.
bool bring_up(Service& service, Account& account, const Contents& contents, Repairs& repairs) {
  const Accounts& accounts = service.accounts();
  bool done = false;
  for (const auto& [label, record] : contents.keys) {
    if (!record.multi_region) continue;
    const Key seen = key_of(account, record);
    const RelatedKeys related = related_keys(accounts, seen);
    if (related.is_primary(seen) || !is_behind(related, seen)) continue;
    const LockedRegions regions(accounts, account);
    const RelatedKeys now = regions.keys(account, record.key_id);
    if (!synchronize(service, regions, now, *now.in_region(account.region))) continue;
    repairs.done.push_back("Key " + record.key_id +
                           " was brought up to date with its primary key in region " +
                           now.primary_region() + ".");
    done = true;
  }
  return done;
}

// What lets them go to another token lets them go to whoever has the PIN.
void warn_of_extractable(const Contents& contents, TokenReport& report) {
  std::size_t count = 0;
  for (const auto& [label, record] : contents.keys)
    if (record.multi_region && record.origin == KeyOrigin::AwsKms) ++count;
  if (count > 0)
    report.warnings.push_back("Whoever has the PIN can take the value of " + std::to_string(count) +
                              " multi-Region keys out of this token, wrapped under a key of their "
                              "own: see docs/security.md.");
}

TokenReport check_account(Service& service, Account& account, const CheckOptions& options) {
  hsm::Token& token = account.token;
  TokenReport report;
  report.arn_prefix = account.prefix;
  report.token = hsm::describe_token(token);
  report.abilities = hsm::try_abilities(token);
  report_abilities(report);
  warn_of_exposed_files(account.token.config().pin_source, report);
  if (std::string advice = hsm::nshield_advice(token.config().module); !advice.empty())
    report.warnings.push_back(std::move(advice));

  Repairs repairs;
  Contents contents = look_twice(token);
  report.serial = hsm::serial_number(token);
  check_closed_objects(report);
  // Before the repair, for what that removes did not go by itself.
  RememberedRecords before;
  if (auto known = options.memory.find(report.serial); known != options.memory.end())
    before = known->second;
  report.went_back = what_went_back(before, contents.revisions, contents.doubtful);
  if (const Remains remains(contents); options.repair && !remains.empty()) {
    repairs = repair(service, account, remains);
    contents = look_twice(token);
  }

  if (options.repair) name_staged(account, contents);
  if (options.repair && bring_up(service, account, contents, repairs)) contents = look_twice(token);
  if (options.repair)
    if (const std::size_t left = hsm::remove_left_trials(token); left > 0)
      repairs.done.push_back(
          "What trials that were interrupted had left, data objects named "
          "trent/trial, was removed: " +
          std::to_string(left) + ".");
  if (options.repair) {
    const hsm::ChangeLock lock(token);
    if (const std::size_t removed = remove_expired_parameters(lock, account); removed > 0)
      repairs.done.push_back(
          "Wrapping keys of GetParametersForImport that had expired were "
          "removed: " +
          std::to_string(removed) + ".");
  }

  if (options.repair && hsm::count_left_enforced_keys(token) > 0) {
    const hsm::ChangeLock lock(token);
    lock.look();
    repairs.done.push_back("Trusted keys that an interrupted create-key had left were removed: " +
                           std::to_string(hsm::remove_left_enforced_keys(lock, token)) + ".");
  }

  warn_of_giveaways(token, contents, report);
  warn_of_extractable(contents, report);
  report.records = contents.revisions;
  // A record that is damaged stays remembered as it was.
  for (const std::string& label : contents.doubtful)
    if (auto known = before.find(label); known != before.end())
      report.records.insert_or_assign(label, known->second);
  report.keys = contents.keys.size();
  report.aliases = contents.aliases.size();
  report.grants = contents.grants.size();
  report.problems.insert(report.problems.end(), contents.damaged.begin(), contents.damaged.end());
  report.repaired = std::move(repairs.done);
  for (const auto& [label, record] : contents.keys) {
    if (record.enforced) report.enforced.push_back(record.key_id);
    for (const catalog::KeyMaterial& material : record.materials) {
      if (!material.is_kept()) continue;
      ++report.materials;
      if (!record.adopted) check_material(record, material, contents, report);
    }
    if (record.adopted) check_adopted(record, contents, report);
    if (record.multi_region) check_related(service.accounts(), key_of(account, record), report);
  }
  for (const catalog::AliasRecord& alias : contents.aliases) {
    std::string label = catalog::key_label(alias.target);
    if (!contents.keys.contains(label) && !contents.expired.contains(label))
      report.problems.push_back(alias.name + " names the key " + alias.target +
                                ", which does not exist.");
  }
  for (const catalog::GrantRecord& grant : contents.grants) {
    const std::string label = catalog::key_label(grant.key_id);
    if (!contents.keys.contains(label) && !contents.expired.contains(label))
      report.problems.push_back("The grant " + grant.grant_id + " is of the key " + grant.key_id +
                                ", which does not exist.");
  }
  report_remains(contents, repairs, report);
  check_trust(token, report);
  return report;
}

}  // namespace

std::vector<TokenReport> check(Service& service, const CheckOptions& options) {
  process::ForkGuard fork;
  std::vector<TokenReport> reports;
  for (const auto& account : service.accounts()) {
    try {
      std::vector<std::string> restored;
      if (options.repair)
        for (const hsm::RestoredToken& token : account->token.restore_files())
          restored.push_back("SoftHSM's " + token.file.string() +
                             " was damaged; it was restored from the copy of " + token.copied +
                             ".");
      TokenReport& report = reports.emplace_back(check_account(service, *account, options));
      report.repaired.insert(report.repaired.begin(), restored.begin(), restored.end());
    } catch (const Error& error) {
      // The other tokens are checked all the same.
      if (service.accounts().size() == 1) throw;
      TokenReport& report = reports.emplace_back();
      report.arn_prefix = account->prefix;
      report.token = "not checked";
      report.problems.emplace_back(error.what());
    }
  }
  const std::string& file = service.config().source;
  if (auto exposed = exposure(file))
    reports.front().warnings.push_back("The configuration " + file + " " + *exposed);
  return reports;
}

}  // namespace trent::kms
