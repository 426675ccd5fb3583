// SPDX-License-Identifier: Apache-2.0
// A bounded queue of jobs, and its threads.
#include "server/work_queue.h"

#include <utility>

namespace trent::server {

WorkQueue::WorkQueue(std::size_t threads, std::size_t capacity) : capacity_(capacity) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkQueue::~WorkQueue() {
  {
    const Lock lock(mutex_);
    ending_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkQueue::push(std::function<void()> job) {
  {
    const Lock lock(mutex_);
    if (jobs_.size() >= capacity_) return false;
    jobs_.push_back(std::move(job));
  }
  ready_.notify_one();
  return true;
}

void WorkQueue::work() {
  for (;;) {
    std::function<void()> job;
    {
      Lock lock(mutex_);
      while (jobs_.empty() && !ending_) ready_.wait(lock);
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace trent::server
