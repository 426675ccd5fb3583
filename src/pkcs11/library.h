// SPDX-License-Identifier: Apache-2.0
// The module's state between C_Initialize and C_Finalize.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "config/config.h"
#include "pkcs11/handles.h"
#include "pkcs11/object.h"
#include "pkcs11/slot.h"

namespace trent::pkcs11 {

class Session;

class Library {
 public:
  // nullopt: there is no configuration, and so no slot.
  explicit Library(const std::optional<Config>& config);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // That of this process. Throws CKR_CRYPTOKI_NOT_INITIALIZED: before C_Initialize, after
  // C_Finalize, and in the child of a fork until it calls C_Initialize itself.
  static std::shared_ptr<Library> current();
  // Throws CKR_CRYPTOKI_ALREADY_INITIALIZED. `configuration`: a path that the caller gave, or
  // empty.
  static void initialise(const std::string& configuration);
  static void finalise();
  // A return code cannot say why a configuration that is there is of no use: one line to standard
  // error or, without a terminal, to syslog if there is one; once per process, and not if
  // TRENT_QUIET is 1.
  static void complain(const Error& error);

  const std::vector<std::unique_ptr<Slot>>& slots() const { return slots_; }
  // Throws CKR_SLOT_ID_INVALID.
  Slot& slot(CK_SLOT_ID id) const;

  CK_SESSION_HANDLE open_session(Slot& slot, CK_FLAGS flags);
  // Throws CKR_SESSION_HANDLE_INVALID.
  std::shared_ptr<Session> session(CK_SESSION_HANDLE handle) const;
  void close_session(CK_SESSION_HANDLE handle);
  void close_all_sessions(const Slot& slot);

  ObjectTable& objects() { return objects_; }

 private:
  void end(const std::shared_ptr<Session>& session);

  std::uint64_t fork_count_;
  std::optional<kms::Service> service_;
  std::vector<std::unique_ptr<Slot>> slots_;
  ObjectTable objects_;
  HandleMap<Session> sessions_;
  std::atomic<std::uint64_t> sessions_opened_ = 0;
};

}  // namespace trent::pkcs11
