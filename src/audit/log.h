// SPDX-License-Identifier: Apache-2.0
// The audit log of a service, and what a record means that cannot be written.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "audit/sink.h"
#include "base/thread_safety.h"

namespace trent::audit {

// Thread-safe.
class Log {
 public:
  // `required`: an operation whose record cannot be written fails. `lost`, which may be empty, is
  // called for each record that is lost.
  Log(std::unique_ptr<Sink> sink, bool required, std::function<void()> lost);

  // Why a record could not be written now; empty if it could.
  std::string trouble();
  // Before an operation that changes something. Throws Error if its record could not be written and
  // is required: so nothing is changed.
  void make_room();
  // `make` appends the record to the text that it gets. Throws Error if it cannot be written, and
  // is required; the error begins with what that means for the request.
  void write(const std::function<void(std::string& out)>& make, std::string_view consequence);

 private:
  void lose(const std::string& reason) REQUIRES(mutex_);

  const bool required_;
  const std::function<void()> lost_;
  Mutex mutex_;
  const std::unique_ptr<Sink> sink_ PT_GUARDED_BY(mutex_);
  // Of the last record. It keeps its memory: from a KiB on, malloc() takes its time, and that of
  // the small ones after it.
  std::string record_ GUARDED_BY(mutex_);
  std::uint64_t unsaid_ GUARDED_BY(mutex_) = 0;  // losses that standard error has not heard of
  std::optional<std::chrono::steady_clock::time_point> said_ GUARDED_BY(mutex_);
};

}  // namespace trent::audit
