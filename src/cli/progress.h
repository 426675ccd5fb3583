// SPDX-License-Identifier: Apache-2.0
// How far it is, for a person at the terminal who has waited for a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace trent::cli {

class Progress {
 public:
  // Of `total` bytes, if that is known.
  explicit Progress(std::optional<std::uint64_t> total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::uint64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  std::optional<std::uint64_t> total_;
  std::uint64_t done_ = 0;
  bool wanted_;
  bool shown_ = false;
  Clock::time_point next_;
};

}  // namespace trent::cli
