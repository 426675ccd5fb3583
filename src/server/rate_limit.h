// SPDX-License-Identifier: Apache-2.0
// How often a principal may call: a bucket of tokens each.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

#include "base/thread_safety.h"

namespace trent::server {

class RateLimit {
 public:
  // Requests a second of one principal in this process; twice as many at once. 0: no limit.
  explicit RateLimit(double per_second) : per_second_(per_second) {}

  // Whether the principal may make one more request now.
  bool take(const std::string& principal, std::chrono::steady_clock::time_point now) {
    if (per_second_ <= 0) return true;
    const Lock lock(mutex_);
    Bucket& bucket = buckets_.try_emplace(principal, Bucket{burst(), now}).first->second;
    const std::chrono::duration<double> passed = now - bucket.filled;
    bucket.tokens = std::min(burst(), bucket.tokens + passed.count() * per_second_);
    bucket.filled = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

 private:
  struct Bucket {
    double tokens;
    std::chrono::steady_clock::time_point filled;
  };
  double burst() const { return std::max(1.0, 2 * per_second_); }

  const double per_second_;
  Mutex mutex_;
  // As many as there are principals in the credentials.
  std::map<std::string, Bucket> buckets_ GUARDED_BY(mutex_);
};

}  // namespace trent::server
