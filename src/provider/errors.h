// SPDX-License-Identifier: Apache-2.0
// The one boundary between the core's exceptions and OpenSSL's error queue.
#pragma once

#include <openssl/core.h>

#include <memory>
#include <utility>

#include "provider/core.h"

namespace trent::provider {

// Reason codes and their texts: one per KMS error name.
const OSSL_ITEM* reason_strings();

// To be called from a catch block: puts the exception on the caller's error queue.
void raise_caught(const Core& core, const char* operation, const char* file, int line) noexcept;

// Runs `body`. 1 if it returns, and then the error queue is as it was before; 0 if it throws, and
// then its error is the last one in the queue. `operation` is what `openssl` prints as the
// function.
template <class Body>
int guarded(const Core& core, const char* operation, Body&& body,
            const char* file = __builtin_FILE(), int line = __builtin_LINE()) noexcept {
  core.set_error_mark();
  try {
    body();
    core.pop_errors_to_mark();
    return 1;
  } catch (...) {
    core.clear_error_mark();
    raise_caught(core, operation, file, line);
    return 0;
  }
}

// A new T{arguments...} for OpenSSL to own; nullptr, and an error on the queue, if that throws.
template <class T, class... Arguments>
T* make(const Core& core, const char* operation, Arguments&&... arguments) noexcept {
  T* made = nullptr;
  guarded(core, operation,
          [&] { made = std::make_unique<T>(T{std::forward<Arguments>(arguments)...}).release(); });
  return made;
}

}  // namespace trent::provider
