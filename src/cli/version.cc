// SPDX-License-Identifier: Apache-2.0
// trent version
#include <openssl/crypto.h>

#include "base/encoding.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/verb.h"

namespace trent::cli {

namespace {

constexpr const char* kHelp = R"(
Prints the versions of Trent and of the OpenSSL library it runs with, and which
configuration file it finds. It opens no token.
)";

std::function<int(const std::string&)> define_version(Options&) {
  return [](const std::string& config) {
    std::string text = std::string("trent ") + TRENT_VERSION + "\n" +
                       OpenSSL_version(OPENSSL_VERSION) + "\nconfiguration: ";
    try {
      text += printable(configuration(config).source) + "\n";
    } catch (const ConfigurationError& error) {
      text += std::string("none. ") + printable(error.what()) + "\n";
    }
    write_output(as_bytes(text));
    return kSuccess;
  };
}

}  // namespace

LocalVerb version_verb() {
  return {"version", "Versions, and which configuration is used", kHelp, true, define_version};
}

}  // namespace trent::cli
