// SPDX-License-Identifier: Apache-2.0
// A line on standard error, written over again: see progress.h.
#include "cli/progress.h"

#include <unistd.h>

#include <cstdio>
#include <string>

namespace trent::cli {

namespace {

constexpr double kMegabyte = 1e6;

std::string megabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", static_cast<double>(bytes) / kMegabyte);
  return text;
}

}  // namespace

Progress::Progress(std::optional<std::uint64_t> total)
    : total_(total),
      wanted_(isatty(STDERR_FILENO) == 1),
      next_(Clock::now() + std::chrono::seconds(1)) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

void Progress::add(std::uint64_t bytes) {
  done_ += bytes;
  if (!wanted_ || Clock::now() < next_) return;
  next_ = Clock::now() + std::chrono::milliseconds(200);
  shown_ = true;
  std::string text = "\r" + megabytes(done_);
  if (total_ && *total_ > 0 && done_ <= *total_)
    text += " of " + megabytes(*total_) + " MB, " + std::to_string(done_ * 100 / *total_) + " %";
  else
    text += " MB";
  std::fputs((text + "\x1b[K").c_str(), stderr);
}

}  // namespace trent::cli
