// SPDX-License-Identifier: Apache-2.0
// The files that `trent init` writes.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace trent::cli {

struct NewToken {
  std::filesystem::path directory;  // absolute
  std::string account;
  std::string region;
  std::string module;  // absolute path of SoftHSM's library
  std::string label;
  // Of a token that is there, and is not made; the label is not used then.
  std::string uri{};
  std::string pin_source{};                          // empty: ask
  std::map<std::string, std::string> environment{};  // that its module needs
};

std::string softhsm_configuration(const NewToken& token);
std::string trent_configuration(const NewToken& token);

// The system's configuration (a file that need not exist) with the provider trent added. Its other
// providers and its settings (TLS policy and the like) stay in force.
std::string openssl_configuration(const NewToken& token, const std::string& system_file);

// To be sourced by a shell.
std::string environment(const NewToken& token);

// `text` as one word of sh.
std::string shell_quoted(const std::string& text);

}  // namespace trent::cli
