// SPDX-License-Identifier: Apache-2.0
// Bytes from a connection: whatever comes, each request that the server makes of them is within the
// limits, has one answer, and the connection ends.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include "base/encoding.h"
#include "base/file.h"
#include "fuzz.h"
#include "server/http.h"

using namespace trent;
using fuzz::require;

namespace {

const server::Limits kLimits = {.header_bytes = 4096,
                                .headers = 20,
                                .body_bytes = 10000,
                                .connections = 16,
                                .request = std::chrono::milliseconds(2000),
                                .response = std::chrono::milliseconds(2000),
                                .idle = std::chrono::milliseconds(2000)};

// As a 200 begins, which nothing else in an answer does: the bodies are empty.
constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\n";
constexpr std::string_view kOldAnswer = "HTTP/1.0 200 OK\r\n";

bool is_token(std::string_view name) {
  return !name.empty() && std::ranges::none_of(name, [](char c) {
    return c <= ' ' || c >= 0x7f || (c >= 'A' && c <= 'Z') || c == ':';
  });
}

// libFuzzer looks at the clock in a signal's handler, and a call with a timeout is not restarted.
template <class Call>
ssize_t again(Call call) {
  ssize_t result = 0;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

class World {
 public:
  World() {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    // In the abstract namespace, under a name that the kernel chooses.
    sockaddr_un unnamed{};
    unnamed.sun_family = AF_UNIX;
    require(::bind(socket, reinterpret_cast<sockaddr*>(&unnamed), sizeof(sa_family_t)) == 0,
            "the socket has a name");
    require(::listen(socket, 16) == 0, "the socket listens");
    size_ = sizeof address_;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address_), &size_);
    std::thread([this, socket] {
      server::HttpServer http(
          {{socket, {}}}, kLimits,
          [this](const server::Request& request, const server::Peer& peer, std::size_t,
                 const server::Respond& respond) {
            ++requests_;
            check(request);
            require(peer.address == "unix" && peer.uid == ::getuid(), "the peer is known");
            respond({});
          },
          [](int status, std::string_view reason) {
            require(status >= 400 && status < 500, "it is the client's fault");
            require(!reason.empty(), "and has a reason");
            return server::Response{status, {}, {}};
          });
      http.run();
    }).detach();
  }

  std::string exchange(const std::uint8_t* data, std::size_t size) {
    const FileDescriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{8, 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    require(::connect(client.get(), reinterpret_cast<sockaddr*>(&address_), size_) == 0,
            "the server accepts");
    // It may close before it has read all.
    while (size > 0) {
      const ssize_t sent = again([&] { return ::send(client.get(), data, size, MSG_NOSIGNAL); });
      if (sent <= 0) break;
      data += sent;
      size -= static_cast<std::size_t>(sent);
    }
    ::shutdown(client.get(), SHUT_WR);
    std::string answer;
    char buffer[4096];
    ssize_t got = 0;
    while ((got = again([&] { return ::recv(client.get(), buffer, sizeof buffer, 0); })) > 0)
      answer.append(buffer, static_cast<std::size_t>(got));
    require(got == 0 || errno == ECONNRESET, "the connection ends");
    return answer;
  }

  std::size_t requests() const { return requests_; }

 private:
  static void check(const server::Request& request) {
    require(request.body.size() <= kLimits.body_bytes, "the body is within its limit");
    require(request.headers.size() <= kLimits.headers, "there are not too many headers");
    std::size_t bytes = request.target.size() + request.method.size();
    std::size_t lengths = 0;
    for (const server::Header& header : request.headers) {
      require(is_token(header.name), "the name of a header is one, in lower case");
      require(std::ranges::none_of(header.value,
                                   [](char c) { return c == '\r' || c == '\n' || c == '\0'; }),
              "the value of a header is one line");
      bytes += header.name.size() + header.value.size();
      lengths += header.name == "content-length" || header.name == "transfer-encoding" ? 1 : 0;
      // In decimal, with zeros before it or not (RFC 9110, 8.6).
      if (header.name == "content-length")
        require(std::stoull(header.value) == request.body.size(), "the body is what it says");
    }
    require(bytes <= kLimits.header_bytes, "the head is within its limit");
    require(lengths <= 1, "there is one length");
    require(std::ranges::none_of(request.target, [](char c) { return c <= ' ' && c >= 0; }),
            "the target is one word");
  }

  sockaddr_un address_{};
  socklen_t size_ = 0;
  std::atomic<std::size_t> requests_ = 0;
};

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World* const world = std::make_unique<World>().release();  // its thread runs on
  const std::size_t before = world->requests();
  const std::string answer = world->exchange(data, size);
  const std::size_t answers = count(answer, kAnswer) + count(answer, kOldAnswer);
  require(answers <= world->requests() - before, "no answer without a request");
  return 0;
}
