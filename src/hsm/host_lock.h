// One process of this host at a time does something to a token.
#pragma once

#include <string>

namespace trent::hsm {

// An advisory lock on a file of this user's, best effort: where it cannot be had within some
// seconds, the caller goes on without it.
class HostLock {
 public:
  // `name`: what is being done, to which token (module and URI).
  explicit HostLock(const std::string& name);
  ~HostLock();
  HostLock(const HostLock&) = delete;
  HostLock& operator=(const HostLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace trent::hsm
