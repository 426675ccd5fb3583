// SPDX-License-Identifier: Apache-2.0
// The module's state between C_Initialize and C_Finalize.
#include "pkcs11/library.h"

#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/encoding.h"
#include "hsm/debug.h"
#include "hsm/module.h"
#include "hsm/token_names.h"
#include "pkcs11/session.h"
#include "process/fork.h"

namespace trent::pkcs11 {

namespace {

// Never destroyed: threads may outlive static destruction.
struct Current {
  std::mutex mutex;
  std::shared_ptr<Library> library;
  std::atomic_flag complained;
};

Current& current_library() {
  static Current* const instance = std::make_unique<Current>().release();
  return *instance;
}

// p11-kit loads every registered module into programs that have nothing to do with Trent: no
// configuration is no error, but a bad one is.
std::optional<Config> find(const std::string& configuration) {
  auto config = find_config(configuration);
  if (!config && process::log_enabled())
    hsm::debug_call("C_Initialize", "no trent.toml was found: no slots", CKR_OK,
                    std::chrono::nanoseconds(0));
  return config;
}

}  // namespace

Library::Library(const std::optional<Config>& config) : fork_count_(process::fork_count()) {
  if (!config) return;
  service_.emplace(*config);
  for (CK_SLOT_ID id = 0; id < config->tokens.size(); ++id)
    slots_.push_back(std::make_unique<Slot>(id, *service_));
}

Library::~Library() = default;

std::shared_ptr<Library> Library::current() {
  Current& current = current_library();
  std::lock_guard lock(current.mutex);
  require(current.library && current.library->fork_count_ == process::fork_count(),
          CKR_CRYPTOKI_NOT_INITIALIZED);
  return current.library;
}

void Library::initialise(const std::string& configuration) {
  process::watch_fork();
  Current& current = current_library();
  std::shared_ptr<Library> of_parent;  // goes after the lock is released
  std::lock_guard lock(current.mutex);
  require(!current.library || current.library->fork_count_ != process::fork_count(),
          CKR_CRYPTOKI_ALREADY_INITIALIZED);
  try {
    of_parent = std::exchange(current.library, std::make_shared<Library>(find(configuration)));
  } catch (const Error& error) {
    complain(error);
    throw;
  }
}

void Library::complain(const Error& error) {
  const char* quiet = std::getenv("TRENT_QUIET");
  if (quiet != nullptr && std::string_view(quiet) == "1") return;
  if (current_library().complained.test_and_set()) return;
  std::string line = "trent: " + error.text();
  std::ranges::replace_if(line, is_control, ' ');
  // In a container there is seldom a syslog, and somebody keeps standard error.
  if (isatty(STDERR_FILENO) != 0 || access(_PATH_LOG, F_OK) != 0)
    std::fprintf(stderr, "%s\n", line.c_str());
  else
    syslog(LOG_USER | LOG_ERR, "%s", line.c_str());
}

void Library::finalise() {
  Current& current = current_library();
  std::shared_ptr<Library> library = Library::current();
  {
    std::lock_guard lock(current.mutex);
    require(current.library == library, CKR_CRYPTOKI_NOT_INITIALIZED);
    current.library.reset();
  }
  std::vector<std::string> modules;
  for (const auto& slot : library->slots_) {
    // The login ends with the last session in the process: if it does not end with ours, somebody
    // else has one, and finalise_if_unused() sees it.
    slot->logged_in = false;
    library->close_all_sessions(*slot);
    modules.push_back(slot->config().module);
  }
  // Nothing of the backend outlives this, where it is ours alone: after the next C_Initialize the
  // application sees what a fresh start would show it, such as a PIN that was changed elsewhere.
  library.reset();
  for (const std::string& module : modules) hsm::Module::finalise_if_unused(module);
}

Slot& Library::slot(CK_SLOT_ID id) const {
  require(id < slots_.size(), CKR_SLOT_ID_INVALID);
  return *slots_[id];
}

CK_SESSION_HANDLE Library::open_session(Slot& slot, CK_FLAGS flags) {
  std::shared_ptr<Session> session;
  try {
    session = std::make_shared<Session>(*this, slot, ++sessions_opened_, flags);
  } catch (const Error& error) {
    // No such token, no good PIN; but not what other programs can do to it.
    if (error.code() != ErrorCode::KMSInternal) complain(error);
    throw;
  }
  {
    std::lock_guard lock(slot.login_mutex);
    require(session->is_read_write() || session->state() != CKS_RW_SO_FUNCTIONS,
            CKR_SESSION_READ_WRITE_SO_EXISTS);
    ++slot.sessions;
    if (session->is_read_write()) ++slot.rw_sessions;
  }
  return sessions_.add(session);
}

std::shared_ptr<Session> Library::session(CK_SESSION_HANDLE handle) const {
  auto session = sessions_.find(handle);
  require(session != nullptr, CKR_SESSION_HANDLE_INVALID);
  return session;
}

namespace {

void log_out(Session& last) {
  Slot& slot = last.slot();
  slot.logged_out = false;
  if (!slot.logged_in.exchange(false)) return;
  slot.set_user({});
  try {
    if (!slot.token().has_pin()) last.call<&CK_FUNCTION_LIST::C_Logout>();
  } catch (const Error&) {  // no token, no login
  }
}

}  // namespace

void Library::end(const std::shared_ptr<Session>& session) {
  std::lock_guard lock(session->mutex);  // waits for a thread that is at work in it
  session->closed = true;
  Slot& slot = session->slot();
  {
    std::lock_guard login(slot.login_mutex);
    if (session->is_read_write()) --slot.rw_sessions;
    // PKCS#11 v3.0 section 5.6.2: the last session takes the login with it.
    if (--slot.sessions == 0) log_out(*session);
  }
  objects_.remove_owned_by(session->id());
}

void Library::close_session(CK_SESSION_HANDLE handle) {
  auto session = sessions_.take(handle);
  require(session != nullptr, CKR_SESSION_HANDLE_INVALID);
  end(session);
}

void Library::close_all_sessions(const Slot& slot) {
  auto all = sessions_.take_if([&](Session& session) { return &session.slot() == &slot; });
  while (!all.empty()) {
    end(all.back());
    all.pop_back();
  }
}

}  // namespace trent::pkcs11
