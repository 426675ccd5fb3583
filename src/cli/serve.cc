// SPDX-License-Identifier: Apache-2.0
// trent serve
#include "server/serve.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/arn.h"
#include "base/error.h"
#include "cli/errors.h"
#include "cli/verb.h"

namespace trent::cli {

namespace {

constexpr const char* kHelp = R"(
Speaks AWS KMS's own protocol, so that the aws command and the AWS SDKs work with
the keys in your token: give them this server's address (--endpoint-url), and the
credentials that `trent credential create` prints. Requests are signed and the
signatures are checked, unless --insecure-as is given.

--listen takes ADDRESS:PORT (port 0: a free one), unix:PATH or fd:NUMBER, and may be
repeated; sockets that systemd hands over are taken when it is left out. After the
place stand the ways in that it takes, if not only signatures:
  signature    AWS Signature Version 4
  unix-user    the user at the other end of a Unix socket
  certificate  a client certificate (--tls-client-ca)
  bearer       Authorization: Bearer, over TLS or a Unix socket only
Without TLS only this host can be served.

SIGHUP reads the configuration, the credentials and the certificates anew, and loses
no request; SIGTERM and SIGINT end the server when what is under way is done.

Exit codes: 0 ended by a signal, 252 usage error, 253 it cannot start as configured.

Examples:
  trent serve --insecure-as root
  trent serve --listen 127.0.0.1:8080 --listen unix:/run/trent/kms.sock,unix-user
  trent serve --listen 0.0.0.0:8443 --tls-cert tls.crt --tls-key tls.key --workers 4
)";

struct Arguments {
  std::vector<std::string> listen;
  std::optional<std::string> admin, tls_cert, tls_key, tls_client_ca, tls_client_crl, credentials,
      insecure_as, access_log;
  std::optional<std::int64_t> workers, threads, queue, requests, memory, skew, rate, drain, idle,
      connections;
};

std::int64_t in_range(const std::optional<std::int64_t>& value, std::int64_t otherwise,
                      std::int64_t min, std::int64_t max, const char* flag) {
  const std::int64_t number = value.value_or(otherwise);
  if (number < min || number > max)
    throw UsageError(std::string(flag) + " takes a number from " + std::to_string(min) + " to " +
                     std::to_string(max) + ".");
  return number;
}

server::ServeOptions to_options(const Arguments& arguments, const std::string& config) {
  server::ServeOptions options;
  // A worker may be started when this process has another working directory.
  const std::string path = config.empty() ? config : std::filesystem::absolute(config).string();
  options.load_config = [path] { return configuration(path); };
  std::vector<std::string> listen = arguments.listen;
  if (listen.empty()) listen = server::inherited_addresses();
  if (listen.empty()) listen = {"127.0.0.1:8080"};
  try {
    for (const std::string& address : listen)
      options.listen.push_back(server::parse_listen(address));
    if (arguments.admin) options.admin = server::parse_listen(*arguments.admin);
  } catch (const Error& error) {
    throw UsageError(error.text());
  }
  if (arguments.tls_cert.has_value() != arguments.tls_key.has_value())
    throw UsageError("--tls-cert and --tls-key go together.");
  if (arguments.tls_client_ca && !arguments.tls_cert)
    throw UsageError("--tls-client-ca needs --tls-cert and --tls-key.");
  if (arguments.tls_client_crl && !arguments.tls_client_ca)
    throw UsageError("--tls-client-crl needs --tls-client-ca.");
  if (arguments.tls_cert)
    options.tls = {*arguments.tls_cert, *arguments.tls_key, arguments.tls_client_ca.value_or(""),
                   arguments.tls_client_crl.value_or("")};
  options.credentials = arguments.credentials.value_or("");
  options.insecure_as = arguments.insecure_as;
  if (options.insecure_as && *options.insecure_as != "root" && !is_principal(*options.insecure_as))
    throw UsageError(
        "--insecure-as takes the ARN of a principal, like "
        "arn:aws:iam::111122223333:user/alice, or root.");
  options.access_log = arguments.access_log.value_or("");

  const auto number = [](auto... each) { return static_cast<std::size_t>(in_range(each...)); };
  const auto processors = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  options.workers =
      number(arguments.workers, std::clamp<std::int64_t>(processors, 1, 64), 1, 64, "--workers");
  // There is no queue without threads.
  options.threads = number(arguments.threads, arguments.queue ? 1 : 0, 0, 256, "--threads");
  options.queue = number(arguments.queue, 256, 1, 100'000, "--queue");
  options.requests_per_worker =
      number(arguments.requests, 200'000, 1, 1'000'000'000, "--requests-per-worker");
  options.bytes_per_worker = number(arguments.memory, 512, 1, 1'000'000, "--memory-per-worker")
                             << 20;
  options.clock_skew =
      std::chrono::seconds(in_range(arguments.skew, 300, 1, 86'400, "--clock-skew"));
  options.requests_per_second =
      static_cast<double>(in_range(arguments.rate, 0, 0, 1'000'000, "--requests-per-second"));
  options.drain = std::chrono::seconds(in_range(arguments.drain, 10, 0, 3600, "--drain"));
  options.limits.idle = std::chrono::seconds(in_range(arguments.idle, 60, 1, 3600, "--idle"));
  options.limits.connections = number(arguments.connections, 1024, 1, 100'000, "--connections");
  return options;
}

std::function<int(const std::string&)> define(Options& options) {
  auto arguments = std::make_shared<Arguments>();
  options.list(arguments->listen, "--listen", Need::Optional,
               "Where to listen (default 127.0.0.1:8080)");
  options.path(arguments->tls_cert, "--tls-cert", "Certificate and its chain (PEM)");
  options.path(arguments->tls_key, "--tls-key", "Its key (PEM)");
  options.path(arguments->tls_client_ca, "--tls-client-ca",
               "Whose client certificates are taken (PEM)");
  options.path(arguments->tls_client_crl, "--tls-client-crl", "Which of them are revoked (PEM)");
  options.path(arguments->credentials, "--credentials",
               "Who may come in (default credentials.toml\nbeside the configuration)");
  options.name(arguments->insecure_as, "--insecure-as",
               "Take everybody for this ARN, or root; for\ndevelopment");
  options.text(arguments->admin, "--admin", Need::Optional,
               "Where /healthz, /readyz and /metrics are");
  options.path(arguments->access_log, "--access-log",
               "A line of JSON for each request; -: to standard\nerror");
  options.number(arguments->workers, "--workers", Need::Optional,
                 "Processes (default: one for each processor)");
  options.number(arguments->threads, "--threads", Need::Optional,
                 "Of each, that wait for the token (default 0; more\nfor an HSM over a network)");
  options.number(arguments->queue, "--queue", Need::Optional,
                 "Requests that may wait for them before others are\nthrottled (default 256)");
  options.number(arguments->requests, "--requests-per-worker", Need::Optional,
                 "Replace a worker after so many (default 200000)");
  options.number(arguments->memory, "--memory-per-worker", Need::Optional,
                 "Replace a worker that has so many MiB (default 512)");
  options.number(arguments->rate, "--requests-per-second", Need::Optional,
                 "Of one principal, in each worker (default 0: no\nlimit)");
  options.number(arguments->skew, "--clock-skew", Need::Optional,
                 "Seconds that a client's clock may be wrong\n(default 300)");
  options.number(arguments->connections, "--connections", Need::Optional,
                 "At most so many in each worker (default 1024)");
  options.number(arguments->idle, "--idle", Need::Optional,
                 "Seconds until a connection without a request is\nclosed (default 60)");
  options.number(arguments->drain, "--drain", Need::Optional,
                 "Seconds for what is under way at the end\n(default 10)");
  return [arguments](const std::string& config) {
    server::serve(to_options(*arguments, config));
    return kSuccess;
  };
}

}  // namespace

LocalVerb serve_verb() {
  return {"serve", "Answer the aws command and the AWS SDKs", kHelp, true, define};
}

}  // namespace trent::cli
