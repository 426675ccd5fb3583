// SPDX-License-Identifier: Apache-2.0
// trent credential: who may use `trent serve`.
#include <sys/stat.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "base/arn.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/utc.h"
#include "cli/credentials_file.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/pin_prompt.h"
#include "cli/replace_file.h"
#include "cli/verb.h"
#include "hsm/hmac_secret.h"
#include "process/signals.h"
#include "server/sigv4.h"

namespace trent::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kHelp = R"(
Access keys and bearer tokens for `trent serve`. They are in credentials.toml, beside
the configuration file unless --credentials names another one; the secret of an access
key is in the token, which computes with it and shows it to nobody, or in a file.

A running server takes notice within two seconds.

"trent credential VERB --help" shows the options of a verb.
)";

constexpr const char* kCreateHelp = R"(
Makes an access key for a principal, and prints it as `aws iam create-access-key` does.
The secret is shown this once. It is kept in the token of the principal's account, or
with --secret-in file in the directory "secrets" beside credentials.toml.

With --bearer it makes a bearer token, for clients that cannot sign. Only its hash is
kept. Servers take it over TLS and Unix sockets only.

Examples:
  trent credential create --principal arn:aws:iam::111122223333:user/alice
  trent credential create --principal arn:aws:iam::111122223333:user/bob --bearer
)";

constexpr const char* kListHelp = R"(
Shows who may come in: access keys as `aws iam list-access-keys` does, and what else
the file has. No secrets are shown.

Examples:
  trent credential list
)";

constexpr const char* kDisableHelp = R"(
From now on the access key is as good as unknown. What else its section of
credentials.toml says of the principal is disabled with it.

Examples:
  trent credential disable --access-key-id AKIATRENT0000EXAMPLE
)";

constexpr const char* kRotateHelp = R"(
Makes another access key for the principal, with its secret where that of the old one
is. The old access key stays as it is until you disable or delete it: first give the
new one to whoever uses it.

Examples:
  trent credential rotate --access-key-id AKIATRENT0000EXAMPLE
)";

constexpr const char* kDeleteHelp = R"(
Removes the access key and destroys its secret, if it is one that this command made.

Examples:
  trent credential delete --access-key-id AKIATRENT0000EXAMPLE
)";

struct Arguments {
  std::string credentials;
  std::string principal;
  std::string secret_in = "token";
  bool bearer = false;
  std::string access_key_id;
};

// What a step has made, taken away again unless all steps go well.
class Undo {
 public:
  ~Undo() {
    if (!action_) return;
    try {
      action_();
    } catch (const std::exception& error) {  // the first failure is the one that is reported
      std::cerr << "What was made could not be removed again: " << printable(error.what()) << '\n';
    }
  }
  Undo() = default;
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  void arm(std::function<void()> action) { action_ = std::move(action); }
  void release() { action_ = nullptr; }

 private:
  std::function<void()> action_;
};

// Letters and digits by which nobody guesses it.
SecretString random_text(std::size_t length, std::string_view alphabet) {
  SecretBytes random(length);
  fill_random(random);
  SecretString text;
  text.reserve(length);
  for (std::uint8_t byte : random) text.push_back(alphabet[byte % alphabet.size()]);
  return text;
}

// Of 32 and 64 characters: no one of them is likelier than another.
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string label_of(const std::string& access_key_id) {
  return "trent/credential/" + access_key_id;
}

// "alice" of "user/team/alice".
std::string user_name(const std::string& arn) {
  const std::string_view resource = parse_arn(arn)->resource;
  return std::string(resource.substr(resource.rfind('/') + 1));
}

double now() {
  return static_cast<double>(std::time(nullptr));
}

std::string credentials_path(const Arguments& arguments, const std::string& config) {
  if (!arguments.credentials.empty()) return arguments.credentials;
  return (fs::path(configuration(config).source).parent_path() / "credentials.toml").string();
}

hsm::Token& token_of(kms::Service& service, const std::string& arn) {
  return service.accounts().home(std::string(parse_arn(arn)->account)).token;
}

void say_when() {
  std::cerr << "A running server takes notice within two seconds.\n";
}

void print(kms::Json json) {
  write_output(as_bytes(json_text(std::move(json))));
}

// Where the secret of an access key is kept, in the words of credentials.toml.
class NewSecret {
 public:
  void keep_in_token(kms::Service& service, const std::string& arn, const std::string& id,
                     const SecretString& secret) {
    SecretString value(server::kSecretPrefix);
    value += secret;
    hsm::Token& token = token_of(service, arn);
    hsm::create_hmac_secret(token, label_of(id), as_bytes(value));
    undo_.arm([&token, id] { hsm::destroy_hmac_secret(token, label_of(id)); });
    source_ = "token:" + label_of(id);
  }
  void keep_in_file(const std::string& directory, const std::string& id,
                    const SecretString& secret) {
    const fs::path secrets = fs::path(directory) / "secrets";
    const bool made = mkdir(secrets.c_str(), 0700) == 0;
    if (!made && !fs::is_directory(secrets))
      throw Failure("Cannot make the directory " + secrets.string() + ".");
    undo_.arm([secrets, id, made] {
      fs::remove(secrets / id);
      if (made) fs::remove(secrets);
    });
    SecretString line = secret;
    line.push_back('\n');
    replace_file((secrets / id).string(), as_bytes(line));
    source_ = "file:secrets/" + id;
  }
  const std::string& source() const { return source_; }
  void release() { undo_.release(); }

 private:
  std::string source_;
  Undo undo_;
};

// Adds the section, prints the answer that `json` makes, and leaves nothing behind if that fails.
void add_and_print(CredentialsFile& file, const std::string& lines, kms::Json json) {
  Undo undo;
  file.add(lines);
  undo.arm([&file] { file.restore(); });
  file.save();
  write_output(as_bytes(json_text(std::move(json))),
               "Nothing was made, for the secret could not be written");
  undo.release();
}

std::string toml_string(const std::string& text) {
  const auto json = kms::Json(text).dump();  // strings of JSON are strings of TOML
  return {json.begin(), json.end()};
}

// `more`: further lines of the section.
void create_access_key(CredentialsFile& file, const std::string& config, const std::string& arn,
                       bool in_token, const std::string& more) {
  std::optional<kms::Service> service;
  if (in_token) {
    service.emplace(configuration(config), PinQuestion());
    token_of(*service, arn).log_in();  // while a question for the PIN can be interrupted
  }
  process::SignalsBlocked uninterrupted;
  std::string id = "AKIA";
  id += random_text(16, kBase32);
  const SecretString secret = random_text(40, kBase64);
  NewSecret kept;
  if (in_token)
    kept.keep_in_token(*service, arn, id, secret);
  else
    kept.keep_in_file(file.directory(), id, secret);

  kms::Json key = kms::Json::object();
  key["UserName"] = user_name(arn).c_str();
  key["AccessKeyId"] = id.c_str();
  key["Status"] = "Active";
  key["SecretAccessKey"] = secret;
  key["CreateDate"] = now();
  kms::Json json = kms::Json::object();
  json["AccessKey"] = std::move(key);
  add_and_print(file,
                "arn = " + toml_string(arn) + "\naccess-key-id = " + toml_string(id) +
                    "\nsecret = " + toml_string(kept.source()) + "\n" + more,
                std::move(json));
  kept.release();
}

void create_bearer_token(CredentialsFile& file, const std::string& arn) {
  process::SignalsBlocked uninterrupted;
  const SecretString token = random_text(43, kBase64Url);
  const std::string hash = to_hex(sha256({as_bytes(token)}));
  kms::Json bearer = kms::Json::object();
  bearer["UserName"] = user_name(arn).c_str();
  bearer["Token"] = token;
  bearer["Sha256"] = hash.c_str();
  bearer["CreateDate"] = now();
  kms::Json json = kms::Json::object();
  json["BearerToken"] = std::move(bearer);
  add_and_print(file, "arn = " + toml_string(arn) + "\nbearer-sha256 = " + toml_string(hash) + "\n",
                std::move(json));
}

int create(const Arguments& arguments, const std::string& config) {
  if (!is_principal(arguments.principal))
    throw UsageError(
        "--principal must be the ARN of a principal, like "
        "arn:aws:iam::111122223333:user/alice.");
  CredentialsFile file(credentials_path(arguments, config));
  if (arguments.bearer)
    create_bearer_token(file, arguments.principal);
  else
    create_access_key(file, config, arguments.principal, arguments.secret_in == "token", "");
  say_when();
  return kSuccess;
}

int list(const Arguments& arguments, const std::string& config) {
  const server::Credentials credentials =
      server::load_credentials(credentials_path(arguments, config), server::Secrets::Leave);
  kms::Json keys = kms::Json::array();
  kms::Json others = kms::Json::array();
  for (const server::Principal& principal : credentials.principals) {
    kms::Json entry = kms::Json::object();
    entry["UserName"] = user_name(principal.arn).c_str();
    entry["Principal"] = principal.arn.c_str();
    if (!principal.access_key_id.empty()) entry["AccessKeyId"] = principal.access_key_id.c_str();
    entry["Status"] = principal.is_disabled ? "Inactive" : "Active";
    if (!principal.access_key_id.empty()) entry["Secret"] = principal.secret_source.c_str();
    if (principal.expires)
      entry["ExpirationDate"] =
          static_cast<double>(std::chrono::system_clock::to_time_t(*principal.expires));
    if (principal.uid) entry["Uid"] = *principal.uid;
    if (!principal.certificate.empty()) entry["Certificate"] = principal.certificate.c_str();
    if (principal.bearer_hash) entry["BearerSha256"] = to_hex(*principal.bearer_hash).c_str();
    (principal.access_key_id.empty() ? others : keys).push_back(std::move(entry));
  }
  kms::Json json = kms::Json::object();
  json["AccessKeyMetadata"] = std::move(keys);
  json["OtherCredentials"] = std::move(others);
  print(std::move(json));
  return kSuccess;
}

int disable(const Arguments& arguments, const std::string& config) {
  CredentialsFile file(credentials_path(arguments, config));
  file.disable(arguments.access_key_id);
  file.save();
  say_when();
  return kSuccess;
}

int rotate(const Arguments& arguments, const std::string& config) {
  CredentialsFile file(credentials_path(arguments, config));
  const server::Principal old = file.find(arguments.access_key_id);
  std::string expires;
  if (old.expires)
    expires =
        "expires = " + format_utc(std::chrono::system_clock::to_time_t(*old.expires), "%FT%TZ") +
        "\n";
  create_access_key(file, config, old.arn, server::secret_in_token(old).has_value(), expires);
  std::cerr << "The old access key, " << old.access_key_id << ", is "
            << (old.is_disabled ? "disabled" : "valid") << " until it is deleted: trent credential "
            << (old.is_disabled ? "delete" : "disable|delete") << " --access-key-id "
            << old.access_key_id << '\n';
  say_when();
  return kSuccess;
}

int remove(const Arguments& arguments, const std::string& config) {
  CredentialsFile file(credentials_path(arguments, config));
  const server::Principal old = file.find(arguments.access_key_id);
  const std::string& id = old.access_key_id;
  const bool in_token = server::secret_in_token(old) == label_of(id);
  const bool in_file = old.secret_source == "file:" + file.directory() + "/secrets/" + id;
  std::optional<kms::Service> service;
  if (in_token) {
    service.emplace(configuration(config), PinQuestion());
    token_of(*service, old.arn).log_in();
  }
  process::SignalsBlocked uninterrupted;
  Undo undo;
  file.remove(id);
  undo.arm([&file] { file.restore(); });
  file.save();
  if (in_token) hsm::destroy_hmac_secret(token_of(*service, old.arn), label_of(id));
  if (in_file) fs::remove(fs::path(file.directory()) / "secrets" / id);
  undo.release();
  if (!in_token && !in_file)
    std::cerr << "The secret was not made by this command, and is left where it is.\n";
  say_when();
  return kSuccess;
}

std::shared_ptr<Arguments> common_options(Options& options) {
  auto arguments = std::make_shared<Arguments>();
  options.path(arguments->credentials, "--credentials",
               "The file; default: credentials.toml beside the\nconfiguration file");
  return arguments;
}

template <int (*Run)(const Arguments&, const std::string&)>
std::function<int(const std::string&)> define_for_all(Options& options) {
  auto arguments = common_options(options);
  return [arguments](const std::string& config) { return Run(*arguments, config); };
}

template <int (*Run)(const Arguments&, const std::string&)>
std::function<int(const std::string&)> define_for_key(Options& options) {
  auto arguments = common_options(options);
  options.text(arguments->access_key_id, "--access-key-id", Need::Required, "Which access key");
  return [arguments](const std::string& config) { return Run(*arguments, config); };
}

std::function<int(const std::string&)> define_create(Options& options) {
  auto arguments = common_options(options);
  options.text(arguments->principal, "--principal", Need::Required,
               "ARN of the user or role that it is for");
  options.choice(arguments->secret_in, "--secret-in", {"token", "file"},
                 "Where the secret is kept; default: token");
  options.flag(arguments->bearer, "--bearer", "A bearer token in place of an access key");
  return [arguments](const std::string& config) { return create(*arguments, config); };
}

}  // namespace

VerbGroup credential_verbs() {
  return {
      "credential",
      "Access keys and bearer tokens for `trent serve`",
      kHelp,
      {{"create", "Make an access key or a bearer token", kCreateHelp, true, define_create},
       {"list", "Show who may come in", kListHelp, true, define_for_all<list>},
       {"disable", "Let an access key in no longer", kDisableHelp, true, define_for_key<disable>},
       {"rotate", "Make another access key for the same principal", kRotateHelp, true,
        define_for_key<rotate>},
       {"delete", "Remove an access key and its secret", kDeleteHelp, true,
        define_for_key<remove>}}};
}

}  // namespace trent::cli
