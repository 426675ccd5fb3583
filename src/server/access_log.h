// SPDX-License-Identifier: Apache-2.0
// The access log: a line of JSON for each request, with who, what and how it ended; never a body.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "kms/caller.h"
#include "server/metrics.h"

namespace trent::server {

struct AccessRecord {
  std::string_view request_id;
  std::string_view source_address;
  const kms::Caller* caller = nullptr;  // null: not known
  std::string_view operation;           // empty: none that Trent has
  const std::vector<std::string>& keys;
  std::string_view code;    // "OK" or the error's name
  std::string_view detail;  // what the operator should know of a failure, beyond its name
  std::chrono::nanoseconds duration;
};

class AccessLog {
 public:
  // `path`: a file that is appended to; "-": standard error; empty: no log. Throws Error (in the
  // configuration) if it cannot be opened.
  AccessLog(const std::string& path, Metrics& metrics);

  // A line that cannot be written (a full disk) is lost, and counted.
  void write(const AccessRecord& record);

 private:
  const FileDescriptor file_;
  Metrics& metrics_;
};

}  // namespace trent::server
