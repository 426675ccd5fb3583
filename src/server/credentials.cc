// SPDX-License-Identifier: Apache-2.0
// credentials.toml, read and checked key by key, and the files that it names.
#include "server/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <system_error>

#include "base/arn.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"
#include "config/exposure.h"
#include "config/toml_section.h"

namespace trent::server {

namespace {

constexpr std::string_view kAccessKeyCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
constexpr std::string_view kFileNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
constexpr std::size_t kLongestAccessKey = 128;  // as in AWS's IAM
constexpr std::size_t kLongestSecret = 1024;
constexpr std::size_t kLongestLabel = 255;
constexpr std::size_t kLongestFile = 16 << 20;

bool consists_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

// A sentence on what is wrong with the mode and the owner of an open file that holds secrets;
// nullopt: nothing.
std::optional<std::string> openness(int file, const std::string& path) {
  struct stat status {};
  if (fstat(file, &status) != 0) return "cannot be looked at.";
  if (!S_ISREG(status.st_mode)) return "is no file.";
  // Also in a directory that is closed: it might be copied or opened one day.
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return "can be read or changed by other users: chmod 600 " + path + ".";
  // The owner is asked for there, and who can write in the directories above.
  auto fault = exposure(path);
  if (fault && !fault->ends_with('.')) *fault += '.';
  return fault;
}

// A secret as it stands in a file, without the end of its line.
SecretString read_secret_file(const Section& section, const std::string& path,
                              bool must_be_closed) {
  constexpr const char* kAdvice =
      "Let it name a file that only the user of the server can read, with the secret on its first "
      "line.";
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file)
    section.refuse(
        "secret",
        "names a file that cannot be read: " + std::generic_category().message(errno) + ".",
        kAdvice);
  if (must_be_closed)
    if (const auto fault = openness(file.get(), path))
      section.refuse("secret", "names a file that " + *fault, kAdvice);
  auto secret = read_up_to<SecretString>(file.get(), kLongestSecret + 1);
  if (!secret) section.refuse("secret", "names a file that cannot be read.", kAdvice);
  while (!secret->empty() && (secret->back() == '\n' || secret->back() == '\r')) secret->pop_back();
  if (secret->empty() || secret->size() > kLongestSecret ||
      std::ranges::any_of(*secret, [](char c) { return c <= ' ' || c > '~'; }))
    section.refuse("secret", "names a file that holds no secret access key.", kAdvice);
  return *std::move(secret);
}

void read_secret(const Section& section, Secrets secrets, Principal& out) {
  constexpr const char* kAdvice =
      R"(Write "token:LABEL", "file:/PATH" or "credential:NAME", not the secret itself.)";
  const std::string text = section.required_text("secret", kAdvice);
  const bool read = secrets == Secrets::Read && !out.is_disabled;
  if (const auto path = section.path_of_file(text)) {
    out.secret_source = "file:" + *path;
    if (read) out.secret = read_secret_file(section, *path, true);
    return;
  }
  const std::size_t colon = text.find(':');
  const std::string name = colon == text.npos ? "" : text.substr(colon + 1);
  out.secret_source = text;
  if (text.starts_with("token:") && !name.empty() && name.size() <= kLongestLabel) return;
  if (!text.starts_with("credential:") || !consists_of(name, kFileNameCharacters) ||
      name.front() == '.')
    section.refuse("secret", "is neither in a token nor in a file.", kAdvice);
  if (!read) return;
  const char* directory = secure_getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr)
    section.refuse("secret", "is a credential of systemd's, and there are none.",
                   "Start the server as a service that has LoadCredential=" + name + ":/PATH.");
  // systemd itself sees to it who can read it.
  out.secret = read_secret_file(section, std::string(directory) + "/" + name, false);
}

std::optional<Sha256> read_hash(const Section& section, const char* key) {
  const auto text = section.text(key);
  if (!text) return std::nullopt;
  const auto bytes = from_hex(*text);
  Sha256 hash{};
  if (!bytes || bytes->size() != hash.size())
    section.refuse(key, "is not the SHA-256 of a token.",
                   "Write its 64 hexadecimal digits, not the token itself.");
  std::ranges::copy(*bytes, hash.begin());
  return hash;
}

std::string read_certificate(const Section& section) {
  std::string text = section.text("certificate").value_or("");
  if (text.empty()) return text;
  for (std::string_view type : {"DNS:", "URI:", "email:"})
    if (text.starts_with(type) && text.size() > type.size()) return text;
  section.refuse("certificate", "is not a subject alternative name.",
                 R"(Write it like "URI:spiffe://example/app", "DNS:app.example" or )"
                 R"("email:app@example".)");
}

Principal read_principal(const Section& section, std::size_t line, Secrets secrets) {
  section.allow_only({"arn", "access-key-id", "secret", "session-token-sha256", "uid",
                      "certificate", "bearer-sha256", "expires", "disabled"});
  constexpr const char* kArnAdvice = R"(Write it like "arn:aws:iam::111122223333:user/alice".)";
  Principal out;
  out.line = line;
  out.arn = section.required_text("arn", kArnAdvice);
  if (!is_principal(out.arn)) section.refuse("arn", "is not the ARN of a principal.", kArnAdvice);
  out.account = parse_arn(out.arn)->account;
  out.is_disabled = section.flag("disabled").value_or(false);
  out.expires = section.time("expires");

  out.access_key_id = section.text("access-key-id").value_or("");
  if (!out.access_key_id.empty()) {
    if (!consists_of(out.access_key_id, kAccessKeyCharacters) ||
        out.access_key_id.size() > kLongestAccessKey)
      section.refuse("access-key-id", "is not the id of an access key.",
                     "Write up to 128 letters, digits and underscores; not the secret.");
    read_secret(section, secrets, out);
  }
  out.session_token_hash = read_hash(section, "session-token-sha256");
  for (const char* key : {"secret", "session-token-sha256"})
    if (out.access_key_id.empty() && section.text(key))
      section.refuse(key, "is there without an access-key-id.",
                     "Write the access-key-id that it belongs to, or remove the line.");

  if (const auto uid = section.number("uid")) {
    // The last one means "none" to the kernel.
    if (*uid < 0 || *uid >= std::numeric_limits<uid_t>::max())
      section.refuse("uid", "is not the number of a user.", "`id -u NAME` prints it.");
    out.uid = static_cast<uid_t>(*uid);
  }
  out.certificate = read_certificate(section);
  out.bearer_hash = read_hash(section, "bearer-sha256");
  if (out.access_key_id.empty() && !out.uid && out.certificate.empty() && !out.bearer_hash)
    section.refuse("arn", "has nothing to be known by.",
                   "Add access-key-id and secret, uid, certificate or bearer-sha256.");
  return out;
}

// What names a caller must name one.
void require_unique(const Section& section, const Principal& principal,
                    const std::vector<Principal>& earlier) {
  for (const Principal& other : earlier) {
    const char* key = nullptr;
    if (!principal.access_key_id.empty() && principal.access_key_id == other.access_key_id)
      key = "access-key-id";
    if (principal.uid && principal.uid == other.uid) key = "uid";
    if (!principal.certificate.empty() && principal.certificate == other.certificate)
      key = "certificate";
    if (principal.bearer_hash && principal.bearer_hash == other.bearer_hash) key = "bearer-sha256";
    if (key != nullptr)
      section.refuse(key, "is taken: another [[principal]] has the same.",
                     "Remove one of the two.");
  }
}

}  // namespace

std::optional<std::string> secret_in_token(const Principal& principal) {
  constexpr std::string_view kPrefix = "token:";
  if (!principal.secret_source.starts_with(kPrefix)) return std::nullopt;
  return principal.secret_source.substr(kPrefix.size());
}

namespace {

Credentials parse(std::string_view text, const std::string& source, Secrets secrets) {
  const toml::table table = parse_toml(text, source);
  const Section top(table, source);
  top.allow_only({"principal"});
  Credentials out{source, {}};
  for (const Section& section : top.sections("principal")) {
    Principal principal = read_principal(section, section.line(), secrets);
    require_unique(section, principal, out.principals);
    out.principals.push_back(std::move(principal));
  }
  return out;
}

}  // namespace

Credentials parse_credentials(std::string_view text, const std::string& source, Secrets secrets) {
  try {
    return parse(text, source, secrets);
  } catch (Error& error) {
    throw std::move(error).in_configuration();
  }
}

Credentials load_credentials(const std::string& path, Secrets secrets) {
  const std::string file = std::filesystem::absolute(path).string();
  const FileDescriptor open_file(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  const auto refuse = [&](const std::string& fault, const std::string& advice) {
    throw Error(ErrorCode::Validation, "The credentials " + file + " " + fault, advice)
        .in_configuration();
  };
  constexpr const char* kAdvice = "`trent credential create` makes the file as it has to be.";
  if (!open_file)
    refuse("cannot be read: " + std::generic_category().message(errno) + ".", kAdvice);
  if (const auto fault = openness(open_file.get(), file)) refuse(*fault, kAdvice);
  const auto text = read_up_to<SecretString>(open_file.get(), kLongestFile + 1);
  if (!text || text->size() > kLongestFile) refuse("cannot be read.", kAdvice);
  return parse_credentials(*text, file, secrets);
}

}  // namespace trent::server
