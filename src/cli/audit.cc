// SPDX-License-Identifier: Apache-2.0
// trent audit
#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "audit/state_file.h"
#include "audit/verify.h"
#include "base/encoding.h"
#include "base/file.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/verb.h"

namespace trent::cli {

namespace {

constexpr const char* kHelp = R"(
Works on audit logs: the records that Trent writes where trent.toml says audit =
"file:/PATH", "syslog" or "journald".
)";

constexpr const char* kVerifyHelp = R"(
Finds out whether an audit log is whole. Each record carries the hash of the one
before it, so a line that was changed, removed, put in or moved shows. Give rotated
files (uncompressed) with the current one, oldest first: the chain goes on from one to
the next. - is standard input.

What no chain can show is that its end was cut off. The file beside the current log,
FILE.chain, says how long it has to be; against whoever can write there, note the
hash that this command prints somewhere else, and give it to --expect later.

Exit codes: 0 whole, 1 a fault, which is printed, 252 usage error, 255 other failures.

Examples:
  trent audit verify /var/log/trent/audit.log.1 /var/log/trent/audit.log
  trent audit verify --expect 5d41...c592 /var/log/trent/audit.log
  journalctl -t trent -o cat | trent audit verify --syslog -
)";

struct Arguments {
  std::vector<std::string> files;
  std::optional<std::string> expect;
  bool syslog = false;
};

std::string reason() {
  return std::generic_category().message(errno);
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File open_input(const std::string& path) {
  File file(path == "-" ? fdopen(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0), "r")
                        : std::fopen(path.c_str(), "re"),
            &std::fclose);
  if (!file) throw Failure("Cannot read " + path + ": " + reason() + ".");
  return file;
}

// What the state beside the log says. It is read before the log is, so what it speaks of is there.
std::optional<audit::Expected> expected_by_state(const std::string& path) {
  const FileDescriptor file(
      open(audit::state_path(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return std::nullopt;
  const auto text = read_up_to<std::string>(file.get(), audit::kStateSize);
  const auto state = text ? audit::parse_state(*text) : std::nullopt;
  if (!state) return std::nullopt;
  return audit::Expected{state->chain.hash, audit::state_path(path) + " says was written last",
                         state->chain.id, state->chain.sequence};
}

// False: a fault was found. A line without an end is no record: not yet, or a process was killed
// while it wrote; if it was one that somebody has cut, it is missed. `unfinished`: where one is.
bool add_lines(audit::Verifier& verifier, const std::string& path, std::string& unfinished) {
  const File file = open_input(path);
  char* buffer = nullptr;
  std::size_t capacity = 0;
  bool whole = true;
  ssize_t length = 0;
  for (std::uint64_t number = 1; whole && (length = getline(&buffer, &capacity, file.get())) >= 0;
       ++number) {
    std::string_view line(buffer, static_cast<std::size_t>(length));
    if (!line.ends_with('\n')) {
      unfinished = path + ":" + std::to_string(number);
      break;
    }
    line.remove_suffix(1);
    whole = verifier.add(line, path + ":" + std::to_string(number));
  }
  const bool failed = std::ferror(file.get()) != 0;
  const std::string why = failed ? reason() : "";
  std::free(buffer);  // NOLINT(cppcoreguidelines-no-malloc): getline() made it
  if (failed) throw Failure("Cannot read " + path + ": " + why + ".");
  return whole;
}

int verify(const Arguments& arguments) {
  std::vector<audit::Expected> expected;
  if (arguments.expect) {
    if (arguments.expect->size() != 64 || !from_hex(*arguments.expect))
      throw UsageError("--expect takes a hash: 64 hexadecimal digits.");
    expected.push_back({to_hex(*from_hex(*arguments.expect)), "--expect names"});
  }
  if (const auto of_state = expected_by_state(arguments.files.back()))
    expected.push_back(*of_state);
  using Source = audit::Verifier::Source;
  audit::Verifier verifier(arguments.syslog ? Source::Syslog : Source::File, expected);
  std::string text, unfinished;
  for (const std::string& path : arguments.files)
    if (!add_lines(verifier, path, unfinished)) break;
  verifier.finish();
  if (!unfinished.empty())
    text += printable(unfinished) +
            ": the line has no end, and was not looked at: a record that is "
            "just being written, or what was cut off.\n";
  for (const std::string& remark : verifier.remarks()) text += printable(remark) + "\n";
  if (!verifier.fault().empty()) {
    text += printable(verifier.fault()) + "\n";
    write_output(as_bytes(text));
    return kProblemsFound;
  }
  for (const auto& [id, seen] : verifier.chains())
    text += "Chain " + id + " is whole: records " + std::to_string(seen.first) + " to " +
            std::to_string(seen.last) + ".\nThe hash of the last one is " + seen.hash + "\n";
  if (verifier.chains().empty()) text += "There are no records.\n";
  write_output(as_bytes(text));
  return kSuccess;
}

std::function<int(const std::string&)> define_verify(Options& options) {
  auto arguments = std::make_shared<Arguments>();
  options.positional(arguments->files, "FILE", "The audit log; rotated files before it");
  options.text(arguments->expect, "--expect", Need::Optional,
               "The hash of a record that has to be there");
  options.flag(arguments->syslog, "--syslog",
               "Lines of syslog: headers, other lines, and chains of\nseveral processes");
  return [arguments](const std::string&) { return verify(*arguments); };
}

}  // namespace

VerbGroup audit_verbs() {
  return {
      "audit",
      "Audit logs",
      kHelp,
      {{"verify", "Find out whether an audit log is whole", kVerifyHelp, false, define_verify}}};
}

}  // namespace trent::cli
