// One process of this host at a time does something to a token.
#pragma once

#include <string>

namespace trent::hsm {

// An advisory lock on a file of this user's, best effort: where it cannot be had within some
// seconds, the caller goes on without it.
class HostLock {
 public:
  enum class Kind { Exclusive, Shared };
  // `name`: what is being done, to which module or token.
  explicit HostLock(const std::string& name, Kind kind = Kind::Exclusive);
  ~HostLock();
  HostLock(const HostLock&) = delete;
  HostLock& operator=(const HostLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace trent::hsm
