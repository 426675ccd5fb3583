// SPDX-License-Identifier: Apache-2.0
// Results in buffers of the application. OpenSSL asks twice: with no buffer for the size, and then
// for the result. Only the second time does the work, and only if the result will fit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "blob/blob.h"

namespace trent::provider {

inline void require_room(std::size_t buffer, std::size_t needed) {
  if (buffer < needed)
    throw Error(ErrorCode::Validation, "The output buffer has " + std::to_string(buffer) +
                                           " bytes, but " + std::to_string(needed) +
                                           " are needed.");
}

// What OpenSSL's own keys may take as optional, or the application forgot.
inline void require_given(const void* pointer, const char* what) {
  if (pointer == nullptr)
    throw Error(ErrorCode::Validation, std::string("The ") + what + " is a NULL pointer.",
                "Give a buffer and the variable with its size, or no buffer to ask for the size.");
}

inline ByteView input(const std::uint8_t* in, std::size_t size) {
  if (size != 0) require_given(in, "input");
  return {in, size};
}

inline void deliver(ByteView result, std::uint8_t* out, std::size_t* size, std::size_t buffer) {
  require_room(buffer, result.size());
  std::copy(result.begin(), result.end(), out);
  *size = result.size();
}

// Size of the ciphertext of a plaintext. Never 0, and an answer for lengths that Encrypt refuses
// too: it is Encrypt that shall refuse them, with the error of KMS.
inline std::size_t ciphertext_size(std::size_t plaintext, blob::Suite suite) {
  return blob::blob_size(std::clamp<std::size_t>(plaintext, 1, blob::kMaxPlaintext), suite);
}

// Size of the plaintext of a ciphertext, as its header has it; nullopt if it is none, which is for
// Decrypt to say.
inline std::optional<std::size_t> plaintext_size(ByteView ciphertext) {
  try {
    return blob::parse_blob(ciphertext).parameters.plaintext_length;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace trent::provider
