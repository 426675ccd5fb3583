// SPDX-License-Identifier: Apache-2.0
// The module, the token that a URI names, and the login.
#include "hsm/login.h"

#include <sys/wait.h>
#include <unistd.h>
#include <cctype>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <optional>
#include <thread>

#include "fault.h"
#include "hsm/base_key_store.h"
#include "hsm/token.h"
#include "sanitized.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using hsm::Token;

const std::string kWrongPin = "0815-wrong";

TokenConfig config() {
  return load_config().tokens.front();
}

// A configuration without a pin-source: somebody has to be asked.
TokenConfig asking() {
  TokenConfig made = config();
  made.pin_source.clear();
  return made;
}

// From here on nobody is logged in. Trent notices, and starts anew.
void log_everybody_out() {
  fault_module().disarm();
  fault_module().pretend(0);
  softhsm()->C_Finalize(nullptr);
}

// Something that needs the login.
void use(Token& token) {
  hsm::generate_base_key(token, "test", Sha256{});
}

std::size_t logins() {
  std::size_t count = 0;
  for (const auto& call : fault_module().trace()) count += call == "C_Login";
  return count;
}

// The error of a login that fails for `why`, and how often C_Login was called.
std::pair<Error, std::size_t> failed_login(Token& token) {
  fault_module().arm({});
  Error error = ERROR_OF(use(token));
  std::size_t calls = logins();
  fault_module().disarm();
  return {error, calls};
}

// By itself: a serial number may well have these digits in it.
bool shows(const std::string& text, const std::string& pin) {
  const auto is_part = [&](std::size_t at) {
    return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
  };
  for (auto at = text.find(pin); at != text.npos; at = text.find(pin, at + 1))
    if (!is_part(at - 1) && !is_part(at + pin.size())) return true;
  return false;
}

void has(const Error& error, ErrorCode code, const std::vector<std::string>& words) {
  CHECK_EQ(std::string(error.name()), error_name(code));
  std::string text = error.text();
  for (const auto& word : words)
    if (text.find(word) == text.npos) throw Failure("no \"" + word + "\" in: " + text);
  CHECK(!shows(text, kWrongPin));
  CHECK(!shows(text, kUserPin));
}

// First, before this process has loaded any module: one that cannot be loaded must not bring the
// exit handler of the others down.
void process_with_a_bad_module_exits_well() {
  pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);  // cmocka would go on with the next case
    int status = 1;
    try {
      Token good(config(), {});
      use(good);
      TokenConfig missing = config();
      missing.module = "/nonexistent/module.so";
      Token bad(missing, {});
      use(bad);
    } catch (const Error& error) {
      status = error.code() == ErrorCode::KeyUnavailable ? 0 : 2;
    }
    std::exit(status);
  }
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status));
  CHECK_EQ(WEXITSTATUS(status), 0);
}

void prompt_is_asked_once_and_remembered() {
  log_everybody_out();
  int asked = 0;
  std::string label;
  Token token(asking(), [&](const std::string& name) {
    ++asked;
    label = name;
    return secret(kUserPin);
  });
  use(token);
  use(token);
  CHECK_EQ(asked, 1);
  CHECK(label.find(kTokenLabel) != label.npos);
  log_everybody_out();  // the connection is lost, and the login with it
  use(token);
  CHECK_EQ(asked, 1);
}

// Another process rewrites the token at the very moment: what was typed is tried again.
void prompt_is_asked_once_in_a_start_up_race() {
  log_everybody_out();
  int asked = 0;
  Token token(asking(), [&](const std::string&) {
    ++asked;
    return secret(kUserPin);
  });
  fault_module().arm({.nth = 1, .rv = CKR_GENERAL_ERROR, .function = "C_Login"});
  use(token);
  CHECK(fault_module().fired());
  CHECK_EQ(asked, 1);
}

void nobody_to_ask_is_said_clearly() {
  log_everybody_out();
  Token none(asking(), {});
  auto [error, calls] = failed_login(none);
  has(error, ErrorCode::AccessDenied, {"\"kms\"", "PIN", "pin-source"});
  CHECK_EQ(calls, 0U);
  Token nobody(asking(), [](const std::string&) { return std::nullopt; });
  has(failed_login(nobody).first, ErrorCode::AccessDenied, {"nobody to ask"});
  Token empty(asking(), [](const std::string&) { return SecretBytes(); });
  has(failed_login(empty).first, ErrorCode::AccessDenied, {"No PIN was typed", "pin-source"});
}

// A program that answers the prompt, such as -passin: it says the same again.
void same_wrong_pin_is_sent_once_in_a_process() {
  log_everybody_out();
  int asked = 0;
  Token token(asking(), [&](const std::string&) {
    ++asked;
    return secret(kWrongPin);
  });
  for (int expected_calls : {1, 0}) {
    auto [error, calls] = failed_login(token);
    has(error, ErrorCode::AccessDenied, {"\"kms\"", "CKR_PIN_INCORRECT"});
    CHECK_EQ(calls, static_cast<std::size_t>(expected_calls));
  }
  CHECK_EQ(asked, 3);
}

void mistyped_pin_may_be_typed_again() {
  log_everybody_out();
  int asked = 0;
  Token token(asking(), [&](const std::string&) {
    return secret(++asked % 3 == 0 ? kUserPin : kWrongPin + std::to_string(asked));
  });
  use(token);
  CHECK_EQ(asked, 3);
  log_everybody_out();
  use(token);
  CHECK_EQ(asked, 3);
}

void asks_three_times_for_one_operation() {
  log_everybody_out();
  int asked = 0;
  Token token(asking(), [&](const std::string&) {
    return secret(++asked > 4 ? kUserPin : kWrongPin + std::to_string(asked));
  });
  auto [error, calls] = failed_login(token);
  has(error, ErrorCode::AccessDenied, {"refused the PIN"});
  CHECK_EQ(calls, 3U);
  CHECK_EQ(asked, 3);
  use(token);  // and again for the next one
  CHECK_EQ(asked, 5);
}

// After the first wrong PIN: SoftHSM itself never locks one.
void typing_again_stops_before_the_last_try() {
  for (auto [flag, word] : {std::pair(CKF_USER_PIN_FINAL_TRY, "would lock"),
                            std::pair(CKF_USER_PIN_LOCKED, "locked")}) {
    log_everybody_out();
    int asked = 0;
    Token token(asking(), [&, pretended = flag](const std::string&) {
      ++asked;
      fault_module().pretend(pretended);
      return secret(kWrongPin);
    });
    // The flag appears while the user types: that the try was allowed is what SoftHSM cannot show.
    auto [error, calls] = failed_login(token);
    has(error, ErrorCode::AccessDenied, {word});
    CHECK_EQ(calls, 0U);
    CHECK_EQ(asked, 1);
    fault_module().pretend(0);
  }
}

// The flag comes with the refusal: the user is not asked a second time.
void refusal_that_leaves_one_try_is_the_last() {
  log_everybody_out();
  int asked = 0;
  fault_module().pretend_after_refusal(CKF_USER_PIN_FINAL_TRY);
  Token token(asking(), [&](const std::string&) {
    ++asked;
    return secret(kWrongPin);
  });
  auto [error, calls] = failed_login(token);
  has(error, ErrorCode::AccessDenied, {"would lock"});
  CHECK_EQ(calls, 1U);
  CHECK_EQ(asked, 1);
  fault_module().pretend_after_refusal(0);
  fault_module().pretend(0);
}

void fork_does_not_wait_for_the_person_who_is_asked() {
  if (kSanitized) return;  // the child could hang in the allocator
  log_everybody_out();
  std::promise<void> shown;
  std::promise<void> answered;
  Token token(asking(), [&](const std::string&) {
    shown.set_value();
    answered.get_future().wait();
    return secret(kUserPin);
  });
  // As an operation does, and nested as it happens.
  auto operation = [&] {
    const process::ForkGuard outer;
    const process::ForkGuard inner;
    use(token);
  };
  std::thread asked(operation);
  shown.get_future().wait();
  std::thread waiting(operation);  // for the same prompt
  pid_t child = fork();
  if (child == 0) {
    // The prompt is the parent's. Whoever needs the PIN here asks for it himself.
    Token own(config(), {});
    try {
      use(own);
    } catch (const Error&) {
      _exit(1);
    }
    _exit(0);
  }
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  answered.set_value();
  asked.join();
  waiting.join();
}

void wrong_pin_of_a_source_names_the_source() {
  log_everybody_out();
  std::string path = config().pin_source.substr(5) + ".wrong";
  std::ofstream(path) << kWrongPin << "\n";
  TokenConfig wrong = config();
  wrong.pin_source = "file:" + path;
  Token token(wrong, [](const std::string&) -> std::optional<SecretBytes> {
    throw Failure("asked in spite of a pin-source");
  });
  auto [error, calls] = failed_login(token);
  has(error, ErrorCode::AccessDenied, {wrong.pin_source, "CKR_PIN_INCORRECT"});
  CHECK_EQ(calls, 1U);
  auto [again, more_calls] = failed_login(token);
  has(again, ErrorCode::AccessDenied, {wrong.pin_source, "not tried again"});
  CHECK_EQ(more_calls, 0U);
  std::ofstream(path) << kUserPin << "\n";
  use(token);  // it is read again
}

void what_is_beside_a_refused_pin_is_said() {
  log_everybody_out();
  TokenConfig odd = config();
  const std::string path = odd.pin_source.substr(5) + ".odd";
  odd.pin_source = "file:" + path;
  for (const auto& [rest, words] : {std::pair{" \n", "it ends in a space"},
                                    {"\nso-pin\n", "it has more than one line"},
                                    {"\n\n", "it ends in an empty line"}}) {
    std::ofstream(path) << kUserPin << rest;
    Token token(odd, {});
    has(failed_login(token).first, ErrorCode::AccessDenied, {odd.pin_source, words});
    log_everybody_out();
    Token right(config(), {});
    use(right);  // no try is lost
    log_everybody_out();
  }
}

void missing_source_is_named() {
  log_everybody_out();
  TokenConfig missing = config();
  missing.pin_source = "file:/nonexistent/pin";
  Token token(missing, {});
  auto [error, calls] = failed_login(token);
  has(error, ErrorCode::Validation, {"file:/nonexistent/pin", "No such file"});
  CHECK_EQ(calls, 0U);
  missing.pin_source = "env:TRENT_TEST_NO_SUCH_PIN";
  Token by_name(missing, {});
  has(failed_login(by_name).first, ErrorCode::Validation, {"env:TRENT_TEST_NO_SUCH_PIN"});
  setenv("TRENT_TEST_PIN", kUserPin, 1);
  missing.pin_source = "env:TRENT_TEST_PIN";
  Token good(missing, {});
  use(good);
}

void last_try_is_left_to_the_owner() {
  log_everybody_out();
  fault_module().pretend(CKF_USER_PIN_FINAL_TRY);
  Token token(config(), {});
  auto [error, calls] = failed_login(token);
  has(error, ErrorCode::AccessDenied, {"would lock the token \"kms\""});
  CHECK_EQ(calls, 0U);
  fault_module().pretend(0);
  use(token);  // proven right elsewhere: the flag is gone
}

void locked_pin_is_said_to_be() {
  log_everybody_out();
  fault_module().pretend(CKF_USER_PIN_LOCKED);
  Token token(config(), {});
  auto [error, calls] = failed_login(token);
  has(error, ErrorCode::AccessDenied, {"locked", "security officer"});
  CHECK_EQ(calls, 0U);
  fault_module().pretend(CKF_USER_PIN_COUNT_LOW);  // somebody's typing error is no reason
  use(token);
}

void pins_that_cannot_be_used_are_told_apart() {
  for (auto [rv, word] :
       {std::pair(CKR_PIN_LOCKED, "CKR_PIN_LOCKED"), std::pair(CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED"),
        std::pair(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "security officer")}) {
    log_everybody_out();
    Token token(config(), {});
    fault_module().arm({.nth = 1, .rv = rv, .function = "C_Login"});
    Error error = ERROR_OF(use(token));
    fault_module().disarm();
    has(error, ErrorCode::AccessDenied, {word});
    CHECK_EQ(error.ck_rv(), rv);
  }
}

// The token has a keypad of its own.
void protected_path_gets_no_pin() {
  log_everybody_out();
  fault_module().pretend(CKF_PROTECTED_AUTHENTICATION_PATH);
  Token token(asking(), [](const std::string&) -> std::optional<SecretBytes> {
    throw Failure("asked in spite of the token's own keypad");
  });
  // SoftHSM has none: it is enough that it was called, without a PIN.
  fault_module().arm({});
  Error error = ERROR_OF(use(token));
  CHECK_EQ(logins(), 1U);
  fault_module().pretend(0);
}

void application_that_is_logged_in_needs_no_pin() {
  log_everybody_out();
  RawSession application;
  Token token(asking(), {});
  auto connected = [&] {
    fault_module().arm({});
    use(token);
    return logins();
  };
  CHECK_EQ(connected(), 0U);
}

// Whoever loaded the same module has finalised it; and this Token has never connected.
void module_finalised_by_the_application_is_started_again() {
  {
    Token first(config(), {});
    use(first);
  }
  log_everybody_out();
  Token second(config(), {});
  use(second);
}

hsm::FoundToken find(const std::string& uri) {
  return hsm::find_token(*hsm::Module::open(config().module), uri);
}

std::string serial() {
  CK_TOKEN_INFO info = find("pkcs11:token=kms").info;
  return {reinterpret_cast<const char*>(info.serialNumber), sizeof info.serialNumber};
}

void uri_may_name_any_property() {
  CHECK_EQ(find("pkcs11:serial=" + serial()).slot, token_slot());
  CHECK_EQ(find("pkcs11:token=kms;serial=" + serial()).slot, token_slot());
  CHECK_EQ(find("pkcs11:token=kms;manufacturer=SoftHSM%20project").slot, token_slot());
  CHECK_EQ(find("pkcs11:token=kms;model=SoftHSM%20v2").slot, token_slot());
  CHECK_EQ(find("pkcs11:token=%6b%6Ds").slot, token_slot());
  CHECK_EQ(find("pkcs11:token=kms;slot-id=" + std::to_string(token_slot())).slot, token_slot());
  CHECK_ERROR(KeyUnavailable, find("pkcs11:token=kms;slot-id=1"));
}

// There are two tokens, and SoftHSM always has a slot more for one that is not initialised.
void uri_that_names_none_or_several_is_refused() {
  for (const char* uri :
       {"pkcs11:token=none", "pkcs11:token=KMS", "pkcs11:token=kms;serial=0", "pkcs11:token="}) {
    Error error = ERROR_OF(find(uri));
    has(error, ErrorCode::KeyUnavailable, {uri, "\"kms\"", "\"kms2\"", "SOFTHSM2_CONF"});
    CHECK(error.message().find("\"\"") == std::string::npos);
  }
  Error error = ERROR_OF(find("pkcs11:"));
  has(error, ErrorCode::Validation, {"several", "\"kms\"", "\"kms2\"", "serial="});
  error = ERROR_OF(find("pkcs11:manufacturer=SoftHSM%20project"));
  has(error, ErrorCode::Validation, {"several"});
}

// Slot lists and token infos of many processes: only a login keeps them waiting.
void looking_for_a_token_needs_no_turn() {
  Token token(config(), {});
  auto took = [&] {
    auto start = std::chrono::steady_clock::now();
    token.find();
    return std::chrono::steady_clock::now() - start;
  };
  {
    hsm::HostLock other_looks(hsm::HostLock::Purpose::Start, config().module,
                              hsm::HostLock::Kind::Shared);
    CHECK(took() < std::chrono::seconds(3));
  }
  std::optional<hsm::HostLock> other_logs_in(std::in_place, hsm::HostLock::Purpose::Start,
                                             config().module);
  std::thread login([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    other_logs_in.reset();
  });
  CHECK(took() > std::chrono::milliseconds(50));
  login.join();
}

void malformed_uri_is_refused() {
  for (const char* uri :
       {"", "kms", "pkcs11", "pkcs11:token=%zz", "pkcs11:nonsense=1", "https://example.com"})
    has(ERROR_OF(find(uri)), ErrorCode::Validation, {"RFC 7512"});
}

void token_that_is_not_there_is_a_key_that_is_not() {
  TokenConfig absent = config();
  absent.uri = "pkcs11:token=absent";
  Token token(absent, {});
  has(ERROR_OF(use(token)), ErrorCode::KeyUnavailable, {"pkcs11:token=absent", "\"kms\""});
  // The connection of another token of the same module lives on, or comes back.
  Token good(config(), {});
  use(good);
  ERROR_OF(use(token));
  use(good);
}

void module_must_be_one() {
  for (const std::string& module :
       {std::string("/nonexistent/module.so"), std::string("/etc/passwd"), std::string("/"),
        std::string("no-such-p11-kit-module"),
        std::string("/usr/lib/x86_64-linux-gnu/libcrypto.so.3")}) {
    TokenConfig bad = config();
    bad.module = module;
    Token token(bad, {});
    has(ERROR_OF(use(token)), ErrorCode::KeyUnavailable, {module, "p11-kit list-modules"});
    has(ERROR_OF(use(token)), ErrorCode::KeyUnavailable, {module});
  }
}

// "softhsm2" is what Debian's softhsm2 package registers.
void module_may_be_named_as_p11_kit_does() {
  TokenConfig named = config();
  named.module = "softhsm2";
  Token token(named, {});
  use(token);
  CHECK(hsm::describe_token(token).starts_with("\"kms\" (SoftHSM project, SoftHSM v2, serial "));
}

}  // namespace

int main() {
  SoftHsm softhsm_token({.module = fault_module_path()});
  make_token("kms2");
  return RUN_TESTS(
      "login", TEST(process_with_a_bad_module_exits_well),
      TEST(prompt_is_asked_once_and_remembered), TEST(prompt_is_asked_once_in_a_start_up_race),
      TEST(nobody_to_ask_is_said_clearly), TEST(same_wrong_pin_is_sent_once_in_a_process),
      TEST(mistyped_pin_may_be_typed_again), TEST(asks_three_times_for_one_operation),
      TEST(typing_again_stops_before_the_last_try), TEST(refusal_that_leaves_one_try_is_the_last),
      TEST(fork_does_not_wait_for_the_person_who_is_asked),
      TEST(wrong_pin_of_a_source_names_the_source), TEST(what_is_beside_a_refused_pin_is_said),
      TEST(missing_source_is_named), TEST(last_try_is_left_to_the_owner),
      TEST(locked_pin_is_said_to_be), TEST(pins_that_cannot_be_used_are_told_apart),
      TEST(protected_path_gets_no_pin), TEST(application_that_is_logged_in_needs_no_pin),
      TEST(module_finalised_by_the_application_is_started_again), TEST(uri_may_name_any_property),
      TEST(uri_that_names_none_or_several_is_refused), TEST(looking_for_a_token_needs_no_turn),
      TEST(malformed_uri_is_refused), TEST(token_that_is_not_there_is_a_key_that_is_not),
      TEST(module_must_be_one), TEST(module_may_be_named_as_p11_kit_does));
}
