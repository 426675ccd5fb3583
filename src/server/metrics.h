// SPDX-License-Identifier: Apache-2.0
// What the server counts, for all its worker processes together, and how Prometheus reads it. No
// label names a key or a principal.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kms/model/operation.h"

namespace trent::server {

// Lies in memory that the processes of a server share, so it holds no pointers, and it outlives a
// worker that is killed.
class Metrics {
 public:
  struct Unmap {
    void operator()(Metrics* metrics) const;
  };
  // Shared with every process that is forked later. Throws std::bad_alloc.
  static std::unique_ptr<Metrics, Unmap> shared();

  using Counter = std::atomic<std::uint64_t>;
  static_assert(Counter::is_always_lock_free, "processes share no lock");

  // A request that was answered: null for an unknown operation, "OK" or the error's name.
  void request(const kms::model::Operation* operation, std::string_view code,
               std::chrono::nanoseconds duration);
  void authentication_failure(std::string_view reason);
  // One call of a function of the token.
  void token_call(std::chrono::nanoseconds duration);

  // As each worker last said of itself. Workers that are replaced and those that replace them are
  // there at the same time.
  struct Worker {
    std::atomic<std::int64_t> process{0};  // 0: there is none
    std::atomic<bool> accepts{false};
    Counter connections{0};
    Counter requests{0};
    Counter resident_bytes{0};
    Counter cpu_microseconds{0};
  };
  static constexpr std::size_t kMaxWorkers = 64;
  static constexpr std::size_t kSlots = 2 * kMaxWorkers;
  std::array<Worker, kSlots> workers;
  Counter worker_starts{0};
  Counter worker_deaths{0};  // of those that nobody asked to end
  Counter throttled{0};
  Counter refused{0};  // requests that are no HTTP
  Counter lost_log_lines{0};
  Counter lost_audit_records{0};

  // In Prometheus's text format, version 0.0.4.
  std::string text() const;

 private:
  static constexpr std::size_t kOperations = 64;
  static constexpr std::size_t kCodes = 64;
  static constexpr std::size_t kReasons = 16;
  static constexpr std::size_t kBuckets = 15;
  struct Histogram {
    std::array<Counter, kBuckets + 1> counts{};  // the last: longer than all
    Counter nanoseconds{0};

    void add(std::chrono::nanoseconds duration);
    void write(std::string& out, const std::string& name, const std::string& label) const;
  };

  std::array<std::array<Counter, kCodes>, kOperations> requests_{};
  std::array<Histogram, kOperations> durations_{};
  std::array<Counter, kReasons> authentication_failures_{};
  Histogram token_calls_{};
};

}  // namespace trent::server
