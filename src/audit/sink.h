// SPDX-License-Identifier: Apache-2.0
// Where audit records go.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "config/config.h"

namespace trent::audit {

// A record cannot be written; what() names the place and the reason.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// Throws it. `error`: an errno.
[[noreturn]] void fail(const std::string& path, int error);

// Survives fork, and opens nothing until it is used. Log uses it from one thread at a time, which
// holds a ForkGuard (process/fork.h), so no other thread forks meanwhile.
class Sink {
 public:
  Sink() = default;
  virtual ~Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // Adds a record, the text of a JSON object, to the chain of this sink. If it throws Failure (or
  // what else can go wrong), it is lost, and the next one that is written says how many were.
  virtual void write(std::string_view record) = 0;

  // Makes sure, as far as that is possible, that the next records can be written. Throws Failure.
  virtual void make_room() = 0;
};

// The one that the configuration names; null if records go nowhere.
std::unique_ptr<Sink> open_sink(const AuditConfig& config);

}  // namespace trent::audit
