// SPDX-License-Identifier: Apache-2.0
// trent init: a SoftHSM token with everything that is needed to use it, in one directory.
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"
#include "base/openssl.h"
#include "cli/errors.h"
#include "cli/init_files.h"
#include "cli/new_directory.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "hsm/initialize.h"
#include "process/signals.h"

namespace trent::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kHelp = R"(
Makes DIR with a new SoftHSM token, random PINs, and the configuration files for
Trent, SoftHSM and OpenSSL. Everything is inside DIR, readable for you only. DIR must
be new, or empty and your own; and nobody else may be able to rename a directory on
the way to it. The files env, trent.toml, softhsm2.conf and openssl.cnf name DIR by
its absolute path: in a copy that is to be used elsewhere, correct it.

SoftHSM is software: good for development and tests. For an HSM, write a trent.toml
by hand: see trent.toml(5).

Examples:
  trent init ~/kms
  . ~/kms/env
  trent create-key
)";

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
  env            sets TRENT_CONF, SOFTHSM2_CONF, OPENSSL_CONF and OPENSSL_MODULES

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
  try {
    parse_config(trent_configuration(token), "the new trent.toml");
  } catch (const Error& error) {
    throw UsageError(error.text());
  }
  if (!fs::exists(token.module))
    throw UsageError("There is no " + token.module +
                     ". Install SoftHSM (Debian: apt install softhsm2), or name its library with "
                     "--module.");
}

std::function<int(const std::string&)> define_init(Options& options) {
  struct Arguments {
    std::string directory;
    std::string account = "111122223333";
    std::string region = "local";
    std::string module = default_module();
    std::string label = "kms";
  };
  auto arguments = std::make_shared<Arguments>();
  options.positional(arguments->directory, "DIR", "The directory to make");
  options.text(arguments->account, "--account", Need::Optional,
               "12 digits: the account in the ARN of the keys; default:\n111122223333");
  options.text(arguments->region, "--region", Need::Optional,
               "The region in the ARN of the keys; default: local");
  options.path(arguments->module, "--module", "SoftHSM's library");
  options.text(arguments->label, "--label", Need::Optional,
               "Label of the token, at most 32 bytes; default: kms");
  return [arguments](const std::string&) {
    auto absolute = [](const fs::path& path) { return fs::absolute(path).lexically_normal(); };
    if (arguments->directory.empty()) throw UsageError("DIR is empty: name the directory to make.");
    fs::path directory = absolute(arguments->directory);
    if (!directory.has_filename()) directory = directory.parent_path();  // "kms/"
    NewToken token{directory, arguments->account, arguments->region,
                   absolute(arguments->module).string(), arguments->label};
    check_arguments(token);
    try {
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
  return {"init", "Make a SoftHSM token of your own, ready to use", kHelp, false, define_init};
}

}  // namespace trent::cli
