// SPDX-License-Identifier: Apache-2.0
// Tells whether our handles are still ours.
#pragma once

#include <p11-kit/pkcs11.h>

#include <atomic>
#include <chrono>
#include <string>

#include "hsm/session.h"

namespace trent::hsm {

// A session object with a name of random digits that nobody else can have made, to tell our handles
// from others of the same number. An application that shares the module with us may finalise it and
// initialise it again: its own sessions and keys then get the numbers that ours had, and what we
// encrypt under a handle would be encrypted under a key of the application's.
class Sentinel {
 public:
  // Lives in `anchor`. A token that has no room for it goes without.
  explicit Sentinel(const Session& anchor);

  // CKR_OK: it is there. CKR_OBJECT_HANDLE_INVALID: something else or nothing is. Otherwise what
  // the token answers.
  CK_RV check() const;
  // The same, unless the last time is less than `trusted` ago.
  CK_RV check_if_due(std::chrono::microseconds trusted);

 private:
  const Session& anchor_;
  CK_OBJECT_HANDLE object_ = CK_INVALID_HANDLE;
  std::string label_;
  std::atomic<std::chrono::steady_clock::rep> checked_ = 0;
};

}  // namespace trent::hsm
