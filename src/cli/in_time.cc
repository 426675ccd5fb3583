// SPDX-License-Identifier: Apache-2.0
// A child process, and a pipe that is read until a deadline.
#include "cli/in_time.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <exception>

#include "base/file.h"

namespace trent::cli {

namespace {

// The caller's caller waits for the end of the standard output, and a question needs a terminal.
void leave_terminal() {
  const FileDescriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null.get(), stream);
  setsid();
}

[[noreturn]] void work_for(int pipe, const std::function<std::string()>& work) {
  leave_terminal();
  // The first byte says that the work was done.
  try {
    write_all(pipe, as_bytes("+" + work()));
  } catch (const std::exception&) {  // then there is none
  }
  _exit(0);
}

}  // namespace

std::optional<std::string> in_time(std::chrono::milliseconds patience,
                                   const std::function<std::string()>& work) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + patience;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const FileDescriptor from(ends[0]);
  pid_t child = -1;
  {
    const FileDescriptor to(ends[1]);
    child = fork();
    if (child == 0) work_for(to.get(), work);
  }
  if (child < 0) return std::nullopt;

  std::string result;
  std::array<char, 4096> piece{};
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd readable{from.get(), POLLIN, 0};
    if (left.count() <= 0 || poll(&readable, 1, static_cast<int>(left.count())) <= 0)
      return std::nullopt;
    const ssize_t size = read(from.get(), piece.data(), piece.size());
    if (size < 0) return std::nullopt;
    if (size == 0) break;
    result.append(piece.data(), static_cast<std::size_t>(size));
  }
  waitpid(child, nullptr, 0);
  if (result.empty()) return std::nullopt;
  return result.substr(1);
}

}  // namespace trent::cli
