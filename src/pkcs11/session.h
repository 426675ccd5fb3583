// SPDX-License-Identifier: Apache-2.0
// A session of an application: with a backend session of its own, in which its session objects
// live.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "hsm/change_lock.h"
#include "hsm/session.h"
#include "pkcs11/library.h"
#include "pkcs11/operation.h"
#include "pkcs11/slot.h"

namespace trent::pkcs11 {

class Session {
 public:
  // `id`: no other session's of this library, ever, and not 0.
  Session(Library& library, Slot& slot, std::uint64_t id, CK_FLAGS flags);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Library& library() { return library_; }
  Slot& slot() { return slot_; }
  std::uint64_t id() const { return id_; }
  CK_FLAGS flags() const { return flags_; }
  bool is_read_write() const { return (flags_ & CKF_RW_SESSION) != 0; }
  // Before an object is changed: throws CKR_SESSION_READ_ONLY if it is a token
  // object and this session is read-only. The backend's own session never is.
  void require_may_change(bool on_token) const {
    require(!on_token || is_read_write(), CKR_SESSION_READ_ONLY);
  }

  // Whether it may use what is private in the token.
  bool logged_in();
  // CKS_...
  CK_STATE state();

  // The backend session with the session objects. Opened again, without them, if it was lost.
  const hsm::Session& backend();
  // Calls a function in it, with its handle as the first argument.
  template <auto Function, class... Arguments>
  CK_RV call(Arguments... arguments) {
    return note(backend().template try_call<Function>(arguments...));
  }

  // C_Login, C_InitPIN or C_SetPIN: in turn with other processes, and with a copy of what SoftHSM
  // rewrites in them.
  template <auto Function, class... Arguments>
  CK_RV call_with_pin(Arguments... arguments) {
    backend();  // opening it takes the lock as well
    const hsm::HostLock startup = slot_.token().startup_lock();
    CK_RV rv = call<Function>(arguments...);
    if (rv == CKR_OK) hsm::keep_copy(backend());
    return rv;
  }

  // A backend session for one operation. Given back only when no operation is left active in it.
  hsm::Session take_backend();
  void give_back(hsm::Session session);

  // The backend's handle for an object of the application's; throws bad_handle(). A KMS key is
  // none.
  CK_OBJECT_HANDLE backend_handle(CK_OBJECT_HANDLE handle, HandleRole role);
  // Our handle for an object that the application just made in backend().
  CK_OBJECT_HANDLE add_object(CK_OBJECT_HANDLE backend_handle, bool on_token,
                              std::size_t length = 0);

  // If the backend's session is gone, says so in PKCS#11's words, and lets go of it.
  CK_RV note(CK_RV rv);

  // Held while a function works with the session.
  std::mutex mutex;
  bool closed = false;
  std::optional<Operation> operation;
  std::optional<std::vector<CK_OBJECT_HANDLE>> found;  // C_FindObjects: what is left, last first

 private:
  Library& library_;
  Slot& slot_;
  std::uint64_t id_;
  CK_FLAGS flags_;
  std::optional<hsm::Session> backend_;
  std::optional<hsm::Session> spare_;
};

// Held while an object is made or destroyed for the application. Token objects are changed by one
// thread of one process at a time, as Trent's own are: see hsm::ChangeLock.
class ObjectChange {
 public:
  // Throws CKR_SESSION_READ_ONLY. Before a login there is no lock, for taking it needs one.
  ObjectChange(Session& session, bool on_token) {
    session.require_may_change(on_token);
    if (!on_token || !session.logged_in()) return;
    lock_.emplace(session.slot().token());
    lock_->look();
  }

 private:
  std::optional<hsm::ChangeLock> lock_;
};

}  // namespace trent::pkcs11
