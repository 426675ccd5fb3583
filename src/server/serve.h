// SPDX-License-Identifier: Apache-2.0
// `trent serve`: a master process that holds the listening sockets, and workers that answer.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "server/credentials.h"
#include "server/http.h"
#include "server/listen.h"

namespace trent::server {

struct ServeOptions {
  // Read anew by each worker, so that a reload takes what is in the file then.
  std::function<Config()> load_config;
  std::string credentials;  // empty: credentials.toml beside the configuration
  std::vector<ListenAddress> listen;
  std::optional<ListenAddress> admin;  // health and metrics
  std::optional<Tls> tls;              // on all TCP sockets but the admin's
  // Every request is taken for one of this principal: an ARN, or "root".
  std::optional<std::string> insecure_as;
  std::chrono::seconds clock_skew{300};
  double requests_per_second = 0;  // of one principal, in one worker; 0: no limit
  std::string access_log;          // a file, "-" for standard error, or empty

  std::size_t workers = 1;
  // Of a worker, that perform operations. 0: the thread that serves the connections performs what
  // is quick itself, which is fastest if the token is in the process.
  std::size_t threads = 0;
  std::size_t queue = 256;  // requests that wait for another thread
  // A worker is replaced after so many requests (SoftHSM never frees what it allocates for one),
  // and when it has grown that large.
  std::size_t requests_per_worker = 200'000;
  std::size_t bytes_per_worker = std::size_t{512} << 20;
  std::chrono::milliseconds drain{10'000};  // for what is under way when a worker ends
  Limits limits;
};

// Where it is said who may come in.
std::string credentials_path(const ServeOptions& options, const Config& config);

// Who may come in. Nobody but through --insecure-as if there is no file; throws Error (in the
// configuration) if then nobody could.
Credentials read_credentials(const ServeOptions& options, const Config& config);

// Serves until SIGTERM or SIGINT; SIGHUP reads configuration, credentials and certificates anew.
// Says on standard output where it listens once it does. Returns when all workers have ended.
// Throws Error (in the configuration) if it cannot start.
void serve(ServeOptions options);

}  // namespace trent::server
