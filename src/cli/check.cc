// SPDX-License-Identifier: Apache-2.0
// trent check
#include <fcntl.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "base/encoding.h"
#include "base/file.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/replace_file.h"
#include "cli/verb.h"
#include "config/exposure.h"
#include "kms/check.h"

namespace trent::cli {

namespace {

constexpr const char* kHelp = R"(
Tries out what each token can do, and proves of every object of Trent's in it that
it is what its name says. The report begins with what it comes to; a line with "no"
says why. Prints one sentence for each problem, and warns of a file that others can
read or change, of mechanisms that give a base key away to who has the PIN, and of
nShield's library without its variable.

--repair removes superseded revisions of records and what interrupted rotations have
made, and makes key material that has lost its record a disabled key again. Nothing
else is removed but what a killed check has left, and no key is touched. (Keys whose
deletion date is past are destroyed by `trent purge`.)
A token.object of SoftHSM's that a killed login has damaged is restored from Trent's
copy.

--remember FILE keeps the revision of each record in a file, which should be where
those cannot write who can write to the token's storage. The next check with it
reports each record that is older than it was, another one, or gone: in the token
itself, an old record that was put back looks as good as any. FILE is brought up to
date if there is nothing to report, or if you --accept what is reported: deleted
aliases, or a backup of the token that you restored yourself.

Exit codes: 0 no problems, 1 problems found.

Examples:
  trent check
  trent check --repair --output json
  trent check --remember /media/safe/trent-memory.json
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
  json["Grants"] = report.grants;
  json["EnforcedKeys"] = report.enforced;
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
  out += "  token: " + printable(report.token) + "\n";
  for (const hsm::Ability& row : can.rows) out += to_text(row);
  out += "  keys: " + std::to_string(report.keys) +
         ", key materials: " + std::to_string(report.materials) +
         ", aliases: " + std::to_string(report.aliases) +
         (report.grants == 0 ? "" : ", grants: " + std::to_string(report.grants)) + "\n";
  for (const std::string& key_id : report.enforced)
    out += "  enforced in the token: key " + key_id + "\n";
  for (const std::string& removed : report.repaired)
    out += "  repaired: " + printable(removed) + "\n";
  for (const std::string& warning : report.warnings)
    out += "  WARNING: " + printable(warning) + "\n";
  for (const std::string& problem : report.problems)
    out += "  PROBLEM: " + printable(problem) + "\n";
  if (report.problems.empty()) out += "  no problems\n";
  return out;
}

// What `trent check --remember` keeps from one run to the next.
class MemoryFile {
 public:
  // Throws Failure if there is a file that is no such memory: it is nobody's to overwrite.
  explicit MemoryFile(std::string path) : path_(std::move(path)) {
    std::error_code error;
    const auto status = std::filesystem::status(path_, error);
    if (status.type() == std::filesystem::file_type::not_found) return;
    if (status.type() != std::filesystem::file_type::regular)
      throw Failure(path_ + " is no file, and cannot be the memory of earlier checks.");
    const FileDescriptor file(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    const auto text = read_up_to<std::string>(file.get(), std::string::npos);
    if (!text) throw Failure("Cannot read " + path_ + ", the memory of earlier checks.");
    try {
      memory_ = kms::parse_memory(*text);
    } catch (const std::runtime_error& reason) {
      throw Failure(path_ + " is no memory of `trent check --remember`: " + reason.what() +
                    ". It was left as it is; name another file, or restore it from a backup.");
    }
    is_new_ = false;
  }

  const kms::Memory& memory() const { return memory_; }
  bool is_new() const { return is_new_; }

  void update(const std::vector<kms::TokenReport>& reports) {
    for (const kms::TokenReport& report : reports)
      if (!report.serial.empty()) memory_[report.serial] = report.records;
    replace_file(path_, as_bytes(kms::to_text(memory_)));
  }

 private:
  std::string path_;
  kms::Memory memory_;
  bool is_new_ = true;
};

struct Arguments {
  kms::CheckOptions check;
  std::string remember;
  bool accept = false;
  std::string output = "text";
};

// Compares with the file, and brings it up to date where that is wanted. Returns what to say.
std::string remember(MemoryFile& file, bool accept, std::vector<kms::TokenReport>& reports) {
  bool update = true;
  for (kms::TokenReport& report : reports) {
    for (const std::string& sentence : report.went_back) {
      if (accept)
        report.warnings.push_back("accepted: " + sentence);
      else
        report.problems.push_back(sentence);
    }
    update = update && (accept || report.went_back.empty());
  }
  if (update) {
    const bool was_new = file.is_new();
    file.update(reports);
    return was_new ? "There was nothing to compare with: the memory is new." : "";
  }
  return "The memory was left as it was. If you know why each of these records changed, bring it "
         "up to date with --accept.";
}

int run_check(const Arguments& arguments, const std::string& config) {
  std::optional<MemoryFile> file;
  if (!arguments.remember.empty())
    file.emplace(arguments.remember);
  else if (arguments.accept)
    throw UsageError("--accept needs --remember FILE.");
  kms::CheckOptions options = arguments.check;
  if (file) options.memory = file->memory();
  kms::Service service = open_service(config);
  std::vector<kms::TokenReport> reports = kms::check(service, options);
  std::string remark;
  if (file) {
    remark = remember(*file, arguments.accept, reports);
    if (auto exposed = exposure(arguments.remember))
      reports.front().warnings.push_back("The memory " + arguments.remember + " " + *exposed);
  }
  bool healthy = true;
  std::string text;
  kms::Json json = kms::Json::object();
  json["Tokens"] = kms::Json::array();
  for (const kms::TokenReport& report : reports) {
    healthy = healthy && report.problems.empty();
    text += to_text(report);
    json["Tokens"].push_back(to_json(report));
  }
  if (!remark.empty()) {
    text += remark + "\n";
    json["Memory"] = remark;
  }
  if (arguments.output == "json")
    write_output(as_bytes(json_text(std::move(json))));
  else
    write_output(as_bytes(text));
  return healthy ? kSuccess : kProblemsFound;
}

std::function<int(const std::string&)> define_check(Options& options) {
  auto arguments = std::make_shared<Arguments>();
  options.flag(arguments->check.repair, "--repair", "Finish or remove what was interrupted");
  options.path(arguments->remember, "--remember",
               "Compare with what this file remembers, then remember anew");
  options.flag(arguments->accept, "--accept", "With --remember: what changed is known to you");
  options.choice(arguments->output, "--output", {"text", "json"}, "How to print the report");
  return [arguments](const std::string& config) { return run_check(*arguments, config); };
}

}  // namespace

LocalVerb check_verb() {
  return {"check", "Find out what the token can do, and whether all is well in it", kHelp, true,
          define_check};
}

}  // namespace trent::cli
