// How a C_ function fails: CK_RV as an exception, and the core's errors as CK_RV.
#pragma once

#include <exception>

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

// What a function works on decides the name of some of its failures.
enum class Family { Object, Key, Wrap, Unwrap };

// The return value for a handle that names nothing of the right kind.
CK_RV bad_handle(Family family);

// Design section 6.
CK_RV to_rv(const Error& error, Family family);

}  // namespace trent::pkcs11
