// A token of the configuration: connected when it is needed, and again when it was lost.
#include "hsm/token.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/encoding.h"

namespace trent::hsm {

Connection::Connection(std::shared_ptr<Module> module, LoggedIn logged_in,
                       std::chrono::microseconds trust_handles, std::size_t max_base_keys)
    : module_(std::move(module)),
      generation_(module_->generation()),
      token_(logged_in.token),
      anchor_(std::move(logged_in.anchor)),
      sentinel_(anchor_),
      logged_in_(anchor_.is_of_user()),
      trust_handles_(trust_handles),
      max_base_keys_(max_base_keys) {}

bool Connection::handles_are_void() const {
  CK_RV rv = sentinel_.check();
  return rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_SESSION_HANDLE_INVALID;
}

Session Connection::take_session() {
  if (CK_RV rv = sentinel_.check_if_due(trust_handles_); rv != CKR_OK)
    throw token_error("C_GetAttributeValue", rv);
  {
    std::lock_guard lock(idle_mutex_);
    if (!idle_.empty()) {
      Session session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
  }
  // A token with few sessions: wait for one of ours to be given back, or for other programs.
  for (int waited = 0;; ++waited) {
    try {
      Session session(module_, token_.slot);
      if (logged_in_) session.expect_login();
      return session;
    } catch (const Error& error) {
      if (error.ck_rv() != CKR_SESSION_COUNT || waited == 200) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::lock_guard lock(idle_mutex_);
    if (!idle_.empty()) {
      Session session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
  }
}

void Connection::give_back(Session session) {
  constexpr std::size_t kMaxIdle = 64;
  std::lock_guard lock(idle_mutex_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(session));
}

const Profile& Connection::profile(const Session& session) {
  std::lock_guard lock(profile_mutex_);
  if (!profile_) profile_ = test_token(session);
  return *profile_;
}

namespace {

// Whether the object's value is the one that `ref` names.
bool is_key_of(const Session& session, CK_OBJECT_HANDLE object, const BaseKeyRef& ref) {
  try {
    return fingerprint(session, object, ref.fingerprint_input) == ref.id;
  } catch (const Error& error) {
    // A key of another type, or without the right to derive, is none of ours.
    if (error.ck_rv() == CKR_KEY_FUNCTION_NOT_PERMITTED ||
        error.ck_rv() == CKR_KEY_TYPE_INCONSISTENT || error.ck_rv() == CKR_KEY_SIZE_RANGE ||
        error.ck_rv() == CKR_MECHANISM_INVALID)
      return false;
    throw;
  }
}

}  // namespace

std::shared_ptr<const BaseKey> Connection::base_key(const Session& session, const BaseKeyRef& ref) {
  {
    std::shared_lock lock(keys_mutex_);
    auto known = keys_.find(ref.id);
    if (known != keys_.end()) return use(known->second);
  }
  Attributes search;
  // CKA_TOKEN: the copies carry the same label and id, and outlive the key that they copy.
  search.number(CKA_CLASS, CKO_SECRET_KEY)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .text(CKA_LABEL, ref.label)
      .bytes(CKA_ID, ref.id);
  std::vector<CK_OBJECT_HANDLE> found = session.find(search);
  if (found.empty())
    throw Error(ErrorCode::KeyUnavailable,
                "The key material " + to_hex(ref.id) + " (" + ref.label + ") is not in the token.",
                "Restore it from the backup of the HSM; `trent check` shows what is missing.");
  const KeyAttributes attributes = read_key_attributes(session, found.front());
  if (!attributes.unfit.empty())
    throw Error(ErrorCode::KMSInternal,
                "The object " + ref.label + " in the token " + attributes.unfit.front() +
                    ": it is no key material of Trent's.",
                "Somebody replaced or changed it. Nothing was done with it; see `trent check`.");
  if (!is_key_of(session, found.front(), ref))
    throw Error(ErrorCode::KMSInternal,
                "The object " + ref.label + " in the token is not the key that its id names.",
                "Somebody replaced it. Nothing was done with it; see `trent check`.");
  CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
  std::vector<std::shared_ptr<const BaseKey>> evicted;  // destroyed after the lock is released
  std::unique_lock lock(keys_mutex_);
  auto known = keys_.find(ref.id);
  if (known != keys_.end()) return use(known->second);
  // SoftHSM copies no key that nobody may change.
  if (attributes.modifiable && profile(session).session_copies) {
    Attributes in_session;
    in_session.flag(CKA_TOKEN, false);
    // A key that may not be copied is used as it is.
    if (anchor_.try_call<&CK_FUNCTION_LIST::C_CopyObject>(found.front(), in_session.data(),
                                                          in_session.size(), &copy) != CKR_OK)
      copy = CK_INVALID_HANDLE;
  }
  auto key = std::make_shared<const BaseKey>(anchor_, found.front(), copy);
  if (keys_.size() >= max_base_keys_) evicted = evict();
  return use(keys_.try_emplace(ref.id, std::move(key)).first->second);
}

const std::shared_ptr<const BaseKey>& Connection::use(const KnownKey& known) {
  known.used = ++uses_;
  return known.key;
}

// Some at once, so that a long search for the oldest is not made for each new one.
std::vector<std::shared_ptr<const BaseKey>> Connection::evict() {
  std::vector<std::uint64_t> times;
  for (const auto& [id, known] : keys_) times.push_back(known.used);
  const auto last = times.begin() + static_cast<std::ptrdiff_t>(max_base_keys_ / 10);
  std::nth_element(times.begin(), last, times.end());
  std::vector<std::shared_ptr<const BaseKey>> evicted;
  for (auto known = keys_.begin(); known != keys_.end();) {
    if (known->second.used < *last) {
      evicted.push_back(std::move(known->second.key));
      known = keys_.erase(known);
    } else {
      ++known;
    }
  }
  return evicted;
}

void Connection::forget_base_key(const Fingerprint& id) {
  std::shared_ptr<const BaseKey> last;  // its copy is destroyed after the lock is released
  std::unique_lock lock(keys_mutex_);
  auto known = keys_.find(id);
  if (known == keys_.end()) return;
  last = known->second.key;
  keys_.erase(known);
  lock.unlock();
}

void TokenNames::claim(const TokenConfig& entry, const Module& module, const FoundToken& token) {
  const auto name_of = [](const TokenConfig& each) {
    return "account " + each.account + ", region " + each.region;
  };
  const std::string name = name_of(entry);
  const std::string described = describe(token.info);
  const auto refuse = [&](const std::string& other) {
    throw Error(
        ErrorCode::Validation,
        "The [[token]] of " + name + " and that of " + other + " are one token: " + described + ".",
        "Correct `uri` of one of them: each account has a token of its own.")
        .in_configuration();
  };
  // A process may never connect to the other: most commands work with one account.
  const auto names_it = [&](const TokenConfig& other) {
    try {
      return find_token(module, other.uri).slot == token.slot;
    } catch (const Error&) {  // it names none, or several: that is for its own connection to say
      return false;
    }
  };
  for (const TokenConfig& other : entries_)
    if (name_of(other) != name && other.module == entry.module && names_it(other))
      refuse(name_of(other));
  std::lock_guard lock(mutex_);
  for (const auto& [other, its_token] : tokens_)
    if (other != name && its_token == described) refuse(other);
  tokens_[name] = described;
}

Token::Token(TokenConfig config, PinPrompt prompt, std::shared_ptr<TokenNames> names)
    : config_(std::move(config)),
      pin_(config_.pin_source, std::move(prompt)),
      names_(std::move(names)) {}

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
  std::lock_guard lock(mutex_);
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
  std::lock_guard lock(mutex_);
  if (connection_ == lost) connection_.reset();
}

void Token::start_afresh() {
  {
    std::lock_guard lock(mutex_);
    auto module = Module::open(config_.module);
    const std::uint64_t seen = module->generation();
    const std::weak_ptr<Connection> last = connection_;
    connection_.reset();
    // Others are in the middle of something with it: they end, and begin nothing new meanwhile.
    for (int waited = 0; !last.expired() && waited < 200; ++waited)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
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
    std::lock_guard lock(mutex_);
    connection = connection_;
  }
  if (connection) connection->forget_base_key(id);
}

namespace {

// Whoever is asked for the PIN must not hold up the others.
std::string change_lock_name(Token& token) {
  token.log_in();
  return token.config().module + '\0' + token.config().uri;
}

}  // namespace

ChangeLock::ChangeLock(Token& token)
    : token_(token), lock_(HostLock::Purpose::Change, change_lock_name(token)) {}

NoChange::NoChange(Token& token)
    : lock_(HostLock::Purpose::Change, change_lock_name(token), HostLock::Kind::Shared) {}

void ChangeLock::look() const {
  token_.run(Retry::Always, [](Connection&, const Session& session) {
    Attributes nothing;
    // Differs from every token object at once: SoftHSM has nothing to decrypt.
    nothing.flag(CKA_TOKEN, false).flag(CKA_PRIVATE, true).number(CKA_CLASS, CKO_DATA);
    return session.find(nothing).size();
  });
}

SecretBytes generate_random(Token& token, std::size_t length) {
  return token.run(Retry::Always, [&](Connection&, const Session& session) {
    SecretBytes random(length);
    session.call<&CK_FUNCTION_LIST::C_GenerateRandom>(random.data(),
                                                      static_cast<CK_ULONG>(random.size()));
    return random;
  });
}

namespace {

// Throws unless the token object that was just made is there, and has this id.
void require_kept(const Session& session, CK_OBJECT_HANDLE object, const std::string& label,
                  const Fingerprint& id) {
  Fingerprint kept{};
  CK_ATTRIBUTE attribute{CKA_ID, kept.data(), kept.size()};
  CK_RV rv =
      session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(object, &attribute, CK_ULONG{1});
  if (rv == CKR_OBJECT_HANDLE_INVALID || (rv == CKR_OK && kept != id)) throw not_kept(label);
  if (rv != CKR_OK) throw token_error("C_GetAttributeValue", rv);
}

}  // namespace

namespace {

// What a base key is made to be unable to do, beside what its usage says.
struct Restriction {
  bool mechanisms;  // CKA_ALLOWED_MECHANISMS: it derives in one way only, whatever its usage
  bool changes;     // CKA_MODIFIABLE=false: nobody gives it another usage, name or id later
};

Fingerprint make_base_key(Connection& connection, const Session& session, const std::string& label,
                          const Sha256& fingerprint_input, const Restriction& restriction,
                          std::optional<Fingerprint>& made) {
  // First as a session object: what fails before the last call leaves nothing in the token.
  bool copies = connection.profile(session).session_copies;
  Attributes attributes;
  add_base_key_attributes(attributes, !copies);
  if (restriction.mechanisms) add_allowed_mechanisms(attributes);
  attributes.text(CKA_LABEL, label);
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_GenerateKey>(&mechanism, attributes.data(), attributes.size(),
                                                 &handle);
  TemporaryObject generated(session, handle);
  Fingerprint id = fingerprint(session, generated.handle(), fingerprint_input);
  Attributes identity;
  identity.bytes(CKA_ID, id);
  made = id;
  if (copies) {
    identity.flag(CKA_TOKEN, true);
    // Last, for SoftHSM takes no attribute after it.
    if (restriction.changes) identity.flag(CKA_MODIFIABLE, false);
    session.call<&CK_FUNCTION_LIST::C_CopyObject>(generated.handle(), identity.data(),
                                                  identity.size(), &handle);
    // Not committed before the session object is gone: if that fails, so does the whole.
    TemporaryObject on_token(session, handle);
    require_kept(session, handle, label, id);
    generated.destroy();
    on_token.release();
  } else {
    // The id is set afterwards, so the key cannot be one that nobody changes.
    session.call<&CK_FUNCTION_LIST::C_SetAttributeValue>(generated.handle(), identity.data(),
                                                         identity.size());
    require_kept(session, generated.handle(), label, id);
    generated.release();
  }
  return id;
}

}  // namespace

Fingerprint generate_base_key(Token& token, const std::string& label,
                              const Sha256& fingerprint_input) {
  // As restricted as the token takes it.
  constexpr Restriction kRestrictions[] = {{true, true}, {true, false}, {false, false}};
  for (std::size_t i = 0;; ++i) {
    std::optional<Fingerprint> made;
    try {
      return token.run(Retry::IfNotPerformed, [&](Connection& connection, const Session& session) {
        return make_base_key(connection, session, label, fingerprint_input, kRestrictions[i], made);
      });
    } catch (const Error& error) {
      // A token that reports a failure may have made the key all the same.
      if (made) {
        try {
          destroy_base_key(token, label, *made);
        } catch (const Error&) {  // the first failure is the one to report
        }
      }
      if (i + 1 == std::size(kRestrictions) || !is_refused(error.ck_rv())) throw;
    }
  }
}

namespace {

std::vector<CK_OBJECT_HANDLE> find_base_keys(const Session& session, const std::string* label,
                                             std::optional<ByteView> id) {
  Attributes search;
  search.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_AES)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true);
  if (label != nullptr) search.text(CKA_LABEL, *label);
  if (id) search.bytes(CKA_ID, *id);
  return session.find(search);
}

constexpr std::size_t kMaxLabel = 8192;

}  // namespace

void destroy_base_key(Token& token, const std::string& label, ByteView id) {
  token.run(Retry::Always, [&](Connection&, const Session& session) {
    for (CK_OBJECT_HANDLE key : find_base_keys(session, &label, id))
      session.call<&CK_FUNCTION_LIST::C_DestroyObject>(key);
    return true;
  });
}

std::optional<std::string> label_of_base_key(Token& token, const Fingerprint& id) {
  return token.run(Retry::Always,
                   [&](Connection&, const Session& session) -> std::optional<std::string> {
                     auto found = find_base_keys(session, nullptr, id);
                     if (found.empty()) return std::nullopt;
                     return session.read<std::string>(found.front(), CKA_LABEL, kMaxLabel);
                   });
}

BaseKeySurvey survey_base_keys(
    Token& token,
    const std::function<std::optional<Sha256>(const std::string& label)>& fingerprint_input) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    BaseKeySurvey survey;
    bool gone = false;
    Attributes search;
    // Of any type: what took the place of a base key is to be seen as well.
    search.number(CKA_CLASS, CKO_SECRET_KEY).flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true);
    for (CK_OBJECT_HANDLE handle : session.find(search)) {
      try {
        KeyAttributes key = read_key_attributes(session, handle);
        auto input = fingerprint_input(key.label);
        if (!input) continue;
        Fingerprint id{};
        bool proven = key.id.size() == id.size();
        if (proven) std::copy(key.id.begin(), key.id.end(), id.begin());
        proven = proven && is_key_of(session, handle, {key.label, id, *input});
        survey.keys.push_back({std::move(key), proven});
      } catch (const Error& error) {
        const CK_RV rv = error.ck_rv();
        if (rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_KEY_HANDLE_INVALID) {
          gone = true;  // somebody destroyed it meanwhile
        } else if (is_lost(rv)) {
          throw;
        } else {
          survey.unreadable.push_back(error.message());
        }
      }
    }
    // Or else it is the connection that is gone, and with it every handle.
    if (gone && connection.handles_are_void())
      throw token_error("C_GetAttributeValue", CKR_OBJECT_HANDLE_INVALID);
    return survey;
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
