// SPDX-License-Identifier: Apache-2.0
// One write() a line, so that those of several processes do not mix.
#include "server/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/utc.h"

namespace trent::server {

namespace {

int open_log(const std::string& path) {
  if (path.empty()) return -1;
  if (path == "-") return ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  constexpr mode_t kMode = 0640;
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kMode);
  if (file < 0)
    throw Error(ErrorCode::Validation,
                "The access log " + path + " cannot be opened: " + std::strerror(errno) + ".",
                "Give a file in a directory that this user can write.")
        .in_configuration();
  return file;
}

std::string now() {
  using namespace std::chrono;
  const auto milliseconds =
      duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
  std::string fraction = std::to_string(1000 + milliseconds % 1000);
  fraction[0] = '.';
  return format_utc(static_cast<std::time_t>(milliseconds / 1000), "%Y-%m-%dT%H:%M:%S") + fraction +
         "Z";
}

}  // namespace

AccessLog::AccessLog(const std::string& path, Metrics& metrics)
    : file_(open_log(path)), metrics_(metrics) {}

void AccessLog::write(const AccessRecord& record) {
  if (!file_) return;
  nlohmann::ordered_json json;
  json["time"] = now();
  json["requestId"] = record.request_id;
  json["sourceAddress"] = record.source_address;
  if (record.caller != nullptr) {
    json["principal"] = record.caller->principal;
    json["authentication"] = name_of(record.caller->authentication);
  }
  if (!record.operation.empty()) json["operation"] = record.operation;
  if (!record.keys.empty()) json["keys"] = record.keys;
  json["code"] = record.code;
  if (!record.detail.empty()) json["detail"] = record.detail;
  json["durationMicroseconds"] =
      std::chrono::duration_cast<std::chrono::microseconds>(record.duration).count();
  std::string line =
      json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  // Not write_all(): the rest of a line, after others' lines, helps nobody.
  if (::write(file_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    metrics_.lost_log_lines.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace trent::server
