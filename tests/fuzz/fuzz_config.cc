// SPDX-License-Identifier: Apache-2.0
// A configuration is either refused with a message for a person, or complete.
#include <algorithm>

#include "base/error.h"
#include "config/config.h"
#include "fuzz.h"

using namespace trent;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string file = "/etc/trent/trent.toml";
  Config config;
  try {
    config = parse_config(text, file);
  } catch (const Error& e) {
    require(e.code() == ErrorCode::Validation, "bad configurations are ValidationException");
    require(e.message().starts_with(file + ":"), "message names file and line");
    require(!e.advice().empty(), "advice is given");
    require(e.text().size() < 2000, "input is not echoed");
    return 0;
  }
  require(config.source == file, "source is kept");
  require(!config.tokens.empty(), "there is a token");
  require(config.principal.starts_with("arn:aws"), "principal is an ARN");
  require(config.refresh.count() >= 0 && config.refresh <= std::chrono::hours(24),
          "refresh is in range");
  for (const TokenConfig& token : config.tokens) {
    require(token.account.size() == 12, "account has 12 digits");
    require(!token.region.empty() && !token.module.empty(), "region and module are there");
    require(token.module.find('/') == std::string::npos || token.module[0] == '/',
            "module is a name or an absolute path");
    require(token.uri.size() >= 7, "URI has its scheme");
    require(token.pin_source.empty() || token.pin_source.starts_with("file:/") ||
                token.pin_source.starts_with("env:"),
            "pin-source is known");
    require(std::ranges::count(config.tokens, token.account, &TokenConfig::account) == 1,
            "accounts are distinct");
  }
  return 0;
}
