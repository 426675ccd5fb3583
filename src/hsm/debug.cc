// TRENT_DEBUG: see debug.h.
#include "hsm/debug.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "hsm/rv.h"

namespace trent::hsm {

namespace {

// -1: off. Opened once; lines are single appends, so threads and children may share the file.
int debug_descriptor() {
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

bool debug_enabled() {
  return debug_descriptor() >= 0;
}

void debug_call(std::string_view function, std::string_view arguments, CK_RV rv,
                std::chrono::nanoseconds duration) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  char when[64];
  std::snprintf(when, sizeof when, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ %d/%d ",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, now.tv_nsec / 1000, getpid(), gettid());
  char took[64];
  std::snprintf(took, sizeof took, " %.1f us\n", static_cast<double>(duration.count()) / 1000.0);
  std::string line = when;
  line.append(function).append("(").append(arguments).append(") ").append(rv_name(rv)).append(took);
  // A trace that cannot be written must not fail the call that it traces.
  [[maybe_unused]] ssize_t written = write(debug_descriptor(), line.data(), line.size());
}

}  // namespace trent::hsm
