// SPDX-License-Identifier: Apache-2.0
// trent rotate-due
#include <chrono>
#include <memory>

#include "base/encoding.h"
#include "base/utc.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "kms/rotation.h"

namespace trent::cli {

namespace {

constexpr const char* kHelp = R"(
Rotates the enabled keys whose automatic rotation (trent enable-key-rotation) is due.
Nothing else does: let it run every day. conf/ has a systemd timer for that. A key that
was disabled when it was due is rotated by the first run after it is enabled.

Exit codes: 0 done, 1 a key was not rotated, and the output says why.

Examples:
  trent rotate-due --dry-run
  trent rotate-due
)";

std::string date(catalog::Timestamp time) {
  return format_utc(std::chrono::system_clock::to_time_t(time), "%FT%TZ");
}

kms::Json to_json(const kms::DueReport& report) {
  kms::Json json = kms::Json::object();
  json["ArnPrefix"] = report.arn_prefix;
  json["Keys"] = kms::Json::array();
  for (const kms::DueRotation& key : report.keys) {
    kms::Json& entry = json["Keys"].emplace_back(kms::Json::object());
    entry["KeyId"] = key.key_id;
    entry["Arn"] = report.arn_prefix + "key/" + key.key_id;
    entry["NextRotationDate"] = date(key.due);
    entry["Rotated"] = key.rotated;
    if (!key.problem.empty()) entry["Reason"] = key.problem;
  }
  json["Problems"] = report.problems;
  return json;
}

std::string to_text(const kms::DueReport& report) {
  std::string out = report.arn_prefix + "\n";
  for (const kms::DueRotation& key : report.keys)
    out += "  Key " + key.key_id + ", due since " + date(key.due) + ": " +
           (!key.problem.empty() ? "not rotated. " + printable(key.problem)
            : key.rotated        ? "rotated"
                                 : "would be rotated") +
           "\n";
  for (const std::string& problem : report.problems)
    out += "  PROBLEM: " + printable(problem) + "\n";
  if (report.keys.empty() && report.problems.empty()) out += "  nothing to rotate\n";
  return out;
}

struct Arguments {
  bool dry_run = false;
  std::string output = "text";
};

int run_rotate_due(const Arguments& arguments, const std::string& config) {
  kms::Service service = open_service(config);
  bool done = true;
  std::string text;
  kms::Json json = kms::Json::object();
  json["DryRun"] = arguments.dry_run;
  json["Tokens"] = kms::Json::array();
  for (const kms::DueReport& report : kms::rotate_due(service, arguments.dry_run)) {
    done = done && report.problems.empty();
    for (const kms::DueRotation& key : report.keys) done = done && key.problem.empty();
    text += to_text(report);
    json["Tokens"].push_back(to_json(report));
  }
  if (arguments.output == "json")
    write_output(as_bytes(json_text(std::move(json))));
  else
    write_output(as_bytes(text));
  return done ? kSuccess : kProblemsFound;
}

std::function<int(const std::string&)> define_rotate_due(Options& options) {
  auto arguments = std::make_shared<Arguments>();
  options.flag(arguments->dry_run, "--dry-run", "Only tell what would be rotated");
  options.choice(arguments->output, "--output", {"text", "json"}, "How to print the report");
  return [arguments](const std::string& config) { return run_rotate_due(*arguments, config); };
}

}  // namespace

LocalVerb rotate_due_verb() {
  return {"rotate-due", "Rotate the keys whose automatic rotation is due", kHelp, true,
          define_rotate_due};
}

}  // namespace trent::cli
