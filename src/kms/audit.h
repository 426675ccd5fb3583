// SPDX-License-Identifier: Apache-2.0
// The record of a request in the audit log, in the words of AWS CloudTrail. docs/audit.md describes
// each member.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kms/account.h"
#include "kms/caller.h"
#include "kms/model/operation.h"

namespace trent::audit {
class Log;
}

namespace trent::kms {

// What a request has done so far, that its response does not say.
struct Trace {
  std::vector<std::string> keys;  // the ARNs of those that it concerns, in their order
  bool in_host = false;           // its plaintext has been in the memory of this process
};

// A request that has ended.
struct Ended {
  const Caller& caller;
  const model::Operation& operation;
  const void* request;
  const void* response;  // if it succeeded
  const Trace& trace;
  const Error* error;  // null if it succeeded
};

// Thread-safe.
class Audit {
 public:
  // `lost`, which may be empty, is called for each record that is lost.
  Audit(const AuditConfig& config, const Accounts& accounts, std::function<void()> lost);
  ~Audit();
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  // Why a record could not be written now; empty if it could, or there is no audit log.
  std::string trouble();
  // Before anything is done. Throws Error if it would change something, and the record of that
  // could not be written and has to be.
  void begin(const model::Operation& operation);
  // Throws Error if the record cannot be written and has to be.
  void end(const Ended& ended);

 private:
  const Accounts& accounts_;
  const std::unique_ptr<audit::Log> log_;
};

// Appends the record as JSON.
void add_record(std::string& out, const Ended& ended, const Account& home);

}  // namespace trent::kms
