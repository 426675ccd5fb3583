// SPDX-License-Identifier: Apache-2.0
// Checks of KMS's exact words, and the names that are in them.
#pragma once

#include <string>
#include <utility>

#include "check.h"
#include "kms.h"
#include "softhsm.h"

namespace trent::test {

// What the call throws.
template <class F>
Error error_of(F&& call, const char* what, const char* file, int line) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  fail_at(file, line, std::string(what) + " went through");
}

template <class F>
void check_words(F&& call, ErrorCode code, const std::string& message, const char* what,
                 const char* file, int line) {
  Error error = error_of(call, what, file, line);
  if (error.code() != code || error.message() != message)
    fail_at(file, line,
            std::string(what) + " threw " + error.name() + " \"" + error.message() +
                "\", expected " + error_name(code) + " \"" + message + "\"");
}

// A secret of this length, different for each seed, that ends with a zero byte where it can: the
// byte that a sloppy removal of padding would take along.
inline SecretBytes secret_of(std::size_t length, unsigned seed = 1) {
  SecretBytes out(length);
  for (std::size_t i = 0; i < length; ++i) out[i] = static_cast<std::uint8_t>(seed * 31 + i * 7);
  if (length > 1) out[length - 1] = 0;
  return out;
}

inline std::string key_arn(const std::string& id) {
  return std::string("arn:aws:kms:") + kRegion + ":" + kAccount + ":key/" + id;
}
inline std::string alias_arn(const std::string& name) {
  return std::string("arn:aws:kms:") + kRegion + ":" + kAccount + ":" + name;
}

inline Bytes encrypt(Service& kms, const std::string& key_id, const SecretBytes& plaintext,
                     const kms::EncryptionContext& context = {}) {
  return encrypt(kms, key_id, text_of(plaintext), context);
}

inline kms::ReEncryptRequest move_to(const std::string& key_id, const Bytes& blob) {
  kms::ReEncryptRequest request;
  request.ciphertext_blob = blob;
  request.destination_key_id = key_id;
  return request;
}

}  // namespace trent::test

// CHECK_WORDS(NotFound, "Key '...' does not exist", f(x)): the code, and exactly this message.
#define CHECK_WORDS(error_code, message, ...)                                                     \
  trent::test::check_words([&] { static_cast<void>(__VA_ARGS__); }, trent::ErrorCode::error_code, \
                           (message), #__VA_ARGS__, __FILE__, __LINE__)
#define ERROR_OF(...) \
  trent::test::error_of([&] { static_cast<void>(__VA_ARGS__); }, #__VA_ARGS__, __FILE__, __LINE__)
