// SPDX-License-Identifier: Apache-2.0
// Changes of credentials.toml, line by line. Whether a change came out as it was meant is asked of
// the parser.
#include "cli/credentials_file.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "cli/errors.h"
#include "cli/replace_file.h"

namespace trent::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kHeader = "[[principal]]";
constexpr std::string_view kIntroduction =
    "# Who may use `trent serve`. `trent credential` adds and removes access keys; a running "
    "server\n"
    "# takes notice within two seconds.\n";

std::string_view trimmed(std::string_view line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  return line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
}

// Whether the line begins with `key =`.
bool assigns(std::string_view line, std::string_view key) {
  line = trimmed(line);
  if (!line.starts_with(key)) return false;
  line = trimmed(line.substr(key.size()));
  return line.starts_with('=');
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

SecretString joined(const std::vector<std::string>& lines) {
  SecretString text;
  for (const std::string& line : lines) text.append(line).push_back('\n');
  return text;
}

// One process at a time changes the files of a directory; that makes no file that would stay.
int lock_directory(const std::string& directory) {
  const int descriptor = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    throw UsageError("No credentials can be kept in " + directory + ": " + std::strerror(errno));
  int result = 0;
  do result = flock(descriptor, LOCK_EX);
  while (result != 0 && errno == EINTR);
  return descriptor;
}

std::string absolute(const std::string& path) {
  return fs::absolute(path).lexically_normal().string();
}

bool has_other_ways(const server::Principal& principal) {
  return principal.uid || !principal.certificate.empty() || principal.bearer_hash;
}

}  // namespace

CredentialsFile::CredentialsFile(const std::string& path)
    : path_(absolute(path)), lock_(lock_directory(directory())), was_there_(fs::exists(path_)) {
  check_replaceable(path_);
  if (!was_there_) {
    take(split_lines(kIntroduction));
    return;
  }
  credentials_ = server::load_credentials(path_, server::Secrets::Leave);
  const FileDescriptor file(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  const auto text = read_up_to<SecretString>(file.get(), std::string::npos);
  if (!text) throw Failure("Cannot read " + path_ + ": " + std::strerror(errno));
  original_ = *text;
  lines_ = split_lines(original_);
}

std::string CredentialsFile::directory() const {
  return fs::path(path_).parent_path().string();
}

const server::Principal& CredentialsFile::find(const std::string& access_key_id) const {
  const auto found =
      std::ranges::find(credentials_.principals, access_key_id, &server::Principal::access_key_id);
  if (access_key_id.empty() || found == credentials_.principals.end())
    throw UsageError("--access-key-id: there is no such access key in " + path_ +
                     ". `trent credential list` shows those that there are.");
  return *found;
}

CredentialsFile::Range CredentialsFile::section_of(const server::Principal& principal) const {
  const std::size_t begin = principal.line - 1;
  if (begin >= lines_.size() || !trimmed(lines_[begin]).starts_with(kHeader))
    throw Failure(path_ + ":" + std::to_string(principal.line) +
                  ": the section does not begin with a line [[principal]]: change it by hand.");
  std::size_t end = begin + 1;
  while (end < lines_.size() && !trimmed(lines_[end]).starts_with('[')) end++;
  // What stands above the next section belongs to that one.
  if (end < lines_.size())
    while (end > begin + 1 && trimmed(lines_[end - 1]).starts_with('#')) end--;
  return {begin, end};
}

void CredentialsFile::take(std::vector<std::string> lines) {
  try {
    credentials_ = server::parse_credentials(joined(lines), path_);
  } catch (const Error& error) {
    throw Failure("The file could not be changed; do it by hand. " + error.text());
  }
  lines_ = std::move(lines);
}

void CredentialsFile::add(std::string_view lines) {
  std::vector<std::string> changed = lines_;
  if (!changed.empty() && !trimmed(changed.back()).empty()) changed.emplace_back();
  changed.emplace_back(kHeader);
  for (std::string& line : split_lines(lines)) changed.push_back(std::move(line));
  take(std::move(changed));
}

void CredentialsFile::disable(const std::string& access_key_id) {
  const server::Principal& principal = find(access_key_id);
  if (principal.is_disabled) return;
  const Range section = section_of(principal);
  std::vector<std::string> changed = lines_;
  const auto begin = changed.begin() + static_cast<std::ptrdiff_t>(section.begin) + 1;
  const auto end = changed.begin() + static_cast<std::ptrdiff_t>(section.end);
  const auto line = std::find_if(begin, end, [](const auto& l) { return assigns(l, "disabled"); });
  if (line != end)
    *line = "disabled = true";
  else
    changed.insert(begin, "disabled = true");
  take(std::move(changed));
  if (!find(access_key_id).is_disabled)
    throw Failure(path_ + ": the section could not be changed; do it by hand.");
}

void CredentialsFile::remove(const std::string& access_key_id) {
  const server::Principal& principal = find(access_key_id);
  const Range section = section_of(principal);
  std::vector<std::string> changed;
  for (std::size_t i = 0; i < lines_.size(); i++) {
    const bool is_in_section = i >= section.begin && i < section.end;
    bool goes = is_in_section;
    if (has_other_ways(principal))
      goes =
          is_in_section && (assigns(lines_[i], "access-key-id") || assigns(lines_[i], "secret") ||
                            assigns(lines_[i], "session-token-sha256"));
    if (!goes) changed.push_back(lines_[i]);
  }
  take(std::move(changed));
  if (std::ranges::find(credentials_.principals, access_key_id,
                        &server::Principal::access_key_id) != credentials_.principals.end())
    throw Failure(path_ + ": the section could not be removed; do it by hand.");
}

void CredentialsFile::save() {
  replace_file(path_, as_bytes(joined(lines_)), readers());
}

void CredentialsFile::restore() {
  if (was_there_)
    replace_file(path_, as_bytes(original_), readers());
  else
    fs::remove(path_);
}

}  // namespace trent::cli
