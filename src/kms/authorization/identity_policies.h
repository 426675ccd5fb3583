// SPDX-License-Identifier: Apache-2.0
// The policies of users and roles: JSON files in a directory of the operator's,
//   DIRECTORY/ACCOUNT/user/NAME/*.json   DIRECTORY/ACCOUNT/role/NAME/*.json
// with the path of the user or role, if it has one, before its NAME. Read anew when they change.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/thread_safety.h"
#include "policy/policy.h"

namespace trent::kms {

// What one of them says. `file` is below the directory of the principal.
struct IdentityStatement {
  std::string file;
  policy::Reason reason;
};
struct IdentityDecision {
  std::optional<IdentityStatement> deny;
  std::optional<IdentityStatement> allow;
  std::string fault;  // a sentence: a policy cannot be read, and nothing is allowed
};

// Thread-safe.
class IdentityPolicies {
 public:
  // Without a directory, every principal may do what the policies of the keys let its account do.
  // What changes in it is seen `refresh` later.
  IdentityPolicies(std::filesystem::path directory, std::chrono::milliseconds refresh)
      : directory_(std::move(directory)), refresh_(refresh) {}

  bool are_used() const { return !directory_.empty(); }
  // A root user has no policies, and may do everything.
  IdentityDecision decide(const policy::Query& query);

 private:
  using Clock = std::chrono::steady_clock;
  struct Stamp {  // what of a file shows that it has changed
    std::uintmax_t inode = 0;
    std::uintmax_t size = 0;
    std::pair<std::int64_t, std::int64_t> changed;  // seconds, nanoseconds
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::map<std::string, Stamp>;  // by file name
  struct Policies {
    Stamps stamps;
    std::map<std::string, policy::Policy> policies;  // by file name
    std::string fault;
  };
  struct Cached {
    std::shared_ptr<const Policies> policies;
    Clock::time_point read;
  };

  std::shared_ptr<const Policies> policies_of(const policy::Principal& principal);
  static Stamps look(const std::filesystem::path& directory);
  static std::shared_ptr<const Policies> read(const std::filesystem::path& directory,
                                              Stamps stamps);

  const std::filesystem::path directory_;
  const std::chrono::milliseconds refresh_;
  Mutex mutex_;
  std::map<std::string, Cached> cache_ GUARDED_BY(mutex_);  // by the principal's directory
};

}  // namespace trent::kms
