// SPDX-License-Identifier: Apache-2.0
// A session of an application, and the backend sessions under it.
#include "pkcs11/session.h"

#include <utility>

namespace trent::pkcs11 {

Session::Session(Library& library, Slot& slot, std::uint64_t id, CK_FLAGS flags)
    : library_(library),
      slot_(slot),
      id_(id),
      flags_(flags),
      backend_(slot.token().open_session()) {}

bool Session::logged_in() {
  if (slot_.token().has_pin()) return true;
  CK_STATE now = state();
  if (now == CKS_RO_USER_FUNCTIONS || now == CKS_RW_USER_FUNCTIONS) return true;
  return (slot_.token().find().info.flags & CKF_LOGIN_REQUIRED) == 0;
}

CK_STATE Session::state() {
  if (slot_.token().has_pin()) {
    if (!slot_.logged_out) return is_read_write() ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
    return is_read_write() ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
  }
  CK_SESSION_INFO info{};
  CK_RV rv = call<&CK_FUNCTION_LIST::C_GetSessionInfo>(&info);
  require(rv == CKR_OK, rv);
  if (!is_read_write()) {
    if (info.state == CKS_RW_PUBLIC_SESSION) return CKS_RO_PUBLIC_SESSION;
    if (info.state == CKS_RW_USER_FUNCTIONS) return CKS_RO_USER_FUNCTIONS;
  }
  return info.state;
}

const hsm::Session& Session::backend() {
  if (backend_ && !backend_->current()) backend_.reset();
  if (!backend_) {
    spare_.reset();
    library_.objects().remove_owned_by(id_);
    backend_.emplace(slot_.token().open_session());
  }
  return *backend_;
}

CK_RV Session::note(CK_RV rv) {
  switch (rv) {
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
      backend_.reset();
      spare_.reset();
      library_.objects().remove_owned_by(id_);
      return CKR_DEVICE_REMOVED;
    default:
      return rv;
  }
}

hsm::Session Session::take_backend() {
  if (spare_ && spare_->current()) {
    hsm::Session session = std::move(*spare_);
    spare_.reset();
    return session;
  }
  spare_.reset();
  try {
    return backend().another();
  } catch (const Error& error) {
    if (!hsm::is_lost(error.ck_rv())) throw;
    note(CKR_DEVICE_REMOVED);
    return backend().another();
  }
}

void Session::give_back(hsm::Session session) {
  spare_.emplace(std::move(session));
}

CK_OBJECT_HANDLE Session::backend_handle(CK_OBJECT_HANDLE handle, HandleRole role) {
  auto object = library_.objects().get(slot_.id(), handle, role);
  const BackendObject* mine = object->backend();
  require(mine != nullptr && mine->generation == backend().module().generation(), bad_handle(role));
  return mine->handle;
}

CK_OBJECT_HANDLE Session::add_object(CK_OBJECT_HANDLE backend_handle, bool on_token,
                                     std::size_t length) {
  BackendObject object;
  object.handle = backend_handle;
  object.generation = backend().module().generation();
  object.owner = on_token ? 0 : id_;
  object.length = length;
  return library_.objects().add_made(slot_.id(), object);
}

}  // namespace trent::pkcs11
