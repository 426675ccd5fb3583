// SPDX-License-Identifier: Apache-2.0
// Asking a person for a token's PIN, through OpenSSL's own prompt.
#pragma once

#include <openssl/core.h>

#include <optional>
#include <string>

#include "base/bytes.h"

namespace trent::provider {

// While it lives, ask_pin() on this thread uses this callback. OpenSSL lends one only for the time
// of a store's load function.
class PassphraseScope {
 public:
  PassphraseScope(OSSL_PASSPHRASE_CALLBACK* callback, void* argument);
  ~PassphraseScope();
  PassphraseScope(const PassphraseScope&) = delete;
  PassphraseScope& operator=(const PassphraseScope&) = delete;

  std::optional<SecretBytes> ask(const std::string& token_label) const;

 private:
  OSSL_PASSPHRASE_CALLBACK* callback_;
  void* argument_;
  const PassphraseScope* previous_;
};

// A kms::PinPrompt. nullopt outside of a PassphraseScope, without a controlling terminal, or if
// nothing was entered.
std::optional<SecretBytes> ask_pin(const std::string& token_label);

}  // namespace trent::provider
