// SPDX-License-Identifier: Apache-2.0
// Which slot has the token, and the login to it.
#include "hsm/login.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <thread>
#include <vector>

#include "base/openssl.h"
#include "config/uri.h"
#include "hsm/softhsm_files.h"
#include "process/notice.h"

namespace trent::hsm {

namespace {

std::string trimmed(const unsigned char* text, std::size_t size) {
  std::string_view view(reinterpret_cast<const char*>(text), size);
  while (!view.empty() && (view.back() == ' ' || view.back() == '\0')) view.remove_suffix(1);
  return std::string(view);
}

std::string label_of(const CK_TOKEN_INFO& info) {
  return trimmed(info.label, sizeof info.label);
}

Error no_login(const std::string& what, const std::string& advice, CK_RV rv) {
  return Error(ErrorCode::AccessDenied, what, advice, rv);
}

}  // namespace

std::string describe(const CK_TOKEN_INFO& info) {
  return "\"" + label_of(info) + "\" (" + trimmed(info.manufacturerID, sizeof info.manufacturerID) +
         ", " + trimmed(info.model, sizeof info.model) + ", serial " +
         trimmed(info.serialNumber, sizeof info.serialNumber) + ")";
}

std::string serial_number(const CK_TOKEN_INFO& info) {
  return trimmed(info.serialNumber, sizeof info.serialNumber);
}

Pin::Pin(std::string pin_source, PinPrompt prompt)
    : pin_source_(std::move(pin_source)), prompt_(std::move(prompt)) {}

void Pin::ask(int asked) {
  constexpr int kTries = 3;
  Lock lock(mutex_);
  if (!prompted_.empty()) return;  // another thread has asked
  if (asked >= kTries && refusal_) throw Error(*refusal_);
  if (question_ && question_->fork_count == process::fork_count()) {
    const std::shared_future<void> answered = question_->answered;
    lock.unlock();
    const process::ForkPause pause;
    answered.wait();
    return;
  }
  const std::string label = label_;
  std::promise<void> answer;
  question_ = Question{process::fork_count(), answer.get_future().share()};
  lock.unlock();

  std::optional<SecretBytes> pin;
  std::exception_ptr failure;
  try {
    const process::ForkPause pause;
    if (prompt_) pin = prompt_(label);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  question_.reset();
  answer.set_value();
  if (failure) std::rethrow_exception(failure);
  if (refusal_ && (!pin || was_refused(*pin))) throw Error(*refusal_);
  if (!pin)
    throw no_login("The token \"" + label + "\" needs a PIN, and there is nobody to ask.",
                   "Set pin-source = \"file:/path\" or \"env:NAME\" in the configuration, or run "
                   "the command in a terminal.",
                   CKR_USER_NOT_LOGGED_IN);
  if (pin->empty())
    throw no_login(
        "No PIN was typed for the token \"" + label + "\".",
        "Type its PIN when you are asked for it, or set pin-source in the configuration.",
        CKR_USER_NOT_LOGGED_IN);
  prompted_ = std::move(*pin);
}

void Pin::require_tries(const std::string& label, CK_FLAGS flags) const {
  if ((flags & CKF_USER_PIN_LOCKED) != 0)
    throw no_login("The PIN of the token \"" + label + "\" is locked.",
                   "The security officer can set a new one with the HSM's own tool.",
                   CKR_PIN_LOCKED);
  if ((flags & CKF_USER_PIN_FINAL_TRY) != 0)
    throw no_login("One more wrong PIN would lock the token \"" + label + "\": it was not tried.",
                   "Log in once with the HSM's own tool to prove that the PIN is right.",
                   CKR_PIN_INCORRECT);
}

bool Pin::was_refused(const SecretBytes& pin) const {
  return std::ranges::find(refused_, pin) != refused_.end();
}

void Pin::refuse(const std::string& label, const SecretBytes& pin, CK_RV rv) {
  const std::string doubt = doubt_of_pin(pin);
  refused_.push_back(pin);
  prompted_ = {};
  refusal_ = no_login("The token \"" + label + "\" refused the PIN (" + rv_name(rv) + ").",
                      pin_source_.empty() ? "Try again with the right one."
                                          : "Correct the PIN in " + pin_source_ +
                                                " (the configuration's pin-source)" +
                                                (doubt.empty() ? "." : "; " + doubt + "."),
                      rv);
}

bool Pin::login(const Session& session, CK_TOKEN_INFO token) {
  if ((token.flags & CKF_LOGIN_REQUIRED) == 0) return true;
  if (session.is_of_user()) return true;

  const std::string label = label_of(token);
  const Lock lock(mutex_);
  require_tries(label, token.flags);
  CK_RV rv = CKR_OK;
  SecretBytes pin;
  if ((token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {
    rv = session.try_call<&CK_FUNCTION_LIST::C_Login>(CK_USER_TYPE{CKU_USER}, nullptr, CK_ULONG{0});
  } else {
    if (pin_source_.empty() && prompted_.empty()) {
      label_ = label;
      return false;
    }
    pin = pin_source_.empty() ? prompted_ : read_pin(pin_source_);
    if (was_refused(pin))
      throw no_login("The token \"" + label + "\" refused this PIN before; it was not tried again.",
                     "Correct the PIN in " + pin_source_ +
                         " (the configuration's pin-source): it is read " + "anew at the next try.",
                     CKR_PIN_INCORRECT);
    rv = session.try_call<&CK_FUNCTION_LIST::C_Login>(CK_USER_TYPE{CKU_USER}, pin.data(),
                                                      static_cast<CK_ULONG>(pin.size()));
  }
  switch (rv) {
    case CKR_OK:
    case CKR_USER_ALREADY_LOGGED_IN:
      refusal_.reset();
      return true;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      refuse(label, pin, rv);
      if (pin.empty() || !pin_source_.empty()) throw Error(*refusal_);
      // Before anybody is asked again: that may have been the last but one.
      session.module().call<&CK_FUNCTION_LIST::C_GetTokenInfo>(session.slot(), &token);
      require_tries(label, token.flags);
      return false;
    case CKR_PIN_LOCKED:
    case CKR_PIN_EXPIRED:
      throw no_login("The PIN of the token \"" + label + "\" cannot be used (" + rv_name(rv) + ").",
                     "Set a new one with the HSM's own tool.", rv);
    case CKR_USER_PIN_NOT_INITIALIZED:
      throw no_login("The token \"" + label + "\" has no user PIN yet (" + rv_name(rv) + ").",
                     "Set one, as the security officer: pkcs11-tool --module " +
                         session.module().name() + " --token-label '" + label +
                         "' --login --login-type so --init-pin",
                     rv);
    case CKR_USER_ANOTHER_ALREADY_LOGGED_IN:
      throw no_login("Somebody else, perhaps the security officer, is logged in to the token \"" +
                         label + "\" in this process.",
                     "Log out first.", rv);
    default:
      throw token_error("C_Login", rv);
  }
}

CK_RV Pin::login_for_operation(const Session& session) {
  const Lock lock(mutex_);
  SecretBytes pin = read_pin(pin_source_);
  if (was_refused(pin)) return CKR_PIN_INCORRECT;
  CK_TOKEN_INFO token{};
  if (session.module().try_call<&CK_FUNCTION_LIST::C_GetTokenInfo>(session.slot(), &token) ==
      CKR_OK)
    require_tries(trimmed(token.label, sizeof token.label), token.flags);
  CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_Login>(
      CK_USER_TYPE{CKU_CONTEXT_SPECIFIC}, pin.data(), static_cast<CK_ULONG>(pin.size()));
  if (rv == CKR_PIN_INCORRECT) refused_.push_back(std::move(pin));
  return rv;
}

void log_in_security_officer(const Session& session, const CK_TOKEN_INFO& token,
                             const SecretBytes& pin) {
  const std::string label = label_of(token);
  if ((token.flags & (CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED)) != 0)
    throw no_login("The security officer's PIN of the token \"" + label +
                       "\" is locked, or the next wrong one would lock it: it was not tried.",
                   "Log in once as the security officer with the HSM's own tool.", CKR_PIN_LOCKED);
  const CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_Login>(
      CK_USER_TYPE{CKU_SO}, const_cast<CK_UTF8CHAR_PTR>(pin.data()),
      static_cast<CK_ULONG>(pin.size()));
  switch (rv) {
    case CKR_OK:
      return;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      throw no_login("The token \"" + label + "\" refused the PIN of the security officer (" +
                         rv_name(rv) + ").",
                     "Correct what --so-pin-source names; each wrong PIN is counted.", rv);
    case CKR_USER_ANOTHER_ALREADY_LOGGED_IN:
    case CKR_SESSION_READ_ONLY_EXISTS:
      throw no_login("The security officer cannot log in to the token \"" + label +
                         "\" while this process uses it otherwise (" + rv_name(rv) + ").",
                     "Use the command trent for it, which uses the token alone.", rv);
    default:
      throw token_error("C_Login", rv);
  }
}

void keep_copy(const Session& session) {
  CK_TOKEN_INFO info{};
  if (session.module().try_call<&CK_FUNCTION_LIST::C_GetTokenInfo>(session.slot(), &info) ==
          CKR_OK &&
      is_softhsm(info))
    keep_token_object(trimmed(info.serialNumber, sizeof info.serialNumber));
}

namespace {

// Whether the module is SoftHSM, or hands its answers on.
bool is_softhsm(const Module& module) {
  CK_INFO info{};
  return module.try_call<&CK_FUNCTION_LIST::C_GetInfo>(&info) == CKR_OK &&
         trimmed(info.manufacturerID, sizeof info.manufacturerID).starts_with("SoftHSM");
}

// `seen`: the tokens that are there.
Error no_token(const Module& module, const std::string& uri, const std::string& seen) {
  const std::string damage = is_softhsm(module) ? softhsm_advice() : std::string();
  Error error(ErrorCode::KeyUnavailable,
              "No token matches uri \"" + uri + "\" in " + module.name() + "; it has " +
                  (seen.empty() ? "none." : seen + "."),
              damage.empty() ? "Check `uri` and `module` of the configuration, that the HSM is "
                               "connected and, with SoftHSM, that SOFTHSM2_CONF names its "
                               "configuration."
                             : damage,
              CKR_TOKEN_NOT_PRESENT);
  // Where there are others, the URI is wrong; where there is none, the token is away.
  if (damage.empty() && !seen.empty()) return std::move(error).in_configuration();
  return error;
}

}  // namespace

FoundToken find_token(const Module& module, const std::string& uri_text) {
  Uri uri(p11_kit_uri_new());
  int parsed = p11_kit_uri_parse(uri_text.c_str(), P11_KIT_URI_FOR_ANY, uri.get());
  if (parsed != P11_KIT_URI_OK || p11_kit_uri_any_unrecognized(uri.get()) != 0)
    throw Error(ErrorCode::Validation,
                "uri \"" + uri_text + "\" of the configuration is no token URI (RFC 7512).",
                "Write it as pkcs11:token=LABEL; `p11tool --list-token-urls` shows those of the "
                "tokens.")
        .in_configuration();

  CK_ULONG count = 0;
  std::vector<CK_SLOT_ID> slots;
  CK_RV rv = CKR_BUFFER_TOO_SMALL;
  // The list may grow between the two calls.
  for (int attempt = 0; rv == CKR_BUFFER_TOO_SMALL && attempt < 5; ++attempt) {
    module.call<&CK_FUNCTION_LIST::C_GetSlotList>(CK_BBOOL{CK_TRUE}, nullptr, &count);
    slots.resize(count);
    rv = module.try_call<&CK_FUNCTION_LIST::C_GetSlotList>(CK_BBOOL{CK_TRUE}, slots.data(), &count);
  }
  if (rv != CKR_OK) throw token_error("C_GetSlotList", rv);
  slots.resize(count);

  std::optional<FoundToken> found;
  std::string seen;
  std::string matching;
  for (CK_SLOT_ID slot : slots) {
    FoundToken token;
    token.slot = slot;
    rv = module.try_call<&CK_FUNCTION_LIST::C_GetTokenInfo>(slot, &token.info);
    if (rv != CKR_OK || (token.info.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
    seen += (seen.empty() ? "" : ", ") + describe(token.info);
    if (p11_kit_uri_match_token_info(uri.get(), &token.info) != 1) continue;
    if (p11_kit_uri_get_slot_id(uri.get()) != static_cast<CK_SLOT_ID>(-1) &&
        p11_kit_uri_get_slot_id(uri.get()) != slot)
      continue;
    matching += (matching.empty() ? "" : ", ") + describe(token.info);
    if (found)
      throw Error(ErrorCode::Validation,
                  "uri \"" + uri_text + "\" names several tokens: " + matching + ".",
                  "Add serial=... to `uri` in the configuration to name one.")
          .in_configuration();
    found = token;
  }
  if (!found) throw no_token(module, uri_text, seen);
  return *found;
}

namespace {

void restore_emptied_tokens(const Module& module) {
  if (!is_softhsm(module)) return;
  for (const RestoredToken& token : restore_token_objects(Damage::Empty))
    process::say_once(
        "SoftHSM's " + token.file.string() +
        " was empty, as a login that is killed leaves it; it was restored from the copy of " +
        token.copied + ".");
}

}  // namespace

std::optional<LoggedIn> open_token(const std::shared_ptr<Module>& module, const std::string& uri,
                                   Pin& pin) {
  // What a process sees while another one's C_Login rewrites a SoftHSM token: no such token, one
  // without a PIN, or a general error. All of it passes within milliseconds, some of it only with a
  // new start of the module. And what it sees after the application finalised the module that it
  // shares with us.
  auto passes = [](CK_RV rv) {
    return rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_TOKEN_NOT_RECOGNIZED ||
           rv == CKR_USER_PIN_NOT_INITIALIZED || rv == CKR_GENERAL_ERROR ||
           rv == CKR_CRYPTOKI_NOT_INITIALIZED;
  };
  constexpr int kAttempts = 6;
  for (int attempt = 1;; ++attempt) {
    std::uint64_t seen = module->generation();
    try {
      FoundToken token = find_token(*module, uri);
      Session anchor(module, token.slot);
      if (!pin.login(anchor, token.info)) return std::nullopt;
      return LoggedIn{token, std::move(anchor)};
    } catch (const Error& error) {
      if (!passes(error.ck_rv())) throw;
      // It does not pass by itself where a login was killed.
      if (attempt == kAttempts / 2) restore_emptied_tokens(*module);
      if (attempt == kAttempts) throw;
    }
    std::uint8_t jitter = 0;
    fill_random({&jitter, 1});
    std::this_thread::sleep_for(std::chrono::milliseconds(5 * attempt + jitter % 16));
    module->initialise_again(seen);
  }
}

}  // namespace trent::hsm
