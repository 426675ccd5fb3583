// SPDX-License-Identifier: Apache-2.0
// Listening sockets, and what systemd has to do with them.
#include "server/listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"

namespace trent::server {

namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& advice) {
  throw Error(ErrorCode::Validation, what, advice).in_configuration();
}

[[noreturn]] void refuse_address(std::string_view text, const std::string& fault) {
  refuse("--listen " + quote_for_message(text) + " " + fault,
         "Write ADDRESS:PORT (127.0.0.1:8080, [::1]:8080), unix:PATH or fd:NUMBER, and after that "
         "the ways in, if not only signatures: ,signature,unix-user,certificate,bearer.");
}

template <class Number>
std::optional<Number> to_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

std::optional<SocketAddress> to_socket_address(const TcpAddress& tcp) {
  SocketAddress address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  if (::inet_pton(AF_INET, tcp.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(tcp.port);
    address.size = sizeof v4;
    return address;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (::inet_pton(AF_INET6, tcp.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(tcp.port);
    address.size = sizeof v6;
    return address;
  }
  return std::nullopt;
}

bool is_loopback(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET)
    return (ntohl(reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr.s_addr) >> 24) ==
           127;
  return address.storage.ss_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr);
}

SocketAddress own_address(int descriptor) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (::getsockname(descriptor, address.get(), &address.size) != 0)
    address.storage.ss_family = AF_UNSPEC;
  return address;
}

TcpAddress parse_tcp(std::string_view text, std::string_view whole) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) refuse_address(whole, "has no port.");
  TcpAddress tcp;
  std::string_view host = text.substr(0, colon);
  const bool has_brackets = host.starts_with('[') && host.ends_with(']');
  if (has_brackets) host = host.substr(1, host.size() - 2);
  tcp.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  const auto port = to_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) refuse_address(whole, "has no port from 0 to 65535.");
  tcp.port = *port;
  const auto address = to_socket_address(tcp);
  if (!address || has_brackets != (address->storage.ss_family == AF_INET6))
    refuse_address(whole, "names no IP address.");
  return tcp;
}

Ways parse_ways(std::string_view text, std::string_view whole) {
  Ways ways;
  if (text.empty()) return ways;
  ways.signature = false;
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::string_view way = text.substr(0, text.find(','));
    text.remove_prefix(way.size());
    if (way == "signature")
      ways.signature = true;
    else if (way == "unix-user")
      ways.unix_user = true;
    else if (way == "certificate")
      ways.certificate = true;
    else if (way == "bearer")
      ways.bearer = true;
    else
      refuse_address(whole, "has an unknown way in: " + quote_for_message(way) + ".");
  }
  return ways;
}

std::unique_ptr<FileDescriptor> make_socket(int family) {
  auto socket = std::make_unique<FileDescriptor>(
      ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!*socket) refuse(std::string("No socket: ") + std::strerror(errno) + ".", "");
  return socket;
}

void listen_on(int descriptor, const std::string& name) {
  constexpr int kBacklog = 1024;
  if (::listen(descriptor, kBacklog) != 0)
    refuse("Cannot listen on " + name + ": " + std::strerror(errno) + ".",
           "Another server may have it: stop that one, or take another port.");
}

std::unique_ptr<FileDescriptor> open_tcp(const TcpAddress& tcp) {
  SocketAddress address = *to_socket_address(tcp);
  auto socket = make_socket(address.storage.ss_family);
  const int on = 1;
  ::setsockopt(socket->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const std::string name = tcp.host + " port " + std::to_string(tcp.port);
  if (::bind(socket->get(), address.get(), address.size) != 0)
    refuse("Cannot listen on " + name + ": " + std::strerror(errno) + ".",
           errno == EADDRINUSE
               ? "Another server has it: stop that one, or take another port (0: any free one)."
               : "Take an address of this host, and a port that this user may have.");
  listen_on(socket->get(), name);
  return socket;
}

std::unique_ptr<FileDescriptor> open_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    refuse("The path " + path + " is too long for a Unix socket.",
           "Take one of at most 107 characters.");
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode))
      refuse(path + " is there, and is no socket.", "Take another path for the Unix socket.");
    // What a server that was killed has left; not the socket of one that runs.
    if (::connect(make_socket(AF_UNIX)->get(), name, sizeof address) == 0 || errno == EAGAIN)
      refuse("Another server listens on " + path + ".", "Stop that one, or take another path.");
    ::unlink(path.c_str());
  }
  auto socket = make_socket(AF_UNIX);
  if (::bind(socket->get(), name, sizeof address) != 0)
    refuse("Cannot listen on " + path + ": " + std::strerror(errno) + ".",
           "Take a path in a directory that this user can write.");
  listen_on(socket->get(), path);
  return socket;
}

std::unique_ptr<FileDescriptor> adopt(int descriptor) {
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0)
    refuse("Descriptor " + std::to_string(descriptor) + " is no socket that listens.",
           "Start trent by a systemd socket unit (ListenStream=), or give --listen ADDRESS:PORT.");
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  return std::make_unique<FileDescriptor>(descriptor);
}

}  // namespace

ListenAddress parse_listen(std::string_view text) {
  const std::string_view place = text.substr(0, text.find(','));
  ListenAddress address{{}, parse_ways(text.substr(place.size()), text)};
  if (place.starts_with("unix:")) {
    const std::string_view path = place.substr(5);
    if (path.empty()) refuse_address(text, "has no path.");
    address.place = UnixPath{std::string(path)};
  } else if (place.starts_with("fd:")) {
    const auto descriptor = to_number<int>(place.substr(3));
    if (!descriptor || *descriptor < 0) refuse_address(text, "has no number of a descriptor.");
    address.place = Inherited{*descriptor};
  } else {
    address.place = parse_tcp(place, text);
  }
  return address;
}

bool ListenAddress::is_network() const {
  if (const auto* tcp = std::get_if<TcpAddress>(&place))
    return !is_loopback(*to_socket_address(*tcp));
  if (const auto* inherited = std::get_if<Inherited>(&place)) {
    const SocketAddress own = own_address(inherited->descriptor);
    // What is no socket is found out when it is adopted.
    return own.storage.ss_family != AF_UNSPEC && own.storage.ss_family != AF_UNIX &&
           !is_loopback(own);
  }
  return false;
}

ListeningSocket::ListeningSocket(const ListenAddress& address) {
  if (const auto* tcp = std::get_if<TcpAddress>(&address.place)) {
    socket_ = open_tcp(*tcp);
  } else if (const auto* inherited = std::get_if<Inherited>(&address.place)) {
    socket_ = adopt(inherited->descriptor);
  } else {
    const std::string& path = std::get<UnixPath>(address.place).path;
    socket_ = open_unix(path);
    path_ = path;
  }
}

ListeningSocket::~ListeningSocket() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

bool ListeningSocket::is_unix() const {
  return own_address(descriptor()).storage.ss_family == AF_UNIX;
}

std::string ListeningSocket::url(bool tls) const {
  const SocketAddress own = own_address(descriptor());
  if (own.storage.ss_family == AF_UNIX)
    return std::string("unix:") + reinterpret_cast<const sockaddr_un&>(own.storage).sun_path;
  std::array<char, INET6_ADDRSTRLEN> text{};
  std::string host;
  in_port_t port = 0;
  if (own.storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(own.storage);
    host = ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    port = v4.sin_port;
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(own.storage);
    host = std::string("[") + ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size()) + "]";
    port = v6.sin6_port;
  }
  return std::string(tls ? "https" : "http") + "://" + host + ":" + std::to_string(ntohs(port));
}

std::vector<std::string> inherited_addresses() {
  const char* process = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  std::vector<std::string> addresses;
  if (process == nullptr || count == nullptr || to_number<pid_t>(process) != ::getpid())
    return addresses;
  constexpr int kFirst = 3;
  for (int i = 0; i < to_number<int>(count).value_or(0); ++i)
    addresses.push_back("fd:" + std::to_string(kFirst + i));
  return addresses;
}

void notify_service_manager(const std::string& state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::strlen(path);
  if (length == 0 || length >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, length);
  // Its name in the abstract namespace begins with a NUL.
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address),
           static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
}

}  // namespace trent::server
