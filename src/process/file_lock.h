// SPDX-License-Identifier: Apache-2.0
// One process of this host at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>

namespace trent::process {

// A lock on a file, for the life of the object. The file is made if it is not there, as open to
// others as its directory; in a directory where none can be made nothing is locked, see held().
// Throws DependencyTimeoutException if a lock that is there cannot be had.
class FileLock {
 public:
  enum class Kind { Exclusive, Shared };

  FileLock(const std::filesystem::path& path, Kind kind, std::chrono::milliseconds patience);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  bool held() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
  pid_t owner_;  // a child of fork() shares the lock with its parent, and leaves it alone
};

}  // namespace trent::process
