// SPDX-License-Identifier: Apache-2.0
// What a verb of the command's own is, and what all verbs share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "cli/options.h"
#include "kms/service.h"

namespace trent::cli {

// A verb of the command itself.
struct LocalVerb {
  const char* name;
  const char* summary;
  const char* help;
  bool takes_config;
  // Adds the verb's options, and returns what to do; that gets --config and gives the exit code.
  std::function<int(const std::string& config)> (*define)(Options&);
  const char* group = "Setup";
};

// One that has verbs of its own: `trent credential create`.
struct VerbGroup {
  const char* name;
  const char* summary;
  const char* help;
  std::vector<LocalVerb> verbs;
};

LocalVerb init_verb();
LocalVerb check_verb();
LocalVerb purge_verb();
LocalVerb rotate_due_verb();
LocalVerb serve_verb();
LocalVerb simulate_policy_verb();
LocalVerb encrypt_file_verb();
LocalVerb decrypt_file_verb();
LocalVerb re_encrypt_file_verb();
LocalVerb version_verb();
VerbGroup audit_verbs();
VerbGroup credential_verbs();

// load_config() for a command line: --config, if given, goes before $TRENT_CONF.
// Throws ConfigurationError.
Config configuration(const std::string& config_option);
// With that configuration. Throws ConfigurationError.
kms::Service open_service(const std::string& config_option);

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
