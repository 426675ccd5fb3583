// SPDX-License-Identifier: Apache-2.0
// Records that are lost: counted, said, or the failure of their operation.
#include "audit/log.h"

#include "base/error.h"
#include "process/notice.h"

namespace trent::audit {

Log::Log(std::unique_ptr<Sink> sink, bool required, std::function<void()> lost)
    : required_(required), lost_(std::move(lost)), sink_(std::move(sink)) {}

void Log::lose(const std::string& reason) {
  if (lost_) lost_();
  ++unsaid_;
  constexpr std::chrono::minutes kSilence{1};
  const auto now = std::chrono::steady_clock::now();
  if (said_ && now < *said_ + kSilence) return;
  said_ = now;
  process::say(std::to_string(unsaid_) +
               (unsaid_ == 1 ? " audit record was" : " audit records were") +
               " not written: " + reason);
  unsaid_ = 0;
}

namespace {

Error not_recorded(std::string_view consequence, const std::string& reason) {
  return Error(ErrorCode::KMSInternal,
               std::string(consequence) + " no audit record of the request could be written.",
               "The audit log cannot be written (" + reason +
                   "), and audit-required is true. Mend that, and try again.");
}

}  // namespace

std::string Log::trouble() {
  const Lock lock(mutex_);
  try {
    sink_->make_room();
    return {};
  } catch (const std::exception& failure) {  // mostly a Failure
    return failure.what();
  }
}

void Log::make_room() {
  if (!required_) return;
  const std::string reason = trouble();
  if (!reason.empty()) throw not_recorded("Nothing was done, because", reason);
}

void Log::write(const std::function<void(std::string& out)>& make, std::string_view consequence) {
  const Lock lock(mutex_);
  try {
    record_.clear();
    make(record_);
    sink_->write(record_);
  } catch (const std::exception& failure) {
    lose(failure.what());
    if (required_) throw not_recorded(consequence, failure.what());
  }
}

}  // namespace trent::audit
