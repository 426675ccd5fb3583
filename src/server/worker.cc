// SPDX-License-Identifier: Apache-2.0
// A worker: an event loop for the connections, threads for the operations that it does not perform
// itself, and one more that listens to the master.
#include "server/worker.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.h"
#include "hsm/module.h"
#include "kms/service.h"
#include "server/access_log.h"
#include "server/current_authenticator.h"
#include "server/protocol.h"
#include "server/rate_limit.h"
#include "server/work_queue.h"

namespace trent::server {

namespace {

std::uint64_t resident_bytes() {
  unsigned long long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%*u %llu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t cpu_microseconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto micro = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(time.tv_usec);
  };
  return micro(usage.ru_utime) + micro(usage.ru_stime);
}

class Worker {
 public:
  explicit Worker(const WorkerPlace& place)
      : place_(place),
        options_(place.options),
        metrics_(place.metrics),
        self_(place.metrics.workers[place.slot]),
        service_(
            options_.load_config(), {},
            {.permit = {}, .ended = {}, .record_lost = [this] { ++metrics_.lost_audit_records; }}),
        authenticator_(credentials_path(options_, service_.config()),
                       [this] {
                         return std::make_unique<const Authenticator>(
                             read_credentials(options_, service_.config()), service_.accounts(),
                             options_.clock_skew);
                       }),
        rate_limit_(options_.requests_per_second),
        log_(options_.access_log, metrics_),
        protocol_(service_, authenticator_, rate_limit_, log_, metrics_),
        http_(listeners(), options_.limits, handler(), [this](int status, std::string_view reason) {
          return protocol_.refuse(status, reason);
        }) {}

  // Empty if the token and the audit log are there, else what is to be said of them.
  std::string prepare() {
    std::string warning;
    if (const std::string trouble = service_.audit().trouble(); !trouble.empty()) {
      warning = "The audit log cannot be written: " + trouble + ".";
      if (service_.config().audit.required)
        throw Error(ErrorCode::Validation, warning,
                    "audit-required is true, so no request could be answered.")
            .in_configuration();
    }
    for (const auto& account : service_.accounts()) {
      try {
        account->token.log_in();
      } catch (const Error& error) {
        // Nobody can mend that but the operator, and of a wrong PIN a token bears few tries. A
        // token that is away comes back.
        if (error.is_in_configuration() || error.code() == ErrorCode::AccessDenied) throw;
        warning += (warning.empty() ? "" : " ") + error.text() +
                   " The server answers, and uses the token when it is there.";
      }
    }
    return warning;
  }

  void run() {
    queue_.emplace(std::max<std::size_t>(options_.threads, 1), options_.queue);
    http_.every(std::chrono::seconds(1), [this] { look_at_self(); });
    http_.accept_if([this] { return is_my_turn(); });
    self_.accepts = true;
    std::thread listening([this] { listen_to_master(); });
    http_.run();
    queue_.reset();
    ended_ = true;
    ::shutdown(place_.control, SHUT_RD);  // wakes the thread
    listening.join();
  }

 private:
  std::vector<Listener> listeners() const {
    std::vector<Listener> out;
    for (const auto& socket : place_.sockets) {
      const bool is_admin = options_.admin && socket == place_.sockets.back();
      out.push_back(
          {socket->descriptor(), is_admin || socket->is_unix() ? std::nullopt : options_.tls});
    }
    return out;
  }

  Handler handler() {
    return [this](Request request, const Peer& peer, std::size_t listener, Respond respond) {
      const auto received = std::chrono::steady_clock::now();
      const bool is_admin = listener >= options_.listen.size();
      self_.connections = http_.connections();
      if (request.method == "GET" && request.target == "/healthz")
        return respond(plain(200, "ok\n"));
      if (is_admin) return administer(request, std::move(respond));
      if (++self_.requests >= requests_to_serve()) ask_for_replacement();
      const Ways& ways = options_.listen[listener].ways;
      if (options_.threads == 0 && Protocol::is_quick(request))
        return respond(protocol_.answer(request, peer, ways, received));
      auto shared = std::make_shared<Request>(std::move(request));
      if (!queue_->push([this, shared, peer, &ways, respond, received] {
            respond(protocol_.answer(*shared, peer, ways, received));
          }))
        respond(protocol_.throttle(*shared, peer, received));
    };
  }

  static Response plain(int status, std::string_view text) {
    return {
        status, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, SecretString(text)};
  }

  void administer(const Request& request, Respond respond) {
    if (request.method != "GET") return respond(plain(405, "GET only\n"));
    if (request.target == "/metrics") return respond(plain(200, metrics_.text()));
    if (request.target != "/readyz")
      return respond(plain(404, "There are /healthz, /readyz and /metrics.\n"));
    if (!queue_->push([this, respond] {
          respond(is_ready() ? plain(200, "ready\n") : plain(503, "the token is not there\n"));
        }))
      respond(plain(503, "too many requests wait\n"));
  }

  bool is_ready() {
    try {
      for (const auto& account : service_.accounts()) {
        // SoftHSM says that a token is there whose directory is not.
        account->token.ensure_presence();
        account->token.run(hsm::Retry::Always, [](hsm::Connection&, const hsm::Session& session) {
          CK_SESSION_INFO info{};
          session.call<&CK_FUNCTION_LIST::C_GetSessionInfo>(&info);
          return true;
        });
      }
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  // Not all workers at the same time.
  std::uint64_t requests_to_serve() const {
    return options_.requests_per_worker + place_.slot * (options_.requests_per_worker / 16);
  }

  void ask_for_replacement() {
    if (!asked_.exchange(true)) tell_master(kReplace);
  }

  void tell_master(std::string_view text) const {
    ::send(place_.control, text.data(), text.size(), MSG_NOSIGNAL);
  }

  void look_at_self() {
    const std::uint64_t resident = resident_bytes();
    self_.resident_bytes = resident;
    self_.cpu_microseconds = cpu_microseconds();
    self_.connections = http_.connections();
    if (resident > options_.bytes_per_worker) ask_for_replacement();
    if (const std::string news = authenticator_.look(); !news.empty())
      tell_master(std::string(kNews) + " " + news);
  }

  // Connections stay with a worker for long, so they are dealt out evenly.
  bool is_my_turn() {
    const std::size_t mine = http_.connections();
    self_.connections = mine;
    for (const Metrics::Worker& other : metrics_.workers)
      if (other.accepts && other.connections < mine) return false;
    return true;
  }

  void listen_to_master() {
    sigset_t terminate;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    const FileDescriptor signals(::signalfd(-1, &terminate, SFD_CLOEXEC));
    while (!ended_) {
      std::array<pollfd, 2> events{{{place_.control, POLLIN, 0}, {signals.get(), POLLIN, 0}}};
      if (::poll(events.data(), events.size(), -1) < 0) continue;
      std::string text = std::string(kRetire);  // SIGTERM
      if (events[1].revents != 0) {
        signalfd_siginfo info{};
        [[maybe_unused]] const ssize_t size = ::read(signals.get(), &info, sizeof info);
      } else {
        std::array<char, 64> message{};
        const ssize_t size = ::recv(place_.control, message.data(), message.size(), 0);
        if (size < 0) continue;
        text.assign(message.data(), static_cast<std::size_t>(size));
      }
      // New connections are for others from here on; a master that is gone ends the server.
      self_.accepts = false;
      http_.drain(text == kRetire ? HttpServer::Idle::Serve : HttpServer::Idle::Close,
                  options_.drain);
      if (text.empty()) return;
    }
  }

  const WorkerPlace& place_;
  const ServeOptions& options_;
  Metrics& metrics_;
  Metrics::Worker& self_;
  kms::Service service_;
  CurrentAuthenticator authenticator_;
  RateLimit rate_limit_;
  AccessLog log_;
  Protocol protocol_;
  std::optional<WorkQueue> queue_;
  HttpServer http_;
  std::atomic<bool> asked_ = false;
  std::atomic<bool> ended_ = false;
};

}  // namespace

int run_worker(const WorkerPlace& place) {
  const auto tell = [&](std::string_view what, const std::string& text) {
    const std::string message = std::string(what) + " " + text;
    ::send(place.control, message.data(), message.size(), MSG_NOSIGNAL);
  };
  Metrics::Worker& self = place.metrics.workers[place.slot];
  try {
    hsm::Module::time_calls(
        [&](std::chrono::nanoseconds duration) { place.metrics.token_call(duration); });
    Worker worker(place);
    tell(kReady, worker.prepare());
    worker.run();
    self.accepts = false;
    return 0;
  } catch (const Error& error) {
    tell(kFailed, error.text());
  } catch (const std::exception& error) {
    tell(kFailed, error.what());
  }
  self.accepts = false;
  return 1;
}

}  // namespace trent::server
