// SPDX-License-Identifier: Apache-2.0
// The master: it starts workers before anything of the token is touched, replaces those that die,
// want to or have old settings, and ends with them.
#include "server/serve.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <list>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"
#include "server/metrics.h"
#include "server/worker.h"

namespace trent::server {

namespace {

using Clock = std::chrono::steady_clock;

void say(const std::string& text) {
  const std::string line = "trent: " + printable(text) + "\n";
  write_all(STDERR_FILENO, as_bytes(line));
}

struct WorkerProcess {
  pid_t process;
  std::unique_ptr<FileDescriptor> control;
  std::size_t slot;
  pid_t replaces = 0;  // who retires once it is ready; 0: nobody
  bool is_ready = false;
  bool is_ending = false;
  bool is_stale = false;  // another one is to take its place
};

class Master {
 public:
  Master(const ServeOptions& options, const std::vector<std::unique_ptr<ListeningSocket>>& sockets)
      : options_(options), sockets_(sockets), metrics_(Metrics::shared()) {
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&signals, signal);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signals_ = std::make_unique<FileDescriptor>(::signalfd(-1, &signals, SFD_CLOEXEC));
  }

  void run() {
    go_on();
    while (!(is_stopping_ && workers_.empty())) wait();
    if (failure_) throw Error(ErrorCode::Validation, *failure_, "").in_configuration();
  }

 private:
  void start(pid_t replaces) {
    std::size_t slot = 0;
    while (slot < Metrics::kSlots && metrics_->workers[slot].process != 0) ++slot;
    if (slot == Metrics::kSlots) return;
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
      return start_later(std::strerror(errno));
    auto ours = std::make_unique<FileDescriptor>(pair[0]);
    FileDescriptor theirs(pair[1]);
    metrics_->workers[slot].process = -1;
    const pid_t process = ::fork();
    if (process == 0) {
      // The master's ends of all pairs: whoever holds one keeps its worker from seeing the master
      // go.
      ours.reset();
      workers_.clear();
      signals_.reset();
      std::exit(run_worker({options_, sockets_, *metrics_, slot, theirs.get()}));
    }
    if (process < 0) {
      metrics_->workers[slot].process = 0;
      return start_later(std::strerror(errno));
    }
    metrics_->workers[slot].process = process;
    ++metrics_->worker_starts;
    workers_.push_back(
        {.process = process, .control = std::move(ours), .slot = slot, .replaces = replaces});
  }

  // One worker is started at a time: of a wrong PIN, a token bears few tries.
  void go_on() {
    if (is_stopping_ || retry_) return;
    const auto counts = [](const WorkerProcess& worker) { return !worker.is_ending; };
    if (std::ranges::any_of(workers_, [](const WorkerProcess& worker) {
          return !worker.is_ending && !worker.is_ready;
        }))
      return;
    if (!is_short_ &&
        static_cast<std::size_t>(std::ranges::count_if(workers_, counts)) < options_.workers)
      return start(0);
    const auto stale = std::ranges::find_if(
        workers_, [](const WorkerProcess& worker) { return worker.is_stale && !worker.is_ending; });
    if (stale != workers_.end()) start(stale->process);
  }

  void start_later(const std::string& why) {
    say("A worker cannot be started (" + why + "); trying again.");
    retry_ = Clock::now() + std::chrono::seconds(1);
  }

  WorkerProcess* find(pid_t process) {
    const auto found = std::ranges::find(workers_, process, &WorkerProcess::process);
    return found == workers_.end() ? nullptr : &*found;
  }

  static void tell(WorkerProcess& worker, std::string_view text) {
    worker.is_ending = true;
    ::send(worker.control->get(), text.data(), text.size(), MSG_NOSIGNAL);
  }

  void wait() {
    std::vector<pollfd> events{{signals_->get(), POLLIN, 0}};
    for (const WorkerProcess& worker : workers_)
      events.push_back({worker.control->get(), POLLIN, 0});
    int patience = -1;
    if (retry_ || is_stopping_) {
      constexpr int kTick = 100;
      patience = kTick;
    }
    ::poll(events.data(), events.size(), patience);
    // What a worker says before its end is heard first.
    std::size_t i = 1;
    for (auto worker = workers_.begin(); worker != workers_.end() && i < events.size();
         ++worker, ++i)
      if ((events[i].revents & POLLIN) != 0) listen(*worker);
    if (events[0].revents != 0) take_signals();
    if (retry_ && Clock::now() >= *retry_ && !is_stopping_) {
      retry_.reset();
      go_on();
    }
    if (is_stopping_ && Clock::now() > stop_at_)
      for (WorkerProcess& worker : workers_) ::kill(worker.process, SIGKILL);
  }

  void listen(WorkerProcess& worker) {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::recv(worker.control->get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size <= 0) return;
    const std::string_view message(buffer.data(), static_cast<std::size_t>(size));
    const auto rest = [&](std::string_view word) {
      return std::string(message.substr(std::min(message.size(), word.size() + 1)));
    };
    if (message.starts_with(kReady)) {
      ready(worker, rest(kReady));
    } else if (message.starts_with(kFailed)) {
      failed(worker, rest(kFailed));
    } else if (message == kReplace) {
      worker.is_stale = true;
      go_on();
    } else if (message.starts_with(kNews)) {
      say_once(rest(kNews));
    }
  }

  // Each worker has the same news.
  void say_once(const std::string& news) {
    constexpr std::chrono::seconds kTogether{5};
    if (news == news_ && Clock::now() < news_at_ + kTogether) return;
    news_ = news;
    news_at_ = Clock::now();
    say(news);
  }

  void ready(WorkerProcess& worker, const std::string& warning) {
    worker.is_ready = true;
    if (!warning.empty()) say(warning);
    if (is_stopping_) return;
    if (WorkerProcess* old = find(worker.replaces)) {
      if (!old->is_ending) tell(*old, kRetire);
      end_the_oldest();
    }
    go_on();
    if (!is_announced_ && workers_.size() == options_.workers &&
        std::ranges::all_of(workers_, &WorkerProcess::is_ready))
      announce();
  }

  void failed(WorkerProcess& worker, const std::string& why) {
    worker.is_ending = true;
    if (!is_announced_) {
      failure_ = why;
      return stop();
    }
    // Nothing that another try could mend.
    if (find(worker.replaces) != nullptr) {
      for (WorkerProcess& each : workers_) each.is_stale = false;
      return say("A new worker cannot start; the old ones go on: " + why);
    }
    is_short_ = true;
    say("A worker cannot be started again; mend it, and send SIGHUP: " + why);
    if (std::ranges::none_of(workers_, [](const WorkerProcess& each) { return !each.is_ending; })) {
      failure_ = why;
      stop();
    }
  }

  void announce() {
    is_announced_ = true;
    std::string text;
    for (const auto& socket : sockets_) {
      const bool is_admin = options_.admin && socket == sockets_.back();
      text += std::string(is_admin ? "health and metrics on " : "listening on ") +
              socket->url(options_.tls.has_value() && !is_admin) + "\n";
    }
    write_all(STDOUT_FILENO, as_bytes(text));
    notify_service_manager("READY=1\nSTATUS=" + std::to_string(options_.workers) + " workers");
  }

  // Those that retire may have clients that never let go.
  void end_the_oldest() {
    const auto ending = std::ranges::count_if(workers_, &WorkerProcess::is_ending);
    if (static_cast<std::size_t>(ending) <= options_.workers) return;
    tell(*std::ranges::find_if(workers_, &WorkerProcess::is_ending), kStop);
  }

  void take_signals() {
    signalfd_siginfo info{};
    if (::read(signals_->get(), &info, sizeof info) != sizeof info) return;
    switch (info.ssi_signo) {
      case SIGCHLD:
        return reap();
      case SIGHUP:
        return reload();
      default:
        return stop();
    }
  }

  void reload() {
    if (is_stopping_ || !is_announced_) return;
    say("reading configuration, credentials and certificates anew");
    is_short_ = false;
    for (WorkerProcess& worker : workers_) worker.is_stale = true;
    go_on();
  }

  void stop() {
    if (is_stopping_) return;
    is_stopping_ = true;
    constexpr std::chrono::seconds kGrace{2};
    stop_at_ = Clock::now() + options_.drain + kGrace;
    notify_service_manager("STOPPING=1");
    for (WorkerProcess& worker : workers_) tell(worker, kStop);
  }

  void reap() {
    int status = 0;
    while (const pid_t process = ::waitpid(-1, &status, WNOHANG)) {
      if (process < 0) return;
      const auto worker = std::ranges::find(workers_, process, &WorkerProcess::process);
      if (worker == workers_.end()) continue;
      listen(*worker);
      Metrics::Worker& slot = metrics_->workers[worker->slot];
      slot.accepts = false;
      slot.connections = 0;
      slot.requests = 0;
      slot.process = 0;
      const bool was_expected = worker->is_ending;
      const bool was_ready = worker->is_ready;
      workers_.erase(worker);
      if (was_expected || is_stopping_) continue;
      ++metrics_->worker_deaths;
      say(WIFSIGNALED(status)
              ? "A worker was killed by signal " + std::to_string(WTERMSIG(status)) + "."
              : "A worker ended with code " + std::to_string(WEXITSTATUS(status)) + ".");
      if (!was_ready) retry_ = Clock::now() + std::chrono::seconds(1);
      go_on();
    }
  }

  const ServeOptions& options_;
  const std::vector<std::unique_ptr<ListeningSocket>>& sockets_;
  const std::unique_ptr<Metrics, Metrics::Unmap> metrics_;
  std::unique_ptr<FileDescriptor> signals_;
  std::list<WorkerProcess> workers_;
  std::optional<Clock::time_point> retry_;
  Clock::time_point stop_at_;
  std::optional<std::string> failure_;
  std::string news_;  // the last
  Clock::time_point news_at_;
  bool is_announced_ = false;
  bool is_short_ = false;  // of workers, until somebody mends what they need
  bool is_stopping_ = false;
};

void check_options(const ServeOptions& options, const Config& config) {
  const auto refuse = [](const std::string& what, const std::string& advice) {
    throw Error(ErrorCode::Validation, what, advice).in_configuration();
  };
  for (const TokenConfig& token : config.tokens)
    if (token.pin_source.empty())
      refuse("The token of account " + token.account + " has no pin-source in " + config.source +
                 ", and a server has nobody to ask for the PIN.",
             "Add pin-source = \"file:/PATH\" to its [[token]].");
  for (const ListenAddress& address : options.listen) {
    if (!address.is_network()) continue;
    if (options.insecure_as)
      refuse("--insecure-as lets everybody in, and other hosts could reach this server.",
             "Listen on 127.0.0.1, [::1] or unix:PATH; or leave --insecure-as out.");
    if (!options.tls)
      refuse("Other hosts could reach this server, and it has no certificate for TLS.",
             "Give --tls-cert and --tls-key; or listen on 127.0.0.1, [::1] or unix:PATH, behind a "
             "proxy that has TLS.");
  }
  for (const ListenAddress& address : options.listen)
    if (address.ways.bearer && !options.tls && !std::holds_alternative<UnixPath>(address.place))
      refuse("A bearer token in clear is everybody's who listens.",
             "Give --tls-cert and --tls-key, or take bearer tokens on unix:PATH only.");
}

}  // namespace

std::string credentials_path(const ServeOptions& options, const Config& config) {
  if (!options.credentials.empty()) return options.credentials;
  return (std::filesystem::path(config.source).parent_path() / "credentials.toml").string();
}

Credentials read_credentials(const ServeOptions& options, const Config& config) {
  const std::string path = credentials_path(options, config);
  std::error_code error;
  if (std::filesystem::exists(path, error)) return load_credentials(path);
  if (options.insecure_as && options.credentials.empty()) return {};
  throw Error(ErrorCode::Validation, "Nobody could use this server: there is no " + path + ".",
              "Make it with `trent credential create --principal ARN`; or, for development on this "
              "host, give --insecure-as root.")
      .in_configuration();
}

void serve(ServeOptions options) {
  const Config config = options.load_config();
  check_options(options, config);
  read_credentials(options, config);
  if (options.insecure_as)
    for (ListenAddress& address : options.listen) address.ways.insecure_as = options.insecure_as;
  std::vector<std::unique_ptr<ListeningSocket>> sockets;
  for (const ListenAddress& address : options.listen)
    sockets.push_back(std::make_unique<ListeningSocket>(address));
  if (options.admin) sockets.push_back(std::make_unique<ListeningSocket>(*options.admin));
  Master(options, sockets).run();
}

}  // namespace trent::server
