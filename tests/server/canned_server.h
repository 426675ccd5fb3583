// SPDX-License-Identifier: Apache-2.0
// A server that reads requests and answers with whatever bytes it is told to.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace trent::test {

class CannedServer {
 public:
  // What is sent for a request, and whether the connection stays open after that.
  struct Reply {
    std::string bytes;
    enum class Then { Close, Keep, Silence } then = Then::Close;
  };
  using Answerer = std::function<Reply(const std::string& request)>;

  explicit CannedServer(Answerer answerer) : answerer_(std::move(answerer)) {
    std::string name = (std::filesystem::temp_directory_path() / "trent-canned-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = name;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 8) != 0)
      throw std::runtime_error("no socket");
    thread_ = std::thread([this] { serve(); });
  }
  ~CannedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    std::filesystem::remove_all(directory_);
  }
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

  std::string path() const { return directory_ + "/s"; }
  std::string url() const { return "unix:" + path(); }

 private:
  void serve() {
    for (;;) {
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      std::string request;
      while (read_request(connection, request)) {
        const Reply reply = answerer_(request);
        ::send(connection, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
        if (reply.then == Reply::Then::Close) break;
        if (reply.then == Reply::Then::Silence) {
          std::array<char, 1> end{};
          ::recv(connection, end.data(), end.size(), 0);  // until the client has gone
          break;
        }
      }
      ::close(connection);
    }
  }

  // Whole, by its Content-Length.
  static bool read_request(int connection, std::string& request) {
    request.clear();
    std::array<char, 4096> block{};
    for (;;) {
      const auto end = request.find("\r\n\r\n");
      if (end != request.npos) {
        const auto length = request.find("Content-Length: ");
        const std::size_t body =
            length < end ? std::stoul(request.substr(length + std::strlen("Content-Length: "))) : 0;
        if (request.size() >= end + 4 + body) return true;
      }
      const ssize_t size = ::recv(connection, block.data(), block.size(), 0);
      if (size <= 0) return false;
      request.append(block.data(), static_cast<std::size_t>(size));
    }
  }

  Answerer answerer_;
  std::string directory_;
  int listener_ = -1;
  std::thread thread_;
};

}  // namespace trent::test
