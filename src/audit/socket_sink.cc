// SPDX-License-Identifier: Apache-2.0
// Datagrams to the sockets of syslog (RFC 3164, as the C library sends them) and journald.
#include "audit/socket_sink.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <system_error>

#include "process/fork.h"

namespace trent::audit {

namespace {

constexpr int kAuthPriv = 10;  // the facility of what only administrators read
constexpr int kNotice = 5;
constexpr const char* kName = "trent";

// Not strftime(): the application may have chosen another language.
std::string syslog_time() {
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%s %2d %02d:%02d:%02d",
                kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_mday, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text.data();
}

std::string syslog_message(const std::string& line) {
  return "<" + std::to_string(kAuthPriv * 8 + kNotice) + ">" + syslog_time() + " " + kName + "[" +
         std::to_string(getpid()) + "]: " + line;
}

// The line holds no line break, so no field needs its length before it.
std::string journal_message(const std::string& line) {
  return "MESSAGE=" + line + "\nPRIORITY=" + std::to_string(kNotice) +
         "\nSYSLOG_FACILITY=" + std::to_string(kAuthPriv) + "\nSYSLOG_IDENTIFIER=" + kName +
         "\nSYSLOG_PID=" + std::to_string(getpid()) + "\n";
}

// There is nobody, or another one than before.
bool is_gone(int error) {
  return error == ECONNREFUSED || error == ENOTCONN || error == ECONNRESET || error == EPIPE ||
         error == EDESTADDRREQ || error == EBADF;
}

}  // namespace

SocketSink::SocketSink(Protocol protocol, std::string path)
    : protocol_(protocol),
      path_(!path.empty()                  ? std::move(path)
            : protocol == Protocol::Syslog ? "/dev/log"
                                           : "/run/systemd/journal/socket"),
      forks_(process::fork_count()) {
  process::watch_fork();
}

// Two processes cannot go on with one chain.
void SocketSink::forget_if_forked() {
  if (forks_ == process::fork_count()) return;
  forks_ = process::fork_count();
  socket_.reset();
  chain_.reset();
  lost_ = 0;
}

void SocketSink::open() {
  socket_.reset();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) fail(path_, ENAMETOOLONG);
  std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail(path_, errno);
  socket_.emplace(descriptor);
  const timeval patience{1, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
  const int error = errno;
  socket_.reset();
  fail(path_, error);
}

bool SocketSink::send(const std::string& message) {
  const int flags = MSG_NOSIGNAL | (is_slow_ ? MSG_DONTWAIT : 0);
  ssize_t sent = 0;
  do {
    sent = ::send(socket_->get(), message.data(), message.size(), flags);
  } while (sent < 0 && errno == EINTR);
  is_slow_ = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  return sent >= 0;
}

void SocketSink::write(std::string_view record) {
  forget_if_forked();
  try {
    if (!chain_) chain_ = new_chain();
    Chain next = *chain_;
    const std::string line = add(next, record, lost_);
    const std::string message =
        protocol_ == Protocol::Syslog ? syslog_message(line) : journal_message(line);
    const bool was_open = socket_.has_value();
    if (!was_open) open();
    if (!send(message)) {
      int error = errno;
      bool sent = false;
      if (was_open && is_gone(error)) {
        open();
        sent = send(message);
        error = errno;
      }
      if (!sent) fail(path_, error);
    }
    chain_ = std::move(next);
    lost_ = 0;
  } catch (const std::exception&) {
    ++lost_;
    throw;
  }
}

// Whether somebody listens; how much more they take, nobody can tell.
void SocketSink::make_room() {
  forget_if_forked();
  open();
}

}  // namespace trent::audit
