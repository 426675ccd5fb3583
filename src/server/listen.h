// SPDX-License-Identifier: Apache-2.0
// Where a server listens, and which ways in each of these places takes.
#pragma once

#include <netinet/in.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/file.h"
#include "server/authentication.h"

namespace trent::server {

struct TcpAddress {
  std::string host;  // an IP address, without brackets
  std::uint16_t port = 0;
};
struct UnixPath {
  std::string path;
};
// Handed over by whoever started the process: systemd's LISTEN_FDS, a test.
struct Inherited {
  int descriptor = -1;
};

struct ListenAddress {
  std::variant<TcpAddress, UnixPath, Inherited> place;
  Ways ways;

  bool is_network() const;  // others than this host's own processes may reach it
};

// "127.0.0.1:8080", "[::1]:0", "unix:/run/trent/kms.sock", "fd:3"; then the ways in, if not only
// signatures: ",signature,unix-user,certificate,bearer". Throws Error (in the configuration).
ListenAddress parse_listen(std::string_view text);

// A socket that listens. A Unix socket's file goes with it, unless another process has it.
class ListeningSocket {
 public:
  // Throws Error (in the configuration) if that is not possible.
  explicit ListeningSocket(const ListenAddress& address);
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  int descriptor() const { return socket_->get(); }
  bool is_unix() const;
  // "http://127.0.0.1:8080", "unix:/run/trent/kms.sock"
  std::string url(bool tls) const;
  // From now on the file is another process's to remove.
  void keep_file() { path_.clear(); }

 private:
  std::unique_ptr<FileDescriptor> socket_;
  std::string path_;  // of the file that this process made
};

// The descriptors that systemd hands over (sd_listen_fds(3)), as "fd:3"; none if there are none.
std::vector<std::string> inherited_addresses();

// Tells systemd (sd_notify(3)), if it wants to know: "READY=1".
void notify_service_manager(const std::string& state);

}  // namespace trent::server
