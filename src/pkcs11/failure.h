// SPDX-License-Identifier: Apache-2.0
// How a C_ function fails: CK_RV as an exception, and the core's errors as CK_RV.
#pragma once

#include <chrono>
#include <exception>
#include <string_view>

#include "base/error.h"
#include "pkcs11/cryptoki.h"

namespace trent::pkcs11 {

// The function returns `rv`.
class Failure : public std::exception {
 public:
  explicit Failure(CK_RV rv) : rv_(rv) {}
  CK_RV rv() const { return rv_; }
  const char* what() const noexcept override { return "PKCS#11 failure"; }

 private:
  CK_RV rv_;
};

inline void require(bool condition, CK_RV rv) {
  if (!condition) throw Failure(rv);
}

// What a handle is given for decides the name of some failures.
enum class HandleRole { Object, Key, Wrap, Unwrap };

// The return value for a handle that names nothing of the right kind.
CK_RV bad_handle(HandleRole role);

// Of the exception that is being handled, in a function that is called `name` and began at `start`.
// Here once, for there is a copy of the handler that calls it for each function of the lists.
CK_RV rv_of_exception(HandleRole role, std::string_view name,
                      std::chrono::steady_clock::time_point start);

}  // namespace trent::pkcs11
