// SPDX-License-Identifier: Apache-2.0
// Threads that do what others cannot wait for.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/thread_safety.h"

namespace trent::server {

class WorkQueue {
 public:
  // At most `capacity` jobs wait.
  WorkQueue(std::size_t threads, std::size_t capacity);
  // Does what still waits.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // False: too many wait, and the job is not done. A job throws nothing.
  bool push(std::function<void()> job);

 private:
  void work();

  const std::size_t capacity_;
  Mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<std::function<void()>> jobs_ GUARDED_BY(mutex_);
  bool ending_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace trent::server
