// A token of the configuration: connects when it is needed, again when the connection is lost, and
// lends logged-in sessions.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "hsm/base_key.h"
#include "hsm/host_lock.h"
#include "hsm/login.h"
#include "hsm/profile.h"
#include "hsm/sentinel.h"
#include "hsm/session.h"
#include "hsm/softhsm_files.h"

namespace trent::hsm {

// Everything that is void at once when the token, the login or the process changes: the anchor
// session (kept open, so that the login and the copies of base keys live), idle sessions, handles.
class Connection {
 public:
  // `trust_handles`, `max_base_keys`: see TokenConfig.
  Connection(std::shared_ptr<Module> module, LoggedIn logged_in,
             std::chrono::microseconds trust_handles, std::size_t max_base_keys);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // What the module was when this was opened; see Module::generation().
  std::uint64_t generation() const { return generation_; }
  bool alive() const { return generation_ == module_->generation(); }
  const CK_TOKEN_INFO& token_info() const { return token_.info; }
  CK_SLOT_ID slot() const { return token_.slot; }

  // Throws CKR_OBJECT_HANDLE_INVALID, as a lost connection does, if our handles are not ours any
  // more: see Sentinel.
  Session take_session();
  void give_back(Session session);
  // Whether the handles no longer name what this connection opened and made.
  bool handles_are_void() const;

  // The self-test's result; runs it at first use.
  const Profile& profile(const Session& session);

  // Finds the key by label and id among the token's objects, proves by its fingerprint that it is
  // the one, and remembers it. Throws KeyUnavailableException if it is not there, and
  // KMSInternalException if an object has its name but not its value. The ones that were
  // used last are remembered: each is an object more for the token to search.
  std::shared_ptr<const BaseKey> base_key(const Session& session, const BaseKeyRef& ref);
  void forget_base_key(const Fingerprint& id);

  // Set by longest_secret() of wrapping.h; 0: not known yet.
  std::atomic<std::size_t> longest_secret = 0;
  // Set by require_data_objects() of data_trial.h.
  std::atomic<bool> keeps_data_objects = false;

 private:
  std::shared_ptr<Module> module_;
  std::uint64_t generation_;
  FoundToken token_;
  Session anchor_;
  Sentinel sentinel_;
  bool logged_in_;  // not so where the token asks for no login
  std::chrono::microseconds trust_handles_;
  std::size_t max_base_keys_;
  std::mutex idle_mutex_;
  std::vector<Session> idle_;
  std::mutex profile_mutex_;
  std::optional<Profile> profile_;
  struct KnownKey {
    explicit KnownKey(std::shared_ptr<const BaseKey> found) : key(std::move(found)) {}
    std::shared_ptr<const BaseKey> key;
    mutable std::atomic<std::uint64_t> used = 0;  // the time, in uses
  };
  const std::shared_ptr<const BaseKey>& use(const KnownKey& known);
  std::vector<std::shared_ptr<const BaseKey>> evict();

  std::shared_mutex keys_mutex_;
  std::atomic<std::uint64_t> uses_ = 0;
  std::map<Fingerprint, KnownKey> keys_;  // goes before the anchor
};

// Whether an operation may be done again on a fresh connection when its own was lost.
enum class Retry {
  Always,          // it changes nothing in the token
  IfNotPerformed,  // only where the error says that the token did not act
};

// Which tokens the [[token]] entries of one configuration turned out to be: no two may be the same,
// for the keys of two accounts would lie under one roof.
class TokenNames {
 public:
  explicit TokenNames(std::vector<TokenConfig> entries) : entries_(std::move(entries)) {}
  // Throws ValidationException if another entry has this token, or names it.
  void claim(const TokenConfig& entry, const Module& module, const FoundToken& token);

 private:
  const std::vector<TokenConfig> entries_;
  std::mutex mutex_;
  std::map<std::string, std::string> tokens_;  // by entry
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

  TokenConfig config_;
  Pin pin_;
  std::shared_ptr<TokenNames> names_;
  std::mutex mutex_;
  std::shared_ptr<Connection> connection_;
};

// Held by whoever creates or destroys token objects, for the whole of an operation: one thread of
// one process of this host at a time. Who has it hands it down; taking it twice waits for ever.
//
// SoftHSM keeps a counter of changes in a file. A process that makes a change counts it as seen
// together with those that other processes made just before: it then never finds their objects
// (Generation::commit, 2.6.1). So whoever holds the lock searches the token once before the first
// change: the operations do when they find what they are to change, others call look().
// Between hosts there is no SoftHSM, and the catalog's revisions keep the peace.
class ChangeLock {
 public:
  explicit ChangeLock(Token& token);

  // A search that finds nothing.
  void look() const;

 private:
  Token& token_;
  HostLock lock_;
};

// Held over a search that must not be misled by a change in the middle: see ChangeLock, of which
// any number of these may stand in the place.
class NoChange {
 public:
  explicit NoChange(Token& token);

 private:
  HostLock lock_;
};

// Random bytes from the token's generator.
SecretBytes generate_random(Token& token, std::size_t length);

// Makes an AES-256 base key: a token object with this label, whose CKA_ID is its fingerprint for
// `fingerprint_input`. Returns the fingerprint. Leaves nothing behind if it throws.
Fingerprint generate_base_key(Token& token, const std::string& label,
                              const Sha256& fingerprint_input);

// Destroys the base key with this label and id, if there is one.
void destroy_base_key(Token& token, const std::string& label, ByteView id);

// Label of the token's base key with this id; nullopt if there is none.
std::optional<std::string> label_of_base_key(Token& token, const Fingerprint& id);

struct BaseKeyState : KeyAttributes {
  bool proven = false;  // its value is the one that its id names
};
struct BaseKeySurvey {
  std::vector<BaseKeyState> keys;
  std::vector<std::string> unreadable;  // why, one for each secret key that cannot be read
};
// Looks at all secret keys of the token for whose label there is a fingerprint's input, each by its
// handle: in a token of many objects, nothing costs more than to look for one of them.
BaseKeySurvey survey_base_keys(
    Token& token,
    const std::function<std::optional<Sha256>(const std::string& label)>& fingerprint_input);

// Label, manufacturer, model, serial; and what the self-test found.
std::string describe_token(Token& token);
std::string serial_number(Token& token);
Profile profile_of(Token& token);

}  // namespace trent::hsm
