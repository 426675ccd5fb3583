// SPDX-License-Identifier: Apache-2.0
// One process that answers requests.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/listen.h"
#include "server/metrics.h"
#include "server/serve.h"

namespace trent::server {

// What master and worker say to each other, each in one packet of a socket pair. The worker:
inline constexpr std::string_view kReady = "ready";      // and a warning, if there is one
inline constexpr std::string_view kFailed = "failed";    // it cannot work, and why; it ends
inline constexpr std::string_view kReplace = "replace";  // it wants to end, and go on until then
inline constexpr std::string_view kNews = "news";        // and what the operator should know
// The master:
inline constexpr std::string_view kRetire = "retire";  // others have taken over
inline constexpr std::string_view kStop = "stop";  // the server ends; so does the end of the pair

struct WorkerPlace {
  const ServeOptions& options;
  const std::vector<std::unique_ptr<ListeningSocket>>& sockets;  // the admin's is the last
  Metrics& metrics;
  std::size_t slot;  // of metrics.workers
  int control;       // its end of the pair
};

// What the process does after fork(). Returns its exit code.
int run_worker(const WorkerPlace& place);

}  // namespace trent::server
