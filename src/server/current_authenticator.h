// SPDX-License-Identifier: Apache-2.0
// Who may come in now: credentials.toml, read anew when it changes.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <functional>
#include <memory>
#include <string>

#include "base/thread_safety.h"
#include "server/authentication.h"

namespace trent::server {

class CurrentAuthenticator {
 public:
  using Read = std::function<std::unique_ptr<const Authenticator>()>;

  // `read` makes one of the file at `path`, and throws Error if it cannot be used, here too.
  CurrentAuthenticator(std::string path, Read read);

  // Thread-safe. One that is replaced lives on with whoever has it.
  std::shared_ptr<const Authenticator> get() const;

  // Reads the file if it is another one than before. What there is to say of it, if anything; one
  // that cannot be used changes nothing, and is tried again at the next look. For one thread.
  std::string look();

 private:
  // What is another number after every change of the file, its owner and its mode.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::time_t seconds = 0;
    long nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp stamp() const;

  const std::string path_;
  const Read read_;
  Stamp seen_;
  std::string fault_;  // why the file as it is now cannot be used; empty: it can
  mutable Mutex mutex_;
  std::shared_ptr<const Authenticator> authenticator_ GUARDED_BY(mutex_);
};

}  // namespace trent::server
