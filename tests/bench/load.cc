// SPDX-License-Identifier: Apache-2.0
// Sends one request, which is in a file, again and again over so many connections for so long, and
// prints how long the answers took. With a rate, requests are due at fixed times, on one connection
// after the other, and how long one took is counted from when it was due: a server that stalls
// cannot hide it by being asked less.
//
//   load PORT FILE CONNECTIONS SECONDS [REQUESTS-PER-SECOND]
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

struct Connection {
  int socket = -1;
  std::string answer;
  std::deque<Clock::time_point> due;  // of the request that is under way, and of those behind it
  bool is_busy = false;
};

int connect_to(unsigned short port) {
  const int connected = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(connected, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("connect");
  const int on = 1;
  ::setsockopt(connected, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return connected;
}

// Whether `answer` is whole: its head, and as many bytes as that says.
bool is_whole(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == answer.npos) return false;
  const std::size_t length = answer.find("Content-Length: ");
  if (length > end) return true;
  return answer.size() >= end + 4 + std::strtoul(answer.c_str() + length + 16, nullptr, 10);
}

class Load {
 public:
  Load(unsigned short port, std::string request, std::size_t connections, double rate)
      : request_(std::move(request)), rate_(rate), connections_(connections) {
    poll_ = ::epoll_create1(0);
    for (std::size_t i = 0; i < connections; ++i) {
      connections_[i].socket = connect_to(port);
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, connections_[i].socket, &event);
    }
  }

  void run(std::chrono::duration<double> duration) {
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration_cast<Clock::duration>(duration);
    std::size_t asked = 0;
    for (auto now = start; now < end; now = Clock::now()) {
      for (; rate_ > 0 && due(start, asked) <= now; ++asked)
        connections_[asked % connections_.size()].due.push_back(due(start, asked));
      for (Connection& each : connections_) {
        if (each.is_busy) continue;
        if (rate_ == 0) each.due.push_back(now);
        if (!each.due.empty()) send(each);
      }
      receive(rate_ > 0 ? due(start, asked) - Clock::now() : std::chrono::milliseconds(100));
    }
    seconds_ = std::chrono::duration<double>(Clock::now() - start).count();
  }

  void print() {
    std::ranges::sort(took_);
    const auto at = [&](double part) {
      return took_.empty()
                 ? 0.0
                 : took_[std::min(took_.size() - 1, static_cast<std::size_t>(
                                                        part * static_cast<double>(took_.size())))];
    };
    std::printf(
        "{\"requests\": %zu, \"failures\": %zu, \"perSecond\": %.1f, \"microseconds\": "
        "{\"median\": %.1f, \"p99\": %.1f, \"longest\": %.1f}}\n",
        took_.size(), failures_, static_cast<double>(took_.size()) / seconds_, at(0.5), at(0.99),
        at(1));
  }

 private:
  Clock::time_point due(Clock::time_point start, std::size_t number) const {
    return start + std::chrono::duration_cast<Clock::duration>(
                       std::chrono::duration<double>(static_cast<double>(number) / rate_));
  }

  void send(Connection& connection) {
    if (::send(connection.socket, request_.data(), request_.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request_.size()))
      fail("send");
    connection.is_busy = true;
  }

  // Waits for answers, but no longer than `patience`: until then the processor is the server's.
  void receive(std::chrono::nanoseconds patience) {
    constexpr std::chrono::nanoseconds::rep kBillion = 1'000'000'000;
    const auto wait = std::max<std::chrono::nanoseconds::rep>(patience.count(), 0);
    const timespec timeout{wait / kBillion, wait % kBillion};
    std::array<epoll_event, 64> events{};
    const int ready = ::epoll_pwait2(poll_, events.data(), events.size(), &timeout, nullptr);
    for (int i = 0; i < ready; ++i) {
      Connection& connection = connections_[events[static_cast<std::size_t>(i)].data.u64];
      std::array<char, 65536> block;
      const ssize_t size = ::recv(connection.socket, block.data(), block.size(), 0);
      if (size <= 0) fail("recv");
      connection.answer.append(block.data(), static_cast<std::size_t>(size));
      if (!is_whole(connection.answer)) continue;
      took_.push_back(
          std::chrono::duration<double, std::micro>(Clock::now() - connection.due.front()).count());
      connection.due.pop_front();
      if (!connection.answer.starts_with("HTTP/1.1 200 ")) {
        if (++failures_ == 1) std::fprintf(stderr, "%s\n", connection.answer.c_str());
      }
      connection.answer.clear();
      connection.is_busy = false;
    }
  }

  const std::string request_;
  const double rate_;
  int poll_ = -1;
  std::vector<Connection> connections_;
  std::vector<double> took_;
  std::size_t failures_ = 0;
  double seconds_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) {
    std::fputs("usage: load PORT FILE CONNECTIONS SECONDS [REQUESTS-PER-SECOND]\n", stderr);
    return 2;
  }
  std::ifstream file(arguments[2], std::ios::binary);
  std::string request{std::istreambuf_iterator<char>(file), {}};
  if (request.empty()) fail(arguments[2]);
  Load load(static_cast<unsigned short>(std::atoi(arguments[1])), std::move(request),
            static_cast<std::size_t>(std::atoi(arguments[3])),
            count > 5 ? std::atof(arguments[5]) : 0);
  load.run(std::chrono::duration<double>(std::atof(arguments[4])));
  load.print();
}
