// SPDX-License-Identifier: Apache-2.0
// What the files that `trent init` writes say.
#include "cli/init_files.h"

#include <openssl/conf.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <string_view>

#include "base/openssl.h"
#include "cli/errors.h"
#include "hsm/softhsm_files.h"

namespace trent::cli {

namespace {

// SoftHSM, TOML and OpenSSL write it alike.
std::string setting(const std::string& name, const std::string& value) {
  return name + " = " + value + "\n";
}

// A TOML basic string. Control characters do not occur in our values.
std::string toml_quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string toml_key(const std::string& name) {
  const bool is_bare = !name.empty() && std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
  return is_bare ? name : toml_quoted(name);
}

std::string toml_table(const std::map<std::string, std::string>& table) {
  std::string out;
  for (const auto& [name, value] : table)
    out += (out.empty() ? "{ " : ", ") + toml_key(name) + " = " + toml_quoted(value);
  return out + " }";
}

// A value in an OpenSSL configuration file (config(5)).
std::string openssl_escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (std::string_view("\\\"'`$#;").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// The value of an attribute in a PKCS#11 URI (RFC 7512 section 2.3): unreserved characters stay.
std::string percent_encoded(const std::string& text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  static constexpr std::string_view unreserved =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string out;
  for (char c : text) {
    if (unreserved.find(c) != std::string_view::npos) {
      out += c;
    } else {
      auto b = static_cast<unsigned char>(c);
      out += {'%', digits[b >> 4], digits[b & 15]};
    }
  }
  return out;
}

struct FreeConf {
  void operator()(CONF* conf) const { NCONF_free(conf); }
};

// What the system's configuration activates, to be repeated beside our provider: OpenSSL obeys a
// single openssl_conf section.
struct SystemConfiguration {
  std::string settings;   // lines of its openssl_conf section, but for providers
  std::string providers;  // lines of its provider section, but for default and trent

  explicit SystemConfiguration(const std::string& file) {
    OpensslGuard guard;
    std::unique_ptr<CONF, FreeConf> conf(NCONF_new(nullptr));
    if (!conf || NCONF_load(conf.get(), file.c_str(), nullptr) != 1)
      throw Failure("OpenSSL cannot read its configuration " + file + ".");
    const char* init = NCONF_get_string(conf.get(), nullptr, "openssl_conf");
    if (init == nullptr) return;
    settings = lines(conf.get(), init, {"providers"});
    const char* provider_section = NCONF_get_string(conf.get(), init, "providers");
    if (provider_section != nullptr)
      providers = lines(conf.get(), provider_section, {"default", "trent"});
  }

 private:
  static std::string lines(const CONF* conf, const char* section,
                           std::initializer_list<std::string_view> but) {
    std::string out;
    const STACK_OF(CONF_VALUE)* values = NCONF_get_section(conf, section);
    for (int i = 0; i < sk_CONF_VALUE_num(values); ++i) {
      const CONF_VALUE* value = sk_CONF_VALUE_value(values, i);
      if (std::ranges::find(but, std::string_view(value->name)) != but.end()) continue;
      out += setting(value->name, openssl_escaped(value->value));
    }
    return out;
  }
};

}  // namespace

std::string softhsm_configuration(const NewToken& token) {
  return std::string(hsm::kFollowsDirectory) + "\n" +
         setting("directories.tokendir", (token.directory / "tokens").string()) +
         setting("objectstore.backend", "file") + setting("log.level", "ERROR");
}

std::string trent_configuration(const NewToken& token) {
  const bool made = token.uri.empty();
  const std::string pin_source = made ? "file:pin" : token.pin_source;
  const auto environment =
      made ? std::map<std::string, std::string>{{"SOFTHSM2_CONF", "./softhsm2.conf"}}
           : token.environment;
  return "# Made by `trent init`. trent.toml(5) describes every key.\n"
         "[[token]]\n" +
         setting("account", toml_quoted(token.account)) +
         setting("region", toml_quoted(token.region)) +
         setting("module", toml_quoted(token.module)) +
         setting("uri",
                 toml_quoted(made ? "pkcs11:token=" + percent_encoded(token.label) : token.uri)) +
         (pin_source.empty() ? "" : setting("pin-source", toml_quoted(pin_source))) +
         (made ? "# For SoftHSM, if it is not set. With ./ it is a path from here.\n" : "") +
         (environment.empty() ? "" : setting("environment", toml_table(environment)));
}

std::string openssl_configuration(const NewToken& token, const std::string& system_file) {
  std::string out =
      "# Made by `trent init`: the system's configuration, and the provider trent.\n"
      "# Where this file is; `env` says it anew if it has been moved.\n" +
      setting("TRENT_DIR", openssl_escaped(token.directory.string()));
  std::string settings, providers;
  if (std::filesystem::exists(system_file)) {
    SystemConfiguration system(system_file);
    out += ".include " + openssl_escaped(system_file) + "\n";
    settings = system.settings;
    providers = system.providers;
  }
  out += "\n[default]\n" + setting("openssl_conf", "trent_init");
  out += "\n[trent_init]\n" + settings + setting("providers", "trent_providers");
  // `default` is named since OpenSSL loads it by itself only where no other provider is active. It
  // comes first, so that public keys of other people are not handed to us.
  out += "\n[trent_providers]\n" + setting("default", "trent_default") +
         setting("trent", "trent_provider") + providers;
  out += "\n[trent_default]\n" + setting("activate", "1");
  out += "\n[trent_provider]\n" + setting("module", "${ENV::TRENT_DIR}/modules/trent.so") +
         setting("trent-conf", "${ENV::TRENT_DIR}/trent.toml") + setting("activate", "1");
  return out;
}

std::string environment(const NewToken& token) {
  auto line = [&](const std::string& name, const char* file) {
    return "export " + name + "=\"$TRENT_DIR/" + file + "\"\n";
  };
  return R"(# Made by `trent init`, to be sourced by a shell: . env
# The directory of this file, which may have been moved. bash and zsh tell it; other shells have it open.
TRENT_DIR=
if [ -n "${BASH_VERSION-}" ]; then
  TRENT_DIR=${BASH_SOURCE-}
elif [ -n "${ZSH_VERSION-}" ]; then
  eval 'TRENT_DIR=${(%):-%x}'
elif [ -r /proc/self/stat ]; then
  read -r TRENT_PID TRENT_FD </proc/self/stat
  for TRENT_FD in /proc/"$TRENT_PID"/fd/*; do
    case $(readlink "$TRENT_FD") in
      */env) TRENT_DIR=$(readlink "$TRENT_FD") ;;
    esac
  done
  unset TRENT_PID TRENT_FD
fi
case $TRENT_DIR in
  */*) TRENT_DIR=$(CDPATH='' cd "${TRENT_DIR%/*}/" && pwd) || TRENT_DIR= ;;
  ?*) TRENT_DIR=$(pwd) ;;
esac
# Where it was made, if nothing tells.
[ -f "$TRENT_DIR/trent.toml" ] || TRENT_DIR=)" +
         shell_quoted(token.directory.string()) + "\nexport TRENT_DIR\n" +
         line("TRENT_CONF", "trent.toml") +
         (token.uri.empty() ? line("SOFTHSM2_CONF", "softhsm2.conf") : "") +
         line("OPENSSL_CONF", "openssl.cnf") + line("OPENSSL_MODULES", "modules");
}

std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

}  // namespace trent::cli
