// SPDX-License-Identifier: Apache-2.0
// One process of this host at a time does something to a token.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "process/file_lock.h"

namespace trent::hsm {

// A lock on a file, for the life of the object.
//
// Where SoftHSM's configuration can be read, whatever module is used (it may wrap SoftHSM), the
// file is in the directory of SoftHSM's tokens: all processes that use these tokens share it,
// whoever runs them and however SOFTHSM2_CONF is spelled. SoftHSM passes over plain files there.
// What it keeps away are SoftHSM's own races, so it is not gone on without: a lock that is there,
// but cannot be had, is a DependencyTimeoutException. In a directory where none can be made, nobody
// can change a token either: then it is done without, and said once.
//
// Otherwise it is a file of the user's, which spares the token needless collisions and no more.
class HostLock {
 public:
  enum class Purpose {
    Start,   // initialising the module, finding the token, logging in, setting a PIN
    Change,  // making and destroying token objects
  };
  using Kind = process::FileLock::Kind;

  static constexpr std::chrono::seconds kPatience{60};

  // Its file, by which two are told to be one; empty: there is none.
  static std::string file(Purpose purpose, const std::string& name);

  // `name`: the module or the token, where SoftHSM's configuration does not say which lock it is.
  HostLock(Purpose purpose, const std::string& name, Kind kind = Kind::Exclusive,
           std::chrono::milliseconds patience = kPatience);

 private:
  std::optional<process::FileLock> lock_;
};

}  // namespace trent::hsm
