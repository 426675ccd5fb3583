// For tests of the KMS operations: checks of KMS's exact words, and short ways to ask for things.
#pragma once

#include <string>
#include <utility>

#include "check.h"
#include "kms/implementation.h"
#include "kms/service.h"
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

inline SecretBytes secret(std::string_view text) {
  ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
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

// A new key's id.
inline std::string create_key(kms::Service& kms, const std::string& description = {}) {
  kms::CreateKeyRequest request;
  request.description = description;
  return kms.create_key(request).key_metadata.key_id;
}

inline Bytes encrypt(kms::Service& kms, const std::string& key_id, const SecretBytes& plaintext,
                     kms::EncryptionContext context = {}) {
  kms::EncryptRequest request;
  request.key_id = key_id;
  request.plaintext = plaintext;
  request.encryption_context = std::move(context);
  return kms.encrypt(request).ciphertext_blob;
}

inline SecretBytes decrypt(kms::Service& kms, const Bytes& blob,
                           kms::EncryptionContext context = {}, const std::string& key_id = {}) {
  kms::DecryptRequest request;
  request.ciphertext_blob = blob;
  request.encryption_context = std::move(context);
  request.key_id = key_id;
  return kms.decrypt(request).plaintext;
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
