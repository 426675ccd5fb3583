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
it is what its name says. The report begins with what it comes to; a line with "no"
says why. Prints one sentence for each problem, and warns of a configuration or a PIN
file that others can read or change.

--repair destroys keys whose deletion date is past, removes superseded revisions
of records, and makes key material that has lost its record a disabled key again.
Nothing else is removed, and no key that is in use is touched. As there is no way
back, a key is destroyed only if something in the token was made or changed since,
or a day before, its deletion date. In a token where nothing happens, look at the
clock yourself, and say --clock-is-right.

Exit codes: 0 no problems, 1 problems found.

Examples:
  trent check
  trent check --repair --output json
)";

kms::Json to_json(const kms::TokenReport& report) {
  kms::Json json = kms::Json::object();
  json["ArnPrefix"] = report.arn_prefix;
  json["Token"] = report.token;
  json["ReEncrypt"] = report.abilities.re_encrypt;
  json["ReEncryptToOtherTokens"] = report.abilities.to_other_tokens;
  json["KeysInToken"] = report.abilities.keeps_keys;
  json["Profile"] = kms::Json::object();
  for (const hsm::Ability& row : report.abilities.rows)
    std::visit([&](const auto& value) { json["Profile"][row.name.c_str()] = value; }, row.value);
  json["Keys"] = report.keys;
  json["KeyMaterials"] = report.materials;
  json["Aliases"] = report.aliases;
  json["Warnings"] = report.warnings;
  json["Problems"] = report.problems;
  json["Repaired"] = report.repaired;
  return json;
}

std::string yes(bool value) {
  return value ? "yes" : "no";
}

std::string to_text(const hsm::Ability& row) {
  struct Words {
    std::string operator()(bool value) const { return yes(value); }
    std::string operator()(std::size_t value) const { return std::to_string(value); }
    std::string operator()(const std::vector<std::string>& values) const {
      std::string text;
      for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
      return text.empty() ? "none" : text;
    }
  };
  std::string remark = row.remark.empty() ? "" : ", " + row.remark;
  return "  " + row.text + ": " + std::visit(Words{}, row.value) + remark + "\n";
}

std::string to_text(const kms::TokenReport& report) {
  const hsm::Abilities& can = report.abilities;
  std::string out = report.arn_prefix + "\n";
  if (!can.rows.empty())
    out += "  ReEncrypt inside the token: " + yes(can.re_encrypt) +
           "; to other tokens: " + yes(can.to_other_tokens) +
           "; keys are kept in the token: " + yes(can.keeps_keys) + "\n";
  out += "  token: " + report.token + "\n";
  for (const hsm::Ability& row : can.rows) out += to_text(row);
  out += "  keys: " + std::to_string(report.keys) +
         ", key materials: " + std::to_string(report.materials) +
         ", aliases: " + std::to_string(report.aliases) + "\n";
  for (const std::string& removed : report.repaired) out += "  repaired: " + removed + "\n";
  for (const std::string& warning : report.warnings) out += "  WARNING: " + warning + "\n";
  for (const std::string& problem : report.problems) out += "  PROBLEM: " + problem + "\n";
  if (report.problems.empty()) out += "  no problems\n";
  return out;
}

std::function<int(const std::string&)> define_check(Options& options) {
  struct Arguments {
    kms::CheckOptions check;
    std::string output = "text";
  };
  auto arguments = std::make_shared<Arguments>();
  options.flag(arguments->check.repair, "--repair",
               "Destroy what is past its deletion date, mend what was interrupted");
  options.flag(arguments->check.clock_is_right, "--clock-is-right",
               "With --repair: go by this computer's clock alone");
  options.choice(arguments->output, "--output", {"text", "json"}, "How to print the report");
  return [arguments](const std::string& config) {
    kms::Service service = open_service(config);
    std::vector<kms::TokenReport> reports = kms::check(service, arguments->check);
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
