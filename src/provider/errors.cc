// SPDX-License-Identifier: Apache-2.0
// KMS errors as entries of OpenSSL's error queue.
#include "provider/errors.h"

#include <cstring>

#include "base/error.h"

namespace trent::provider {

namespace {

// OpenSSL takes 0 for "no reason".
constexpr unsigned int reason(ErrorCode code) {
  return static_cast<unsigned int>(code) + 1;
}

// Error::text() without its allocation, which could fail here.
const char* text(const Error& e) {
  return e.what() + std::strlen(e.name()) + std::strlen(": ");
}

}  // namespace

const OSSL_ITEM* reason_strings() {
  // OpenSSL keeps the pointers and never writes; the type is C's.
#define TRENT_REASON(name, status) {reason(ErrorCode::name), const_cast<char*>(#name "Exception")},
  static const OSSL_ITEM items[] = {TRENT_ERRORS(TRENT_REASON){0, nullptr}};
#undef TRENT_REASON
  return items;
}

void raise_caught(const Core& core, const char* operation, const char* file, int line) noexcept {
  try {
    throw;
  } catch (const Error& e) {
    core.raise(reason(e.code()), text(e), operation, file, line);
  } catch (const std::exception& e) {
    core.raise(reason(ErrorCode::KMSInternal), e.what(), operation, file, line);
  } catch (...) {
    core.raise(reason(ErrorCode::KMSInternal), "Unknown failure.", operation, file, line);
  }
}

}  // namespace trent::provider
