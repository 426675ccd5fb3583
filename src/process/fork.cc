// SPDX-License-Identifier: Apache-2.0
// The handlers of fork() and exit(), and the lock that they share with token calls.
#include "process/fork.h"

#include <pthread.h>
#include <time.h>

#include <atomic>
#include <mutex>
#include <utility>

namespace trent::process {

namespace {

// Process-wide, because fork and exit are. Statically initialised and never destroyed: threads may
// outlive static destruction. Writers first, or fork() would starve in a busy process.
constexpr pthread_rwlock_t kFreeLock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
pthread_rwlock_t gate = kFreeLock;
std::atomic<std::uint64_t> forks = 0;
std::atomic<bool> closed = false;

// Nested guards take the lock once; and a backend that forks by itself (p11-kit's remote modules
// do) must not wait for itself.
thread_local int depth = 0;

void before_fork() {
  if (depth == 0) pthread_rwlock_wrlock(&gate);
}

void after_fork_in_parent() {
  if (depth == 0) pthread_rwlock_unlock(&gate);
}

void after_fork_in_child() {
  // The only thread left is this one: what another thread held is held by nobody now.
  gate = kFreeLock;
  if (depth > 0) pthread_rwlock_rdlock(&gate);
  forks.fetch_add(1);
}

}  // namespace

ForkGuard::ForkGuard() {
  if (depth++ == 0) pthread_rwlock_rdlock(&gate);
}

ForkGuard::~ForkGuard() {
  if (--depth == 0) pthread_rwlock_unlock(&gate);
}

ForkPause::ForkPause() : depth_(std::exchange(depth, 0)) {
  if (depth_ > 0) pthread_rwlock_unlock(&gate);
}

ForkPause::~ForkPause() {
  if (depth_ > 0) pthread_rwlock_rdlock(&gate);
  depth = depth_;
}

void watch_fork() {
  static std::once_flag once;
  std::call_once(once,
                 [] { pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child); });
}

std::uint64_t fork_count() {
  return forks.load(std::memory_order_relaxed);
}

bool close_backend(int milliseconds) {
  closed = true;
  if (depth > 0) return false;
  timespec until{};
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += milliseconds / 1000;
  until.tv_nsec += milliseconds % 1000 * 1000000L;
  if (until.tv_nsec >= 1000000000L) {
    until.tv_nsec -= 1000000000L;
    ++until.tv_sec;
  }
  if (pthread_rwlock_timedwrlock(&gate, &until) != 0) return false;
  pthread_rwlock_unlock(&gate);
  return true;
}

bool backend_closed() {
  return closed.load(std::memory_order_relaxed);
}

}  // namespace trent::process
