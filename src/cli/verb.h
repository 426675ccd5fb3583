// What a verb of the command is. To add a KMS operation, write an entry into the table of the file
// that its group has: keys.cc, aliases.cc, ciphertexts.cc or data_keys.cc.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "cli/options.h"
#include "kms/json.h"
#include "kms/service.h"

namespace trent::cli {

// What `--output raw` writes.
enum class Raw {
  Nothing,  // the operation has no response
  Lines,    // identifiers, one a line
  Binary,   // bytes that no terminal should get
  Data,     // what somebody once encrypted: text or not
  None,     // there is not one obvious value: a usage error
};

struct Answer {
  kms::Json json;  // null: the operation has no response
  SecretBytes raw;
  bool secret = false;  // both hold plaintext
  // What `--output text` writes, where there is that; to be called while the service lives.
  std::function<std::string()> text = {};
};

struct KmsVerb {
  const char* name;       // "re-encrypt"
  const char* operation;  // "ReEncrypt"
  const char* summary;
  const char* help;  // what the options do not say, and examples
  Raw raw;
  // Adds the verb's options, and returns what to do once they are loaded.
  std::function<Answer(kms::Service&)> (*define)(Options&);
  bool has_text = false;  // whether there is `--output text`
};

std::span<const KmsVerb> key_verbs();
std::span<const KmsVerb> alias_verbs();
std::span<const KmsVerb> ciphertext_verbs();
std::span<const KmsVerb> data_key_verbs();

// A verb of the command itself.
struct LocalVerb {
  const char* name;
  const char* summary;
  const char* help;
  bool takes_config;
  // Adds the verb's options, and returns what to do; that gets --config and gives the exit code.
  std::function<int(const std::string& config)> (*define)(Options&);
};

LocalVerb init_verb();
LocalVerb check_verb();
LocalVerb version_verb();

// load_config() for a command line: --config, if given, goes before $TRENT_CONF.
// Throws ConfigurationError.
Config configuration(const std::string& config_option);
// With that configuration. Throws ConfigurationError.
kms::Service open_service(const std::string& config_option);

// Options that many operations have.
inline constexpr const char* kKeyIdHelp = "Key ID, key ARN, alias name (alias/NAME) or alias ARN";
inline void key_id_option(Options& options, std::string& target) {
  options.text(target, "--key-id", Need::Required, kKeyIdHelp);
}
inline void grant_tokens_option(Options& options, std::vector<std::string>& target) {
  options.list(target, "--grant-tokens", "Tokens of grants that are too new to be seen everywhere");
}
inline void dry_run_option(Options& options, bool& target) {
  options.flag(target, "--dry-run,!--no-dry-run",
               "Only find out whether it would succeed: that is\nDryRunOperationException, exit "
               "code 254");
}

inline void append_line(SecretBytes& out, std::string_view text) {
  ByteView bytes = as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.push_back('\n');
}
inline SecretBytes line(std::string_view text) {
  SecretBytes out;
  append_line(out, text);
  return out;
}

}  // namespace trent::cli
