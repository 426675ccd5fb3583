// SPDX-License-Identifier: Apache-2.0
// The configuration file (TOML). docs/configuration.md describes each key for the user.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trent {

struct TokenConfig {
  std::string account;     // 12 digits, AWS account of the keys in this token
  std::string region;      // of the keys; an account may have a token in each of several
  std::string module;      // path of a PKCS#11 module, or the name of a p11-kit module
  std::string uri;         // RFC 7512: which token of the module
  std::string pin_source;  // "file:/path", "env:NAME", or empty: ask
  // What its module, and those of the other tokens, find in the environment if nothing is there.
  std::map<std::string, std::string> environment{};
  // Time without a look whether our handles are still ours (hsm/sentinel.h); not in the file.
  // SoftHSM needs longer for a login, and before it, the handles of others are good for nothing.
  std::chrono::microseconds trust_handles{1000};
  // So many base keys are remembered (hsm/token.h); not in the file.
  std::size_t base_keys = 1000;
};

// What a PKCS#11 application gets that generates a key in the token.
enum class Keygen {
  Auto,   // a KMS key where it can be one, else an ordinary key of the token
  Kms,    // a KMS key; what cannot be one is refused
  Token,  // an ordinary key of the token
};

// Where a record of each operation goes.
struct AuditConfig {
  enum class To { Nowhere, File, Syslog, Journal };
  To to = To::Nowhere;
  std::string path{};     // of the file; of the socket, or empty: where the system has it
  bool required = false;  // an operation whose record cannot be written fails
};

struct Config {
  std::string source;     // the file's path, for messages
  std::string principal;  // who calls; default: the first token's account root
  std::chrono::milliseconds refresh{1000};
  Keygen keygen = Keygen::Auto;
  bool host_reencrypt = false;  // what no token can do inside is done in this process
  // The token verifies and encrypts with public keys, which this process could do as well.
  bool public_keys_in_token = false;
  std::string identity_policies;  // directory of the policies of users and roles; empty: none
  AuditConfig audit;
  std::vector<TokenConfig> tokens;  // never empty; the first is the default
};

// Whether a region may be called so.
bool is_region_name(std::string_view text);

// Parses the text of a configuration file; `source` names it in messages.
// Throws ValidationException that names the file, the line where known, the key and what to do.
Config parse_config(std::string_view text, const std::string& source);

// As load_config(), but nullopt if there is none.
std::optional<Config> find_config(const std::string& given = {});

// Reads the first of: $TRENT_CONF; `given` (the provider parameter trent-conf, p11-kit's
// x-init-reserved or C_Initialize's pReserved), if not empty; ~/.config/trent/trent.toml;
// /etc/trent/trent.toml. A file that is named by one of the first two must exist.
// Throws ValidationException if there is none ("run trent init") or it is bad.
Config load_config(const std::string& given = {});

}  // namespace trent
