// SPDX-License-Identifier: Apache-2.0
// Finding the token that a URI names, and logging in to it.
#pragma once

#include <p11-kit/pkcs11.h>

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_safety.h"
#include "config/config.h"
#include "hsm/module.h"
#include "hsm/pin.h"
#include "hsm/session.h"

namespace trent::hsm {

// The PIN of one token, and what is known of it. Survives connections.
class Pin {
 public:
  Pin(std::string pin_source, PinPrompt prompt);

  // Logs `session` in as the user, unless the token needs no login or is logged in already.
  // A PIN that was refused is never sent again, and the last try is never used up.
  // Throws AccessDeniedException with the reason and what to do. False if the user has to be asked
  // first: by ask(), while the caller holds no lock, since an answer may take long.
  bool login(const Session& session, CK_TOKEN_INFO token);
  // C_Login(CKU_CONTEXT_SPECIFIC) with the PIN of the configuration. Not tried again once it was
  // refused, either.
  CK_RV login_for_operation(const Session& session);
  // One thread asks, the others wait for what it is told; fork() waits for neither. `asked`: how
  // often this operation has asked before. Throws AccessDeniedException if there is nobody to ask,
  // and the refusal of the last PIN if that was often enough.
  void ask(int asked);

 private:
  // One prompt that is shown. A child of fork() has inherited it without the thread that shows it.
  struct Question {
    std::uint64_t fork_count;
    std::shared_future<void> answered;
  };

  void require_tries(const std::string& label, CK_FLAGS flags) const;
  bool was_refused(const SecretBytes& pin) const REQUIRES(mutex_);
  void refuse(const std::string& label, const SecretBytes& pin, CK_RV rv) REQUIRES(mutex_);

  const std::string pin_source_;
  const PinPrompt prompt_;
  Mutex mutex_;
  // Of the token that wants a PIN.
  std::string label_ GUARDED_BY(mutex_);
  // Kept for another try, and the login after fork or a lost connection.
  SecretBytes prompted_ GUARDED_BY(mutex_);
  std::vector<SecretBytes> refused_ GUARDED_BY(mutex_);
  // The last one of a PIN that was typed.
  std::optional<Error> refusal_ GUARDED_BY(mutex_);
  std::optional<Question> question_ GUARDED_BY(mutex_);
};

struct FoundToken {
  CK_SLOT_ID slot = 0;
  CK_TOKEN_INFO info{};
};

// Label, manufacturer, model and serial, without the blanks that pad them.
std::string describe(const CK_TOKEN_INFO& info);
std::string serial_number(const CK_TOKEN_INFO& info);

// The one initialised token of the module that matches the RFC 7512 URI. Throws
// ValidationException if the URI is bad or matches several, KeyUnavailableException if none.
FoundToken find_token(const Module& module, const std::string& uri);

// A token that was found, with a session that is logged in.
struct LoggedIn {
  FoundToken token;
  Session anchor;
};

// Logs `session` in as the security officer. The last try is never used up. Throws
// AccessDeniedException with the reason and what to do.
void log_in_security_officer(const Session& session, const CK_TOKEN_INFO& token,
                             const SecretBytes& pin);

// Keeps a copy of what SoftHSM rewrites in every login, now that it is whole: see
// keep_token_object(). The caller holds the start lock.
void keep_copy(const Session& session);

// Both of the above, in turn with other processes (several that start at once on one SoftHSM token
// make each other fail), and again where such a race shows. A token whose file a login that was cut
// off has emptied is restored from its copy. nullopt: see Pin::login(). The caller holds the start
// lock.
std::optional<LoggedIn> open_token(const std::shared_ptr<Module>& module, const std::string& uri,
                                   Pin& pin);

}  // namespace trent::hsm
