// SPDX-License-Identifier: Apache-2.0
// trent purge
#include "kms/purge.h"

#include <chrono>
#include <memory>

#include "base/encoding.h"
#include "base/utc.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/verb.h"

namespace trent::cli {

namespace {

constexpr const char* kHelp = R"(
Destroys the keys whose waiting period is over (see trent schedule-key-deletion): their
material, their aliases, their grants, their records. What was encrypted with them can
never be read again. Of a key that was adopted, the object that it was adopted from stays.
Imported key material that has expired is destroyed, too, until it is imported again. But
for trent delete-imported-key-material, no other command destroys key material.

The waiting period of a primary multi-Region key begins when all its replicas are gone, with
the purge that finds it so.

As there is no way back, a key is destroyed only if something in the token was made or
changed since, or a day before, its deletion date. In a token where nothing happens, look
at the clock yourself, and say --clock-is-right.

A purge that was killed has destroyed nothing else; the next one goes on. conf/ has a
systemd timer that runs it every day.

Exit codes: 0 done, 1 something was not destroyed, and the output says why.

Examples:
  trent purge --dry-run
  trent purge
)";

std::string date(catalog::Timestamp time) {
  return format_utc(std::chrono::system_clock::to_time_t(time), "%FT%TZ");
}

kms::Json to_json(const kms::PurgedKey& key, const std::string& arn_prefix) {
  kms::Json json = kms::Json::object();
  json["KeyId"] = key.key_id;
  json["Arn"] = arn_prefix + "key/" + key.key_id;
  json["DeletionDate"] = date(key.deletion);
  json["KeyMaterials"] = key.materials;
  json["Aliases"] = key.aliases;
  json["Grants"] = key.grants;
  json["Destroyed"] = key.destroyed;
  if (!key.kept.empty()) json["Reason"] = key.kept;
  return json;
}

kms::Json to_json(const kms::PurgedMaterial& material) {
  kms::Json json = kms::Json::object();
  json["KeyId"] = material.key_id;
  json["KeyMaterialId"] = to_hex(material.id);
  json["ValidTo"] = date(material.valid_to);
  json["Destroyed"] = material.destroyed;
  if (!material.kept.empty()) json["Reason"] = material.kept;
  return json;
}

kms::Json to_json(const kms::PurgeReport& report) {
  kms::Json json = kms::Json::object();
  json["ArnPrefix"] = report.arn_prefix;
  json["Keys"] = kms::Json::array();
  for (const kms::PurgedKey& key : report.keys)
    json["Keys"].push_back(to_json(key, report.arn_prefix));
  json["ImportedKeyMaterials"] = kms::Json::array();
  for (const kms::PurgedMaterial& material : report.materials)
    json["ImportedKeyMaterials"].push_back(to_json(material));
  json["WaitingPeriodsBegun"] = kms::Json::array();
  for (const kms::BegunDeletion& key : report.begun) {
    kms::Json& entry = json["WaitingPeriodsBegun"].emplace_back(kms::Json::object());
    entry["KeyId"] = key.key_id;
    if (key.deletion) entry["DeletionDate"] = date(*key.deletion);
  }
  json["Problems"] = report.problems;
  return json;
}

std::string to_text(const kms::PurgedKey& key) {
  std::string aliases;
  for (const std::string& name : key.aliases) aliases += " " + name;
  const std::string what = "  Key " + key.key_id + ", deletion date " + date(key.deletion) +
                           ", key materials: " + std::to_string(key.materials) +
                           (aliases.empty() ? "" : ", aliases:" + aliases) +
                           (key.grants == 0 ? "" : ", grants: " + std::to_string(key.grants)) +
                           ": ";
  if (!key.kept.empty()) return what + "not destroyed. " + printable(key.kept) + "\n";
  return what + (key.destroyed ? "destroyed" : "would be destroyed") +
         (key.adopted ? "; the object that it was adopted from stays" : "") + "\n";
}

std::string to_text(const kms::PurgedMaterial& material) {
  const std::string what = "  Key " + material.key_id + ", imported key material " +
                           to_hex(material.id) + ", expired at " + date(material.valid_to) + ": ";
  if (!material.kept.empty()) return what + "not destroyed. " + printable(material.kept) + "\n";
  return what + (material.destroyed ? "destroyed" : "would be destroyed") + "\n";
}

std::string to_text(const kms::PurgeReport& report) {
  std::string out = report.arn_prefix + "\n";
  for (const kms::PurgedKey& key : report.keys) out += to_text(key);
  for (const kms::PurgedMaterial& material : report.materials) out += to_text(material);
  for (const kms::BegunDeletion& key : report.begun)
    out += "  Key " + key.key_id + ", whose replicas are gone: its waiting period " +
           (key.deletion ? "begins, deletion date " + date(*key.deletion) : "would begin") + "\n";
  for (const std::string& problem : report.problems)
    out += "  PROBLEM: " + printable(problem) + "\n";
  if (report.keys.empty() && report.materials.empty() && report.begun.empty() &&
      report.problems.empty())
    out += "  nothing to destroy\n";
  return out;
}

struct Arguments {
  kms::PurgeOptions purge;
  std::string output = "text";
};

int run_purge(const Arguments& arguments, const std::string& config) {
  kms::Service service = open_service(config);
  bool done = true;
  std::string text;
  kms::Json json = kms::Json::object();
  json["DryRun"] = arguments.purge.dry_run;
  json["Tokens"] = kms::Json::array();
  for (const kms::PurgeReport& report : kms::purge(service, arguments.purge)) {
    done = done && report.problems.empty();
    for (const kms::PurgedKey& key : report.keys) done = done && key.kept.empty();
    for (const kms::PurgedMaterial& material : report.materials)
      done = done && material.kept.empty();
    text += to_text(report);
    json["Tokens"].push_back(to_json(report));
  }
  if (arguments.output == "json")
    write_output(as_bytes(json_text(std::move(json))));
  else
    write_output(as_bytes(text));
  return done ? kSuccess : kProblemsFound;
}

std::function<int(const std::string&)> define_purge(Options& options) {
  auto arguments = std::make_shared<Arguments>();
  options.flag(arguments->purge.dry_run, "--dry-run", "Only tell what would be destroyed");
  options.flag(arguments->purge.clock_is_right, "--clock-is-right",
               "Go by this computer's clock alone");
  options.choice(arguments->output, "--output", {"text", "json"}, "How to print the report");
  return [arguments](const std::string& config) { return run_purge(*arguments, config); };
}

}  // namespace

LocalVerb purge_verb() {
  return {"purge", "Destroy the keys whose waiting period is over", kHelp, true, define_purge};
}

}  // namespace trent::cli
