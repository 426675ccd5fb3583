// SPDX-License-Identifier: Apache-2.0
// What the process's threads, its fork() and its exit have to agree on.
#pragma once

#include <cstdint>

namespace trent::process {

// While a thread holds one, fork() of another thread waits: a lock of the backend's or of Trent's
// that is held then stays locked in the child for ever. Recursive, and cheap when nested.
class ForkGuard {
 public:
  ForkGuard();
  ~ForkGuard();
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;
};

// While it lives, the ForkGuards that this thread holds are let go of, however many they are: for a
// wait that may take a person's time. Another thread's fork() may come in between, so the thread
// holds no lock of Trent's or the backend's.
class ForkPause {
 public:
  ForkPause();
  ~ForkPause();
  ForkPause(const ForkPause&) = delete;
  ForkPause& operator=(const ForkPause&) = delete;

 private:
  int depth_;
};

// Installs the fork handlers; idempotent.
void watch_fork();

// Number of fork() calls between the first watch_fork() and this process.
std::uint64_t fork_count();

// For the exit handler: tells every later call that it is too late, and waits, at most
// `milliseconds`, until no thread holds a ForkGuard. False if one would not come out.
bool close_backend(int milliseconds);
bool backend_closed();

}  // namespace trent::process
