// SPDX-License-Identifier: Apache-2.0
// trent init: in one directory, all that is needed to use a token: a SoftHSM token that it makes,
// or one that is there.
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"
#include "base/openssl.h"
#include "blob/shorthand.h"
#include "cli/errors.h"
#include "cli/init_files.h"
#include "cli/new_directory.h"
#include "cli/output.h"
#include "cli/pin_prompt.h"
#include "cli/verb.h"
#include "config/config.h"
#include "hsm/initialize.h"
#include "hsm/softhsm_files.h"
#include "hsm/token.h"
#include "process/signals.h"

namespace trent::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kHelp = R"(
Makes DIR with a new SoftHSM token, random PINs, and the configuration files for
Trent, SoftHSM and OpenSSL. Everything is inside DIR, readable for you only. DIR must
be new, or empty and your own; and nobody else may be able to rename a directory on
the way to it. DIR may be moved or copied later, as a whole: source env anew.
`trent --config DIR/trent.toml` works without that.

SoftHSM is software: good for development and tests. For an HSM, --token names
a token that is there already, and --module its library. DIR then has trent.toml,
env and OpenSSL's configuration only. The token is looked for, and tried with
session objects where there is a PIN for it: nothing is written into it. If it
cannot do what is needed, the exit code is 1. What the library wants to find in the
environment goes into trent.toml: SOFTHSM2_CONF by itself, if the token is SoftHSM's
and it is set; other variables with --environment.

Examples:
  trent init ~/kms
  . ~/kms/env
  trent create-key
  trent init --token pkcs11:token=production --module /opt/vendor/lib/p11.so \
      --pin-source file:/etc/trent/pin ~/hsm
  trent init --token pkcs11:token=hsm --module /opt/nfast/toolkits/pkcs11/libcknfast.so \
      --environment CKNFAST_ASSUME_SINGLE_PROCESS=0 ~/hsm
)";

fs::path absolute(const fs::path& path) {
  return fs::absolute(path).lexically_normal();
}

std::string default_module() {
  const char* candidates[] = {
      "/usr/lib/softhsm/libsofthsm2.so",        // Debian
      "/usr/lib64/pkcs11/libsofthsm2.so",       // Fedora
      "/usr/lib/pkcs11/libsofthsm2.so",         // Arch
      "/usr/local/lib/softhsm/libsofthsm2.so",  // SoftHSM's own default
  };
  for (const char* path : candidates)
    if (fs::exists(path)) return path;
  return candidates[0];
}

// Beside the command, as in a build directory, or where it was installed. The way from the command
// to there is what counts: an installation may have been moved, all of it.
fs::path find_library() {
  fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  fs::path to_modules = fs::path(TRENT_MODULES_DIR).lexically_relative(TRENT_BIN_DIR);
  fs::path beside = here / "trent.so";
  fs::path installed = (here / to_modules / "trent.so").lexically_normal();
  for (const fs::path& path : {beside, installed})
    if (fs::exists(path)) return path;
  throw Failure("The library trent.so is neither " + beside.string() + " nor " +
                installed.string() + ". Install Trent completely.");
}

std::string system_configuration() {
  return std::string(OPENSSL_info(OPENSSL_INFO_CONFIG_DIR)) + "/openssl.cnf";
}

// 160 random bits, of characters that need no quoting anywhere and are not mistaken for another.
SecretBytes random_pin() {
  static constexpr char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
  static_assert(sizeof alphabet == 32 + 1);
  SecretBytes pin(32);
  fill_random(pin);
  for (std::uint8_t& b : pin) b = static_cast<std::uint8_t>(alphabet[b % 32]);
  return pin;
}

void write_file(const fs::path& path, ByteView content) {
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file || !write_all(file.get(), content) || fsync(file.get()) != 0)
    throw Failure("Cannot write " + path.string() + ": " + std::strerror(errno));
}

// OPENSSL_MODULES replaces OpenSSL's directory of modules: the others must stay loadable.
void link_modules(const fs::path& directory) {
  fs::create_directory(directory);
  fs::create_symlink(find_library(), directory / "trent.so");
  fs::path system = OPENSSL_info(OPENSSL_INFO_MODULES_DIR);
  if (!fs::is_directory(system)) return;
  for (const fs::directory_entry& entry : fs::directory_iterator(system))
    if (entry.path().extension() == ".so" && entry.path().filename() != "trent.so")
      fs::create_symlink(entry.path(), directory / entry.path().filename());
}

void make(const NewToken& token) {
  umask(077);
  process::SignalsBlocked uninterrupted;  // nothing half-made is left behind by ^C
  // `env` comes last: whoever finds it finds all.
  NewDirectory directory(token.directory, "env",
                         {"tokens", "tokens.backup", "softhsm2.conf", "pin", "so-pin", "trent.toml",
                          "modules", "openssl.cnf"});
  const fs::path& dir = token.directory;

  SecretBytes pin = random_pin();
  SecretBytes so_pin = random_pin();
  fs::create_directory(dir / "tokens");
  write_file(dir / "softhsm2.conf", as_bytes(softhsm_configuration(token)));
  setenv("SOFTHSM2_CONF", (dir / "softhsm2.conf").c_str(), 1);
  hsm::initialize_token(token.module, token.label, so_pin, pin);

  write_file(dir / "pin", pin);
  write_file(dir / "so-pin", so_pin);
  write_file(dir / "trent.toml", as_bytes(trent_configuration(token)));
  link_modules(dir / "modules");
  write_file(dir / "openssl.cnf", as_bytes(openssl_configuration(token, system_configuration())));
  directory.finish(as_bytes(environment(token)));
}

void check_configuration(const NewToken& token) {
  try {
    parse_config(trent_configuration(token), "the new trent.toml");
  } catch (const Error& error) {
    throw UsageError(error.text());
  }
}

// What the self-test says of a token that is there; nothing is written into it.
struct Trial {
  std::string token;               // label, manufacturer, model, serial
  std::string lacks{};             // why Trent cannot use it; empty if it can
  std::optional<bool> in_token{};  // ReEncrypt; nullopt: there was no PIN to try it with
  bool is_softhsm = false;
};

// Throws trent::Error if there is no such module or token, or it refuses the PIN.
Trial try_token(const NewToken& token) {
  PinQuestion question;
  bool nobody_to_ask = false;
  hsm::Token there(parse_config(trent_configuration(token), "the new trent.toml").tokens.front(),
                   [&](const std::string& label) {
                     std::optional<SecretBytes> pin = question(label);
                     nobody_to_ask = !pin;
                     return pin;
                   });
  const CK_TOKEN_INFO info = there.find().info;
  Trial trial{.token = hsm::describe(info), .is_softhsm = hsm::is_softhsm(info)};
  try {
    trial.in_token = hsm::keeps_secrets(hsm::profile_of(there));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::UnsupportedOperation)
      trial.lacks = error.text();
    else if (!nobody_to_ask)
      throw;
  }
  return trial;
}

// What SoftHSM finds this token by has to be there in other shells, too.
void keep_softhsm_configuration(std::map<std::string, std::string>& environment) {
  const char* name = "SOFTHSM2_CONF";
  if (const char* path = std::getenv(name); path != nullptr && *path != '\0')
    environment.emplace(name, absolute(path).string());
}

Trial make_for_existing(NewToken token) {
  umask(077);
  // What is given counts, and not what the shell has.
  for (const auto& [name, value] : token.environment) unsetenv(name.c_str());
  Trial trial = try_token(token);  // which may ask for the PIN, and be left by ^C
  if (trial.is_softhsm) keep_softhsm_configuration(token.environment);
  check_configuration(token);
  process::SignalsBlocked uninterrupted;
  NewDirectory directory(token.directory, "env", {"trent.toml", "modules", "openssl.cnf"});
  const fs::path& dir = token.directory;
  write_file(dir / "trent.toml", as_bytes(trent_configuration(token)));
  link_modules(dir / "modules");
  write_file(dir / "openssl.cnf", as_bytes(openssl_configuration(token, system_configuration())));
  directory.finish(as_bytes(environment(token)));
  return trial;
}

std::string what_was_found(const NewToken& token, const Trial& trial) {
  std::string out =
      "Found the token: " + printable(trial.token) + "\nNothing was written into it.\n";
  if (!trial.lacks.empty())
    out += "It cannot be used with Trent: " + printable(trial.lacks) + "\n";
  else if (!trial.in_token)
    out += "It was not tried: there is no PIN. (--pin-source, or run this at a terminal)\n";
  else
    out += std::string("ReEncrypt inside the token: ") + (*trial.in_token ? "yes" : "no") + "\n";
  return out + "\nMade " + token.directory.string() + R"(:
  trent.toml     Trent's configuration
  openssl.cnf    OpenSSL's: the system's, and the provider trent
  modules/       OpenSSL's modules and trent.so
  env            sets TRENT_CONF, OPENSSL_CONF and OPENSSL_MODULES

Next:
  . )" + shell_quoted((token.directory / "env").string()) +
         R"(
  trent check
)";
}

std::string what_was_made(const NewToken& token) {
  return "Made the SoftHSM token \"" + printable(token.label) + "\" in " +
         token.directory.string() + R"(:
  tokens/        the token itself, with every key
  tokens.backup/ a copy of what SoftHSM rewrites in every login
  pin, so-pin    its PINs
  trent.toml     Trent's configuration
  softhsm2.conf  SoftHSM's
  openssl.cnf    OpenSSL's: the system's, and the provider trent
  modules/       OpenSSL's modules and trent.so
  env            sets TRENT_CONF, SOFTHSM2_CONF, OPENSSL_CONF, OPENSSL_MODULES

Try it:
  . )" + shell_quoted((token.directory / "env").string()) +
         R"(
  KEY=$(trent create-key --output raw)
  trent create-alias --alias-name alias/app --target-key-id "$KEY"
  echo 'a secret' | trent encrypt --key-id alias/app --plaintext - --output raw > secret.blob
  trent decrypt --ciphertext-blob fileb://secret.blob --output raw
)";
}

void check_arguments(const NewToken& token) {
  // SoftHSM's configuration has no way to quote.
  const std::string path = token.directory.string();
  if (path.find_first_of("#=") != std::string::npos || printable(path) != path)
    throw UsageError(
        "DIR must have no '#', no '=' and no control character in its path: SoftHSM's "
        "configuration cannot name it.");
  // SoftHSM reads lines of at most 1023 bytes.
  if (path.size() > 900)
    throw UsageError("The path of DIR is too long for SoftHSM's configuration.");
  if (token.label.empty() || token.label.size() > 32)
    throw UsageError("--label must have 1 to 32 bytes: it becomes the label of a PKCS#11 token.");
  check_configuration(token);
  if (!fs::exists(token.module))
    throw UsageError("There is no " + token.module +
                     ". Install SoftHSM (Debian: apt install softhsm2), or name its library with "
                     "--module.");
}

// What TOML and OpenSSL's configuration cannot name in one line.
void check_arguments_for_existing(const NewToken& token) {
  std::vector<std::string> texts = {token.directory.string(), token.module, token.uri,
                                    token.pin_source};
  for (const auto& [name, value] : token.environment) texts.insert(texts.end(), {name, value});
  if (std::ranges::any_of(texts, [](const std::string& text) { return printable(text) != text; }))
    throw UsageError("DIR and options must have no control character.");
  check_configuration(token);
  if (token.module.find('/') != std::string::npos && !fs::exists(token.module))
    throw UsageError("There is no " + token.module +
                     ". Name the PKCS#11 library of the HSM with --module: the vendor's manual "
                     "says where it is.");
}

// As in trent.toml: what has no slash, and is no file here, is a module that p11-kit knows.
std::string named_module(const std::string& name) {
  if (name.find('/') == std::string::npos && !fs::exists(name)) return name;
  return absolute(name).string();
}

// A relative path is meant from here, and trent.toml is elsewhere.
std::string named_pin_source(const std::string& text) {
  constexpr std::string_view file = "file:";
  const std::string path = text.starts_with(file) ? text.substr(file.size()) : "";
  return path.empty() || path[0] == '/' || path[0] == '~' ? text
                                                          : "file:" + absolute(path).string();
}

// NAME=VALUE,NAME=VALUE. In trent.toml, a value that begins so is a path from there.
std::map<std::string, std::string> named_environment(const std::string& text) {
  std::map<std::string, std::string> environment;
  try {
    environment = blob::parse_shorthand(text);
  } catch (const Error& error) {
    throw UsageError("Error parsing parameter '--environment': " + error.text());
  }
  for (auto& [name, value] : environment)
    if (value.starts_with("./") || value.starts_with("../")) value = absolute(value).string();
  return environment;
}

std::function<int(const std::string&)> define_init(Options& options) {
  struct Arguments {
    std::string directory;
    std::string account = "111122223333";
    std::string region = "local";
    std::optional<std::string> module;
    std::optional<std::string> label;
    std::optional<std::string> token;
    std::optional<std::string> pin_source;
    std::optional<std::string> environment;
  };
  auto arguments = std::make_shared<Arguments>();
  options.positional(arguments->directory, "DIR", "The directory to make");
  options.text(arguments->account, "--account", Need::Optional,
               "12 digits: the account in the ARN of the keys; default:\n111122223333");
  options.text(arguments->region, "--region", Need::Optional,
               "The region in the ARN of the keys; default: local");
  options.path(arguments->module, "--module", "SoftHSM's library, or that of the token");
  options.text(arguments->label, "--label", Need::Optional,
               "Label of the new token, at most 32 bytes; default: kms");
  options.text(arguments->token, "--token", Need::Optional,
               "PKCS#11 URI of a token that is there: none is made");
  options.text(arguments->pin_source, "--pin-source", Need::Optional,
               "With --token: file:PATH or env:NAME; default: ask");
  options.text(
      arguments->environment, "--environment", Need::Optional,
      "With --token: variables for the module, if they are not\nset: NAME=VALUE,NAME=VALUE");
  return [arguments](const std::string&) {
    if (!arguments->token && arguments->pin_source)
      throw UsageError("--pin-source needs --token: a new token gets a random PIN.");
    if (!arguments->token && arguments->environment)
      throw UsageError("--environment needs --token: SoftHSM needs no more than it gets.");
    if (arguments->token && arguments->label)
      throw UsageError("--label is for a new token: name the one that is there by --token.");
    if (arguments->token && !arguments->module)
      throw UsageError("--token needs --module: the PKCS#11 library of the HSM.");
    fs::path directory = absolute(arguments->directory);
    if (!directory.has_filename()) directory = directory.parent_path();  // "kms/"
    NewToken token{.directory = directory,
                   .account = arguments->account,
                   .region = arguments->region,
                   .module = absolute(arguments->module.value_or(default_module())).string(),
                   .label = arguments->label.value_or("kms")};
    if (arguments->token) {
      token.module = named_module(*arguments->module);
      token.uri = *arguments->token;
      if (token.uri.empty())
        throw UsageError("--token is empty: give a URI such as pkcs11:token=LABEL.");
      if (arguments->pin_source) token.pin_source = named_pin_source(*arguments->pin_source);
      if (arguments->environment) token.environment = named_environment(*arguments->environment);
      check_arguments_for_existing(token);
    } else {
      check_arguments(token);
    }
    try {
      if (arguments->token) {
        const Trial trial = make_for_existing(token);
        write_output(as_bytes(what_was_found(token, trial)));
        return trial.lacks.empty() ? kSuccess : kProblemsFound;
      }
      make(token);
    } catch (const fs::filesystem_error& error) {
      throw Failure(error.what());
    } catch (const Error& error) {
      throw Failure(error.text());  // of a module that no configuration names
    }
    write_output(as_bytes(what_was_made(token)));
    return kSuccess;
  };
}

}  // namespace

LocalVerb init_verb() {
  return {"init", "Make a SoftHSM token, or set up one that is there", kHelp, false, define_init};
}

}  // namespace trent::cli
