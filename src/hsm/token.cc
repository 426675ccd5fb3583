// SPDX-License-Identifier: Apache-2.0
// A token of the configuration: connected when it is needed, and again when it was lost.
#include "hsm/token.h"

#include <chrono>
#include <thread>

#include "hsm/module_environment.h"
#include "hsm/token_names.h"

namespace trent::hsm {

Token::Token(TokenConfig config, PinPrompt prompt, std::shared_ptr<TokenNames> names)
    : config_(std::move(config)),
      pin_(config_.pin_source, std::move(prompt)),
      names_(std::move(names)) {
  // Before all else: where SoftHSM's files are depends on it.
  set_module_environment(config_.environment);
}

std::shared_ptr<Connection> Token::connect() {
  for (int asked = 0;; ++asked) {
    if (auto connection = try_connect()) return connection;
    pin_.ask(asked);
  }
}

std::vector<RestoredToken> Token::restore_files() {
  process::ForkGuard fork;
  const HostLock lock = startup_lock();
  return restore_token_objects(Damage::Any);
}

// nullptr: the user has to be asked for the PIN first.
std::shared_ptr<Connection> Token::try_connect() {
  const Lock lock(mutex_);
  if (connection_ && connection_->alive()) return connection_;
  connection_.reset();
  HostLock startup = startup_lock();
  auto module = Module::open(config_.module);
  auto logged_in = open_token(module, config_.uri, pin_);
  if (!logged_in) return nullptr;
  if (names_) names_->claim(config_, *module, logged_in->token);
  keep_copy(logged_in->anchor);
  connection_ = std::make_shared<Connection>(module, std::move(*logged_in), config_.trust_handles,
                                             config_.base_keys);
  return connection_;
}

void Token::disconnect(const std::shared_ptr<Connection>& lost) {
  // Somebody in this process finalised the module that we share: every session is void.
  CK_INFO info{};
  auto module = Module::open(config_.module);
  if (module->try_call<&CK_FUNCTION_LIST::C_GetInfo>(&info) == CKR_CRYPTOKI_NOT_INITIALIZED)
    module->initialise_again(lost->generation());
  else if (lost->handles_are_void())
    module->forget_sessions(lost->generation());
  const Lock lock(mutex_);
  if (connection_ == lost) connection_.reset();
}

void Token::close_connection() {
  const std::weak_ptr<Connection> last = connection_;
  connection_.reset();
  for (int waited = 0; !last.expired() && waited < 200; ++waited)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

void Token::as_security_officer(const SecretBytes& pin,
                                const std::function<void(const Session& session)>& act) {
  const Lock lock(mutex_);
  close_connection();
  const HostLock startup = startup_lock();
  const auto module = Module::open(config_.module);
  const FoundToken token = find_token(*module, config_.uri);
  const Session session(module, token.slot);
  log_in_security_officer(session, token.info, pin);
  keep_copy(session);
  // Closing the only session is the logout.
  act(session);
}

void Token::start_afresh() {
  {
    const Lock lock(mutex_);
    auto module = Module::open(config_.module);
    const std::uint64_t seen = module->generation();
    close_connection();
    module->initialise_again(seen);
  }
  connect();
}

bool Token::ensure_presence() {
  const auto is_there = [&] {
    return run(Retry::Always, [](Connection& connection, const Session& session) {
      CK_TOKEN_INFO info{};
      return session.module().try_call<&CK_FUNCTION_LIST::C_GetTokenInfo>(connection.slot(),
                                                                          &info) == CKR_OK;
    });
  };
  if (is_there()) return false;
  start_afresh();
  if (!is_there())
    throw Error(ErrorCode::KeyUnavailable, "The token does not answer.",
                "Check that the HSM is connected.", CKR_TOKEN_NOT_PRESENT);
  return true;
}

bool Token::has_pin() const {
  return !config_.pin_source.empty();
}

FoundToken Token::find() {
  for (bool again = false;; again = true) {
    // Any number of processes may look at the same time, but not while one logs in.
    HostLock looking(HostLock::Purpose::Start, config_.module, HostLock::Kind::Shared);
    auto module = Module::open(config_.module);
    std::uint64_t seen = module->generation();
    try {
      return find_token(*module, config_.uri);
    } catch (const Error& error) {
      // The application finalised the module that it shares with us, or all tokens were gone.
      const CK_RV rv = error.ck_rv();
      if (again || (rv != CKR_CRYPTOKI_NOT_INITIALIZED &&
                    (rv != CKR_TOKEN_NOT_PRESENT || module->shows_token())))
        throw;
    }
    module->initialise_again(seen);
  }
}

Session Token::open_session() {
  if (!has_pin()) {
    CK_SLOT_ID slot = find().slot;
    return {Module::open(config_.module), slot};
  }
  return run(Retry::Always, [&](Connection& connection, const Session&) {
    return Session(Module::open(config_.module), connection.slot());
  });
}

void Token::forget_base_key(const Fingerprint& id) {
  std::shared_ptr<Connection> connection;
  {
    const Lock lock(mutex_);
    connection = connection_;
  }
  if (connection) connection->forget_base_key(id);
}

SecretBytes generate_random(Token& token, std::size_t length) {
  return token.run(Retry::Always, [&](Connection&, const Session& session) {
    SecretBytes random(length);
    session.call<&CK_FUNCTION_LIST::C_GenerateRandom>(random.data(),
                                                      static_cast<CK_ULONG>(random.size()));
    return random;
  });
}

std::string serial_number(Token& token) {
  return token.run(Retry::Always, [](Connection& connection, const Session&) {
    return serial_number(connection.token_info());
  });
}

std::string describe_token(Token& token) {
  return token.run(Retry::Always, [](Connection& connection, const Session&) {
    return describe(connection.token_info());
  });
}

Profile profile_of(Token& token) {
  return token.run(Retry::Always, [](Connection& connection, const Session& session) {
    return connection.profile(session);
  });
}

}  // namespace trent::hsm
