// SPDX-License-Identifier: Apache-2.0
// The log that $TRENT_DEBUG asks for.
#include "process/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "base/utc.h"

namespace trent::process {

namespace {

// -1: off. Opened once; lines are single appends, so threads and children may share the file.
int log_descriptor() {
  static const int descriptor = [] {
    const char* value = secure_getenv("TRENT_DEBUG");
    if (value == nullptr || *value == '\0') return -1;
    if (std::strcmp(value, "stderr") == 0) return STDERR_FILENO;
    if (std::strncmp(value, "file:", 5) == 0) {
      int fd = open(value + 5, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
      if (fd >= 0) return fd;
    }
    std::fprintf(stderr,
                 "trent: TRENT_DEBUG=%s: not a file that can be written; use stderr or "
                 "file:PATH\n",
                 value);
    return -1;
  }();
  return descriptor;
}

}  // namespace

bool log_enabled() {
  return log_descriptor() >= 0;
}

void log_line(std::string_view text) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  char rest[64];
  std::snprintf(rest, sizeof rest, ".%06ldZ %d/%d ", now.tv_nsec / 1000, getpid(), gettid());
  std::string line = format_utc(now.tv_sec, "%FT%T");
  line.append(rest).append(text).append("\n");
  // What cannot be logged must not fail because of that.
  [[maybe_unused]] ssize_t written = write(log_descriptor(), line.data(), line.size());
}

}  // namespace trent::process
