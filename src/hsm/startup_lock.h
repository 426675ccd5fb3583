// One process at a time starts to use a token.
#pragma once

#include <string>

namespace trent::hsm {

// An advisory lock on a file of this user's, best effort: where it cannot be had within some
// seconds, the caller goes on without it.
class StartupLock {
 public:
  // `name`: what is being opened (module and URI).
  explicit StartupLock(const std::string& name);
  ~StartupLock();
  StartupLock(const StartupLock&) = delete;
  StartupLock& operator=(const StartupLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace trent::hsm
