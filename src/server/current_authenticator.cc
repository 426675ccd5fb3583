// SPDX-License-Identifier: Apache-2.0
// A look at a file once in a while, which works on every file system and with every way to write.
#include "server/current_authenticator.h"

#include <sys/stat.h>

#include <utility>

#include "base/error.h"

namespace trent::server {

CurrentAuthenticator::CurrentAuthenticator(std::string path, Read read)
    : path_(std::move(path)), read_(std::move(read)), seen_(stamp()), authenticator_(read_()) {}

std::shared_ptr<const Authenticator> CurrentAuthenticator::get() const {
  const Lock lock(mutex_);
  return authenticator_;
}

CurrentAuthenticator::Stamp CurrentAuthenticator::stamp() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size, status.st_ctim.tv_sec,
          status.st_ctim.tv_nsec};
}

std::string CurrentAuthenticator::look() {
  const Stamp now = stamp();
  if (now == seen_ && fault_.empty()) return {};
  try {
    std::shared_ptr<const Authenticator> fresh = read_();
    const Lock lock(mutex_);
    authenticator_.swap(fresh);
  } catch (const Error& error) {
    seen_ = now;
    const bool is_said = fault_ == error.text();
    fault_ = error.text();
    return is_said
               ? ""
               : "The credentials have changed and cannot be used; the old ones stay: " + fault_;
  }
  seen_ = now;
  fault_.clear();
  return "The credentials were read anew: " + path_;
}

}  // namespace trent::server
