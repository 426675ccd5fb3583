// SPDX-License-Identifier: Apache-2.0
// The configuration file, read and checked key by key.
#include "config/config.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <system_error>

#include "base/arn.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"
#include "config/toml_section.h"
#include "config/uri.h"

namespace trent {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kRegionCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-";
constexpr std::string_view kVariableCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

bool consists_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  auto [unit, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return std::nullopt;
  std::string_view suffix(unit, end);
  if (suffix == "ms") return std::chrono::milliseconds(number);
  if (suffix == "s") return std::chrono::seconds(number);
  if (suffix == "m") return std::chrono::minutes(number);
  if (suffix == "h") return std::chrono::hours(number);
  return std::nullopt;
}

std::chrono::milliseconds read_refresh(const Section& top) {
  std::optional<std::string> text = top.text("refresh");
  if (!text) return Config().refresh;
  std::optional<std::chrono::milliseconds> duration = parse_duration(*text);
  if (!duration || *duration > std::chrono::hours(24))
    top.refuse("refresh", "is not a duration of at most 24 hours.",
               R"(Write a whole number and its unit: "500ms", "1s", "1m", "1h"; "0s" looks )"
               "into the token every time.");
  return *duration;
}

Keygen read_keygen(const Section& top) {
  std::string text = top.text("keygen").value_or("auto");
  if (text == "auto") return Keygen::Auto;
  if (text == "kms") return Keygen::Kms;
  if (text != "token")
    top.refuse("keygen", "has an unknown value.", R"(Write "auto", "kms" or "token".)");
  return Keygen::Token;
}

bool read_host_reencrypt(const Section& top) {
  const std::string text = top.text("host-reencrypt").value_or("deny");
  if (text != "deny" && text != "allow")
    top.refuse("host-reencrypt", "has an unknown value.", R"(Write "deny" or "allow".)");
  return text == "allow";
}

bool read_public_key_operations(const Section& top) {
  const std::string text = top.text("public-key-operations").value_or("host");
  if (text != "host" && text != "token")
    top.refuse("public-key-operations", "has an unknown value.", R"(Write "host" or "token".)");
  return text == "token";
}

// A setting that has one value in this version. Those that it is to have are refused, and not taken
// for it in silence.
void require_only(const Section& top, const char* key, const std::string& only,
                  const std::function<bool(const std::string&)>& is_to_come) {
  std::string text = top.text(key).value_or(only);
  if (text == only) return;
  std::string advice = "Write " + std::string(key) + " = \"" + only + "\", or remove the line.";
  if (is_to_come(text))
    top.refuse(key, "= " + quote_for_message(text) + " is not available yet.", advice);
  top.refuse(key, "has an unknown value.", advice);
}

void require_what_is_there(const Section& top) {
  require_only(top, "bulk", "direct", [](const std::string& text) { return text == "auto"; });
}

// The socket of "NAME:/PATH"; nullopt if `text` is not that.
std::optional<std::string> path_of_socket(std::string_view text, std::string_view name) {
  if (!text.starts_with(name)) return std::nullopt;
  text.remove_prefix(name.size());
  if (!text.starts_with(":/") || text.ends_with("/")) return std::nullopt;
  return std::string(text.substr(1));
}

AuditConfig read_audit(const Section& top) {
  using To = AuditConfig::To;
  const std::string text = top.text("audit").value_or("none");
  AuditConfig audit;
  if (const auto file = top.path_of_file(text)) {
    audit = {To::File, *file};
  } else if (text == "syslog") {
    audit.to = To::Syslog;
  } else if (text == "journald") {
    audit.to = To::Journal;
  } else if (const auto syslog = path_of_socket(text, "syslog")) {
    audit = {To::Syslog, *syslog};
  } else if (const auto journal = path_of_socket(text, "journald")) {
    audit = {To::Journal, *journal};
  } else if (text != "none") {
    top.refuse("audit", "has an unknown value.",
               R"(Write "none", "file:/PATH", "syslog" or "journald".)");
  }
  audit.required = top.flag("audit-required").value_or(false);
  if (audit.required && audit.to == To::Nowhere)
    top.refuse("audit-required", "is true, and records go nowhere.",
               R"(Say where, for example audit = "file:/var/log/trent/audit.log".)");
  return audit;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && kDigits.find(name[0]) == std::string_view::npos &&
         consists_of(name, kVariableCharacters);
}

std::string read_pin_source(const Section& token) {
  std::optional<std::string> text = token.text("pin-source");
  if (!text) return {};
  if (std::optional<std::string> path = token.path_of_file(*text)) return "file:" + *path;
  if (text->starts_with("env:") && is_variable_name(std::string_view(*text).substr(4)))
    return *text;
  token.refuse("pin-source", "is neither a file nor an environment variable.",
               R"(Write "file:/PATH" or "env:NAME", not the PIN itself; or remove the line to be )"
               "asked for the PIN.");
}

std::string read_module(const Section& token) {
  std::string text =
      token.required_text("module",
                          "Name the PKCS#11 module of the token, for example module = "
                          "\"/usr/lib/softhsm/libsofthsm2.so\".");
  // Without a slash it is the name of a module that p11-kit knows.
  return text.find('/') == std::string::npos ? text : token.absolute_path(text);
}

std::string read_uri(const Section& token) {
  constexpr const char* kAdvice =
      R"(Write a PKCS#11 URI (RFC 7512) that names the token, for example uri = "pkcs11:token=kms".)";
  std::string text = token.required_text("uri", kAdvice);
  Uri uri(p11_kit_uri_new());
  // An attribute that p11-kit does not know, a misspelt one perhaps, would never match.
  if (p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, uri.get()) != P11_KIT_URI_OK ||
      p11_kit_uri_any_unrecognized(uri.get()) != 0)
    token.refuse("uri", "is not a PKCS#11 URI.", kAdvice);
  if (p11_kit_uri_get_pin_value(uri.get()) != nullptr ||
      p11_kit_uri_get_pin_source(uri.get()) != nullptr)
    token.refuse("uri", "says how to get the PIN.",
                 "Remove pin-value and pin-source from the URI and use the key pin-source.");
  return text;
}

std::map<std::string, std::string> read_environment(const Section& token,
                                                    const std::vector<TokenConfig>& earlier) {
  std::map<std::string, std::string> out = token.texts("environment");
  for (auto& [name, value] : out) {
    if (!is_variable_name(name))
      token.refuse("environment", "has a name that is none of an environment variable.",
                   R"(Write it like environment = { SOFTHSM2_CONF = "./softhsm2.conf" }.)");
    // What is to be a path says so: other values may look like the name of a file.
    if (value.starts_with("./") || value.starts_with("../") || value.starts_with("~/"))
      value = token.absolute_path(value);
    for (const TokenConfig& other : earlier)
      if (const auto found = other.environment.find(name);
          found != other.environment.end() && found->second != value)
        token.refuse("environment", "gives " + name + " another value than an earlier [[token]].",
                     "A process has one environment: give it the same value in both.");
  }
  return out;
}

TokenConfig read_token(const Section& token, const std::vector<TokenConfig>& earlier) {
  token.allow_only({"account", "region", "module", "uri", "pin-source", "environment"});
  TokenConfig out;
  out.account = token.text("account").value_or("000000000000");
  if (!is_account(out.account))
    token.refuse("account", "is not an AWS account number.", "Write its 12 digits, in quotes.");
  out.region = token.text("region").value_or("local");
  if (!is_region_name(out.region))
    token.refuse("region", "is not the name of a region.",
                 R"(Write lower-case letters, digits and hyphens, for example "local".)");
  out.module = read_module(token);
  out.uri = read_uri(token);
  out.pin_source = read_pin_source(token);
  out.environment = read_environment(token, earlier);

  for (const TokenConfig& other : earlier) {
    if (other.account == out.account && other.region == out.region)
      token.refuse("account", "is taken: another [[token]] has the same, in the same region.",
                   "Give each token an account of its own, or a region of its own.");
    if (other.module == out.module && other.uri == out.uri)
      token.refuse("uri", "names the same token as another [[token]].",
                   "Name another token: the keys of two accounts or regions cannot share one.");
  }
  return out;
}

std::string read_file(const std::string& path, const std::string& named_by) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  std::optional<std::string> text;
  // What is longer is another file, or has no end.
  constexpr std::size_t kMax = std::size_t{1} << 20;
  if (file) text = read_up_to<std::string>(file.get(), kMax + 1);
  const bool is_too_long = text && text->size() > kMax;
  if (!text || is_too_long)
    throw Error(ErrorCode::Validation,
                "The configuration file " + path + named_by + " cannot be read: " +
                    std::generic_category().message(is_too_long ? EFBIG : errno) + ".",
                "Correct the path or its permissions, or make a new configuration with `trent init "
                "DIR`.");
  return *std::move(text);
}

Config read_config(const std::string& path, const std::string& named_by) {
  std::error_code no_working_directory;
  fs::path absolute = fs::absolute(path, no_working_directory);
  std::string file = no_working_directory ? path : absolute.string();
  return parse_config(read_file(file, named_by), file);
}

// Whoever runs a set-user-id program must not choose what is loaded into it.
std::string environment(const char* name) {
  const char* value = secure_getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> usual_places() {
  std::string home = environment("HOME");
  std::vector<std::string> places;
  if (!home.empty()) places.push_back(home + "/.config/trent/trent.toml");
  places.emplace_back("/etc/trent/trent.toml");
  return places;
}

}  // namespace

bool is_region_name(std::string_view text) {
  return consists_of(text, kRegionCharacters);
}

Config parse_config(std::string_view text, const std::string& source) {
  const toml::table table = parse_toml(text, source);
  Section top(table, source);
  top.allow_only({"principal", "refresh", "bulk", "host-reencrypt", "public-key-operations",
                  "keygen", "audit", "audit-required", "identity-policies", "token"});
  Config config;
  config.source = source;
  config.refresh = read_refresh(top);
  config.keygen = read_keygen(top);
  config.host_reencrypt = read_host_reencrypt(top);
  config.public_keys_in_token = read_public_key_operations(top);
  config.audit = read_audit(top);
  require_what_is_there(top);
  if (const auto directory = top.text("identity-policies"))
    config.identity_policies = top.absolute_path(*directory);

  for (const Section& token : top.sections("token"))
    config.tokens.push_back(read_token(token, config.tokens));
  // Whichever module is loaded first, all find the same.
  std::map<std::string, std::string> environment;
  for (const TokenConfig& token : config.tokens)
    environment.insert(token.environment.begin(), token.environment.end());
  for (TokenConfig& token : config.tokens) token.environment = environment;
  if (config.tokens.empty())
    top.refuse("token", "is missing: no token is configured.",
               "Start the section of each token with a line [[token]], in double brackets.");

  config.principal = top.text("principal").value_or(root_arn(config.tokens.front().account));
  if (!is_principal(config.principal))
    top.refuse("principal", "is not the ARN of a principal.",
               R"(Write it like "arn:aws:iam::111122223333:user/alice".)");
  return config;
}

std::optional<Config> find_config(const std::string& given) {
  std::string variable = environment("TRENT_CONF");
  if (!variable.empty()) return read_config(variable, " (named by TRENT_CONF)");
  if (!given.empty()) return read_config(given, "");

  for (const std::string& place : usual_places()) {
    std::error_code unreachable;
    if (fs::exists(place, unreachable)) return read_config(place, "");
  }
  return std::nullopt;
}

Config load_config(const std::string& given) {
  if (auto config = find_config(given)) return *config;
  std::string list;
  for (const std::string& place : usual_places()) list += (list.empty() ? "" : " or ") + place;
  throw Error(ErrorCode::Validation,
              "Trent has no configuration: TRENT_CONF is not set, and there is no " + list + ".",
              "Run `trent init DIR` to make one with a SoftHSM token of its own, or set TRENT_CONF "
              "to the path of yours.");
}

}  // namespace trent
