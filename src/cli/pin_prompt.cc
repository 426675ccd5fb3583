// SPDX-License-Identifier: Apache-2.0
// The question for a PIN at the terminal.
#include "cli/pin_prompt.h"

#include <fcntl.h>
#include <openssl/evp.h>

#include <cstring>

#include "base/encoding.h"
#include "base/file.h"

namespace trent::cli {

std::optional<SecretBytes> PinQuestion::operator()(const std::string& token_label) {
  // OpenSSL would fall back to standard input, which may be the plaintext.
  if (!FileDescriptor(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY))) return std::nullopt;
  std::string prompt = "PIN of the token \"" + printable(token_label) + "\": ";
  if (!asked_.insert(token_label).second) prompt.insert(0, "The token refused this PIN.\n");

  SecretBytes buffer(512);  // more than any token takes (SoftHSM: 255)
  // Restores the terminal also when it is interrupted.
  if (EVP_read_pw_string(reinterpret_cast<char*>(buffer.data()),
                         static_cast<int>(buffer.size()) - 1, prompt.c_str(), 0) != 0)
    return SecretBytes();
  buffer.resize(std::strlen(reinterpret_cast<const char*>(buffer.data())));
  return buffer;
}

}  // namespace trent::cli
