// SPDX-License-Identifier: Apache-2.0
// Sessions and login.
#include <algorithm>

#include "base/encoding.h"
#include "pkcs11/functions/functions.h"

namespace trent::pkcs11 {

namespace {

// What can be a principal, and a part of a line in a log.
bool is_user_name(std::string_view name) {
  constexpr std::size_t kMaxPrincipal = 2048;
  return name.size() <= kMaxPrincipal && is_utf8(name) && std::ranges::none_of(name, is_control);
}

// For the one operation with a key whose CKA_ALWAYS_AUTHENTICATE is true: in the backend session
// that it runs in.
CK_RV log_in_for_operation(Session& session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len) {
  auto* operation =
      session.operation ? std::get_if<BackendOperation>(&session.operation->what) : nullptr;
  require(operation != nullptr, CKR_OPERATION_NOT_INITIALIZED);
  hsm::Token& token = session.slot().token();
  hsm::HostLock startup = token.startup_lock();
  if (token.has_pin()) return session.note(token.log_in_for_operation(operation->session));
  return session.note(operation->session.try_call<&CK_FUNCTION_LIST::C_Login>(
      CK_USER_TYPE{CKU_CONTEXT_SPECIFIC}, pin, pin_len));
}

CK_RV log_in(Session& session, CK_USER_TYPE user_type, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len) {
  if (user_type == CKU_CONTEXT_SPECIFIC) return log_in_for_operation(session, pin, pin_len);
  Slot& slot = session.slot();
  if (slot.token().has_pin()) {
    // Nobody needs to log in, but many programs do. Whatever the PIN, it gives no access that the
    // configuration does not give anyway.
    require(user_type != CKU_SO, CKR_PIN_LOCKED);
    slot.logged_out = false;
    return slot.logged_in.exchange(true) ? CKR_USER_ALREADY_LOGGED_IN : CKR_OK;
  }
  require(user_type != CKU_SO || slot.sessions == slot.rw_sessions, CKR_SESSION_READ_ONLY_EXISTS);
  CK_RV rv = session.call_with_pin<&CK_FUNCTION_LIST::C_Login>(user_type, pin, pin_len);
  // Another part of the process logged in before us, and this session with it.
  if (rv == CKR_USER_ALREADY_LOGGED_IN && !slot.logged_in) rv = CKR_OK;
  if (rv == CKR_OK) slot.logged_in = true;
  return rv;
}

}  // namespace

CK_RV open_session(Library& library, CK_SLOT_ID id, CK_FLAGS flags, CK_VOID_PTR, CK_NOTIFY,
                   CK_SESSION_HANDLE* session) {
  Slot& slot = library.slot(id);
  require(session != nullptr, CKR_ARGUMENTS_BAD);
  require((flags & CKF_SERIAL_SESSION) != 0, CKR_SESSION_PARALLEL_NOT_SUPPORTED);
  *session = library.open_session(slot, flags & (CKF_SERIAL_SESSION | CKF_RW_SESSION));
  return CKR_OK;
}

CK_RV close_session(Library& library, CK_SESSION_HANDLE session) {
  library.close_session(session);
  return CKR_OK;
}

CK_RV close_all_sessions(Library& library, CK_SLOT_ID id) {
  library.close_all_sessions(library.slot(id));
  return CKR_OK;
}

CK_RV get_session_info(Session& session, CK_SESSION_INFO* info) {
  require(info != nullptr, CKR_ARGUMENTS_BAD);
  *info = {session.slot().id(), session.state(), session.flags(), 0};
  return CKR_OK;
}

CK_RV login(Session& session, CK_USER_TYPE user_type, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len) {
  return login_user(session, user_type, pin, pin_len, nullptr, 0);
}

CK_RV login_user(Session& session, CK_USER_TYPE user_type, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len,
                 CK_UTF8CHAR_PTR user, CK_ULONG user_len) {
  require(user_type == CKU_USER || user_type == CKU_SO || user_type == CKU_CONTEXT_SPECIFIC,
          CKR_USER_TYPE_INVALID);
  require(pin != nullptr || pin_len == 0, CKR_ARGUMENTS_BAD);
  require(user != nullptr || user_len == 0, CKR_ARGUMENTS_BAD);
  std::string_view name = as_text({user, user_len});
  require(is_user_name(name), CKR_ARGUMENTS_BAD);
  Slot& slot = session.slot();
  std::lock_guard lock(slot.login_mutex);
  CK_RV rv = log_in(session, user_type, pin, pin_len);
  // Like the login itself, the name is of all sessions with the token.
  if (rv == CKR_OK && user_type == CKU_USER) slot.set_user(std::string(name));
  return rv;
}

CK_RV logout(Session& session) {
  Slot& slot = session.slot();
  std::lock_guard lock(slot.login_mutex);
  if (slot.token().has_pin())
    require(!slot.logged_out.exchange(true), CKR_USER_NOT_LOGGED_IN);
  else
    require(slot.logged_in, CKR_USER_NOT_LOGGED_IN);
  slot.logged_in = false;
  ++slot.logouts;
  slot.set_user({});
  if (slot.token().has_pin()) return CKR_OK;
  return session.call<&CK_FUNCTION_LIST::C_Logout>();
}

CK_RV session_cancel(Session& session, CK_FLAGS flags) {
  auto flag_of = [](Kind kind) -> CK_FLAGS {
    switch (kind) {
      case Kind::Encrypt:
        return CKF_ENCRYPT;
      case Kind::Decrypt:
        return CKF_DECRYPT;
      case Kind::Digest:
        return CKF_DIGEST;
      case Kind::Sign:
        return CKF_SIGN;
      case Kind::SignRecover:
        return CKF_SIGN_RECOVER;
      case Kind::Verify:
        return CKF_VERIFY;
      case Kind::VerifyRecover:
        return CKF_VERIFY_RECOVER;
    }
    return 0;
  };
  if (session.operation && (flags & flag_of(session.operation->kind)) != 0)
    session.operation.reset();
  if ((flags & kFlagFindObjects) != 0) session.found.reset();
  return CKR_OK;
}

CK_RV not_parallel(Session&) {
  return CKR_FUNCTION_NOT_PARALLEL;
}

}  // namespace trent::pkcs11
