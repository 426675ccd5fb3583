// SPDX-License-Identifier: Apache-2.0
// The question for a PIN, through OpenSSL's own prompt.
#include "provider/pin_prompt.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <unistd.h>

namespace trent::provider {

namespace {

// The callback belongs to one call of one thread, while the Service that asks is everybody's.
thread_local const PassphraseScope* current_scope = nullptr;

constexpr std::size_t kMaxPin = 1024;

// Without this look, OpenSSL's prompt in a daemon or a cron job would read from standard input,
// which is where the data comes from, or hang. Whether the callback has an answer at hand (-passin)
// and would not prompt cannot be told from here.
bool has_terminal() {
  const int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return false;
  close(terminal);
  return true;
}

}  // namespace

PassphraseScope::PassphraseScope(OSSL_PASSPHRASE_CALLBACK* callback, void* argument)
    : callback_(callback), argument_(argument), previous_(current_scope) {
  current_scope = this;
}

PassphraseScope::~PassphraseScope() {
  current_scope = previous_;
}

std::optional<SecretBytes> PassphraseScope::ask(const std::string& token_label) const {
  if (callback_ == nullptr || !has_terminal()) return std::nullopt;
  std::string info = "token " + token_label + " (PIN)";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PASSPHRASE_PARAM_INFO, info.data(), 0),
      OSSL_PARAM_construct_end()};
  SecretBytes pin(kMaxPin);
  std::size_t size = 0;
  if (callback_(reinterpret_cast<char*>(pin.data()), pin.size(), &size, params, argument_) != 1)
    return std::nullopt;
  pin.resize(size);
  return pin;
}

std::optional<SecretBytes> ask_pin(const std::string& token_label) {
  if (current_scope == nullptr) return std::nullopt;
  return current_scope->ask(token_label);
}

}  // namespace trent::provider
