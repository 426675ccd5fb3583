// SPDX-License-Identifier: Apache-2.0
// Profiles of the AWS CLI: their two files.
#include "cli/aws_profile.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/encoding.h"
#include "base/file.h"
#include "cli/errors.h"
#include "cli/values.h"

namespace trent::cli {

namespace {

constexpr std::string_view kBlanks = " \t\r";

// Where credentials come from if not from the files.
constexpr std::string_view kOtherSources[] = {
    "credential_process",      "role_arn",     "sso_session", "sso_start_url",
    "web_identity_token_file", "login_session"};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// "default", or the name in [profile NAME] of the one file and in [NAME] of the other.
std::string_view profile_in(std::string_view section, bool is_config) {
  constexpr std::string_view kProfile = "profile";
  section = trimmed(section);
  if (!is_config || section == "default") return section;
  if (!section.starts_with(kProfile) || section.size() == kProfile.size() ||
      kBlanks.find(section[kProfile.size()]) == kBlanks.npos)
    return {};
  section = trimmed(section.substr(kProfile.size()));
  if (section.size() > 1 && (section.front() == '"' || section.front() == '\'') &&
      section.back() == section.front())
    section = section.substr(1, section.size() - 2);
  return section;
}

void set(AwsProfile& profile, std::string_view name, std::string_view value) {
  // Of the two files, credentials comes first; what it says stays.
  const auto keep = [&](auto& target) {
    if (target.empty()) target.assign(value.begin(), value.end());
  };
  if (name == "aws_access_key_id") keep(profile.access_key_id);
  if (name == "aws_secret_access_key") keep(profile.secret_access_key);
  if (name == "aws_session_token") keep(profile.session_token);
  if (name == "region") keep(profile.region);
  if (name == "endpoint_url") keep(profile.endpoint_url);
  if (std::ranges::find(kOtherSources, name) != std::end(kOtherSources) &&
      profile.other_source.empty())
    profile.other_source = name;
}

// Whether the text has the profile.
bool read(std::string_view text, bool is_config, AwsProfile& profile) {
  bool here = false;
  bool found = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view content = trimmed(line);
    // What is indented belongs to the setting before it.
    if (content.empty() || content.front() == '#' || content.front() == ';' ||
        kBlanks.find(line.front()) != kBlanks.npos)
      continue;
    if (content.front() == '[') {
      const std::size_t close = content.find(']');
      here = close != content.npos &&
             profile_in(content.substr(1, close - 1), is_config) == profile.name;
      found = found || here;
    } else if (const std::size_t equals = content.find('='); here && equals != content.npos) {
      set(profile, trimmed(content.substr(0, equals)), trimmed(content.substr(equals + 1)));
    }
  }
  return found;
}

// Whether there is such a file with the profile.
bool read_file(const char* variable, const char* usual, bool is_config, AwsProfile& profile) {
  const char* named = std::getenv(variable);
  const bool is_named = named != nullptr && *named != '\0';
  const std::string path = expand_home(is_named ? named : usual);
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return false;
  std::optional<SecretBytes> content;
  if (file) content = read_up_to<SecretBytes>(file.get(), std::size_t{1} << 20);
  if (!content) throw ConfigurationError("Cannot read " + path + ": " + std::strerror(errno) + ".");
  return read(as_text(*content), is_config, profile);
}

}  // namespace

std::optional<AwsProfile> find_aws_profile(const std::string& name) {
  AwsProfile profile{.name = name};
  const bool in_credentials =
      read_file("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", false, profile);
  const bool in_config = read_file("AWS_CONFIG_FILE", "~/.aws/config", true, profile);
  if (!in_credentials && !in_config) return std::nullopt;
  return profile;
}

AwsProfile aws_profile(const std::string& name) {
  if (auto profile = find_aws_profile(name)) return *std::move(profile);
  throw ConfigurationError("There is no profile " + quote_for_message(name) +
                           " in ~/.aws/credentials and ~/.aws/config, nor where "
                           "AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE say.");
}

std::optional<server::AccessKey> access_key_of(const AwsProfile& profile) {
  const std::string which = "The profile " + quote_for_message(profile.name);
  if (profile.access_key_id.empty() && profile.secret_access_key.empty()) {
    if (!profile.other_source.empty())
      throw ConfigurationError(which + " gets its credentials by " + profile.other_source +
                               ", which Trent does not know: set AWS_ACCESS_KEY_ID and "
                               "AWS_SECRET_ACCESS_KEY, as `aws configure export-credentials` has "
                               "them.");
    return std::nullopt;
  }
  if (profile.access_key_id.empty() || profile.secret_access_key.empty())
    throw ConfigurationError(
        which + " has one of aws_access_key_id and aws_secret_access_key: " + "give it both.");
  // They become parts of headers.
  for (const std::string& text : {profile.access_key_id, profile.session_token})
    if (std::ranges::any_of(text, [](char c) { return is_control(c) || c == ' '; }))
      throw ConfigurationError(which + " has white space in its credentials.");
  server::AccessKey key{.id = profile.access_key_id,
                        .secret = profile.secret_access_key,
                        .session_token = profile.session_token};
  return key;
}

}  // namespace trent::cli
