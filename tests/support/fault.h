// SPDX-License-Identifier: Apache-2.0
// fault.so: a PKCS#11 module that forwards every call to SoftHSM, fails the one it is told to, and
// behaves as other tokens do (hostile.h).
//
// A test loads it as Trent's module (its path is in fault_module_path) and steers it through
// fault_module(). For programs of which a test sees only the outside, the environment steers it:
// TRENT_FAULT="nth function rv", e.g. "1 C_UnwrapKey 0x30" or "4 * 0x5", or "7 * kill" to be killed
// before the 7th call ("7 change kill": that may change the token), and TRENT_HOSTILE; for those
// that run on, TRENT_FAULT_SWITCH=PATH: while the file has "function rv", all these calls fail.
#pragma once

#include <p11-kit/pkcs11.h>

#include <functional>
#include <string>
#include <vector>

#include "hostile.h"

namespace trent::test {

struct FaultPlan {
  unsigned long nth = 0;           // fail the n-th call after arm(), counted from 1; 0: none
  CK_RV rv = CKR_DEVICE_ERROR;     // CKR_OK: it does not fail
  std::string function{};          // count only calls of this function; empty: of every function
  bool and_later = false;          // fail all calls from the n-th on
  bool forward = false;            // make the call, and report the failure all the same
  std::function<void()> before{};  // what somebody else does in that moment; may arm() anew
};

class FaultModule {
 public:
  // Forgets the trace and counts from here.
  virtual void arm(const FaultPlan& plan) = 0;
  // From here on every call is forwarded and its own result returned.
  virtual void disarm() = 0;
  // The functions called since arm(), in order; the counted one included.
  virtual std::vector<std::string> trace() const = 0;
  // Whether a call has been failed since arm().
  virtual bool fired() const = 0;
  // What C_GetTokenInfo says of every token, besides what is true (CKF_USER_PIN_LOCKED ...).
  virtual void pretend(CK_FLAGS token_flags) = 0;
  // How the token behaves from here on; Hostile{}: as SoftHSM.
  virtual void play(const Hostile& hostile) = 0;
  // What it says from the next C_Login on that is refused.
  virtual void pretend_after_refusal(CK_FLAGS token_flags) = 0;

 protected:
  ~FaultModule() = default;
};

// Where the build put fault.so.
std::string fault_module_path();
// The control of the fault.so in this process.
FaultModule& fault_module();

}  // namespace trent::test
