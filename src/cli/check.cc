// trent check
#include <memory>

#include "cli/errors.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "kms/check.h"

namespace trent::cli {

namespace {

constexpr const char* kHelp = R"(
Tries out what each token can do, and proves of every object of Trent's in it that
it is what its name says. Prints one sentence for each problem.

--repair destroys keys whose deletion date is past, removes superseded revisions
of records, and makes key material that has lost its record a disabled key again.
Nothing else is removed, and no key that is in use is touched.

Exit codes: 0 no problems, 1 problems found.

Examples:
  trent check
  trent check --repair --output json
)";

kms::Json to_json(const kms::TokenReport& report) {
  kms::Json json = kms::Json::object();
  json["ArnPrefix"] = report.arn_prefix;
  json["Token"] = report.token;
  json["Profile"] = kms::Json::object();
  for (const auto& [property, value] : report.profile) json["Profile"][property.c_str()] = value;
  json["Keys"] = report.keys;
  json["KeyMaterials"] = report.materials;
  json["Aliases"] = report.aliases;
  json["Problems"] = report.problems;
  json["Repaired"] = report.repaired;
  return json;
}

std::string to_text(const kms::TokenReport& report) {
  std::string out = report.arn_prefix + "\n  token: " + report.token + "\n";
  for (const auto& [property, value] : report.profile) out += "  " + property + ": " + value + "\n";
  out += "  keys: " + std::to_string(report.keys) +
         ", key materials: " + std::to_string(report.materials) +
         ", aliases: " + std::to_string(report.aliases) + "\n";
  for (const std::string& removed : report.repaired) out += "  repaired: " + removed + "\n";
  for (const std::string& problem : report.problems) out += "  PROBLEM: " + problem + "\n";
  if (report.problems.empty()) out += "  no problems\n";
  return out;
}

std::function<int(const std::string&)> define_check(Options& options) {
  struct Arguments {
    bool repair = false;
    std::string output = "text";
  };
  auto arguments = std::make_shared<Arguments>();
  options.flag(arguments->repair, "--repair",
               "Destroy what is past its deletion date, mend what was interrupted");
  options.choice(arguments->output, "--output", {"text", "json"}, "How to print the report");
  return [arguments](const std::string& config) {
    kms::Service service = open_service(config);
    std::vector<kms::TokenReport> reports = kms::check(service, arguments->repair);
    bool healthy = true;
    std::string text;
    kms::Json json = kms::Json::object();
    json["Tokens"] = kms::Json::array();
    for (const kms::TokenReport& report : reports) {
      healthy = healthy && report.problems.empty();
      text += to_text(report);
      json["Tokens"].push_back(to_json(report));
    }
    if (arguments->output == "json")
      print_json(std::move(json));
    else
      write_output(as_bytes(text));
    return healthy ? kSuccess : kProblemsFound;
  };
}

}  // namespace

LocalVerb check_verb() {
  return {"check", "Find out what the token can do, and whether all is well in it", kHelp, true,
          define_check};
}

}  // namespace trent::cli
