// SPDX-License-Identifier: Apache-2.0
// A token of the configuration: connects when it is needed, again when the connection is lost, and
// lends logged-in sessions.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/thread_safety.h"
#include "config/config.h"
#include "hsm/base_key.h"
#include "hsm/connection.h"
#include "hsm/host_lock.h"
#include "hsm/login.h"
#include "hsm/profile.h"
#include "hsm/session.h"
#include "hsm/softhsm_files.h"

namespace trent::hsm {

class TokenNames;

// Whether an operation may be done again on a fresh connection when its own was lost.
enum class Retry {
  Always,          // it changes nothing in the token
  IfNotPerformed,  // only where the error says that the token did not act
};

// Thread-safe.
class Token {
 public:
  // `names`: those of all tokens of the configuration, if there are several.
  Token(TokenConfig config, PinPrompt prompt, std::shared_ptr<TokenNames> names = nullptr);

  const TokenConfig& config() const { return config_; }

  // Calls f(Connection&, const Session&) with a session of its own. If f throws, the session is
  // closed, and whatever f left in it dies with it; if the connection was lost, f is tried once
  // more on a fresh one.
  template <class F>
  auto run(Retry retry, F f) {
    for (bool again = false;; again = true) {
      std::shared_ptr<Connection> connection = connect();
      try {
        Session session = connection->take_session();
        auto result = f(*connection, std::as_const(session));
        connection->give_back(std::move(session));
        return result;
      } catch (const Error& error) {
        if (!is_lost(error.ck_rv())) throw;
        disconnect(connection);
        if (again || (retry == Retry::IfNotPerformed && error.ck_rv() == CKR_DEVICE_REMOVED)) throw;
      }
    }
  }

  // The key was changed or removed: do not use what is remembered of it.
  void forget_base_key(const Fingerprint& id);

  // For whoever did not find what should be there. A token may be gone without a word (SoftHSM's
  // directory was moved away: it has no objects then, for ever): starts afresh if it does not say
  // that it is there, and returns true. Throws KeyUnavailableException while it is gone.
  bool ensure_presence();
  // Connects anew, with the module initialised anew where nobody else uses it: what the module has
  // read of the token may be out of date (see ChangeLock), or of a token that is gone.
  void start_afresh();

  // Calls act(session) with the security officer logged in. Nobody of this process can use the
  // token meanwhile: the connection is closed before, and whoever needs one next connects anew.
  void as_security_officer(const SecretBytes& pin,
                           const std::function<void(const Session& session)>& act);

  // For a door through which applications use the token's other functions too:
  // Whether the configuration has the PIN; otherwise the application logs in.
  bool has_pin() const;
  // The token that the URI names, as it is now. Needs no login.
  FoundToken find();
  // A session for an application of its own, logged in if the configuration has the PIN.
  Session open_session();
  // The configuration's PIN once more, for the one operation that is active in `session`, with a
  // key whose CKA_ALWAYS_AUTHENTICATE is true. The caller holds startup_lock().
  CK_RV log_in_for_operation(const Session& session) { return pin_.login_for_operation(session); }
  // One process at a time logs in to a token of a module, or sets a PIN; for while it does, another
  // one that initialises the module may not see the token, and cannot look again once it uses
  // another token of the module.
  HostLock startup_lock() const { return HostLock(HostLock::Purpose::Start, config_.module); }
  // Puts back what cut-off logins have destroyed: see restore_token_objects(). Before the first
  // connection.
  std::vector<RestoredToken> restore_files();
  // At once rather than when it is needed: the user may be asked for the PIN.
  void log_in() { connect(); }

 private:
  std::shared_ptr<Connection> connect();
  std::shared_ptr<Connection> try_connect();
  void disconnect(const std::shared_ptr<Connection>& lost);
  // Others are in the middle of something with the connection: they end, and begin nothing new
  // meanwhile.
  void close_connection() REQUIRES(mutex_);

  TokenConfig config_;
  Pin pin_;
  std::shared_ptr<TokenNames> names_;
  Mutex mutex_;
  std::shared_ptr<Connection> connection_ GUARDED_BY(mutex_);
};

// Random bytes from the token's generator.
SecretBytes generate_random(Token& token, std::size_t length);

// Label, manufacturer, model, serial; and what the self-test found.
std::string describe_token(Token& token);
std::string serial_number(Token& token);
Profile profile_of(Token& token);

}  // namespace trent::hsm
