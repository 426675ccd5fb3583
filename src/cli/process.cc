// SPDX-License-Identifier: Apache-2.0
// Prepares the process: its standard streams, no core dump, no signal for a closed pipe.
#include "cli/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace trent::cli {

namespace {

// If the caller closed a standard stream, the next file that is opened (the token's!) would get
// its number, and our output would be written into it. The stream is opened the wrong way round,
// so that using it is still an error.
void occupy_standard_streams() {
  constexpr int modes[] = {O_WRONLY, O_RDONLY, O_RDWR};
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(fd, F_GETFD) == -1) open("/dev/null", modes[fd]);  // gets the lowest number: fd
}

// No core dump, and no other process of the same user may attach or read /proc/PID/mem.
void forbid_dumps() {
#ifndef __SANITIZE_ADDRESS__  // LeakSanitizer attaches to its own process
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

}  // namespace

void prepare_process() {
  occupy_standard_streams();
  forbid_dumps();
  // A closed pipe is reported by write() instead.
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace trent::cli
