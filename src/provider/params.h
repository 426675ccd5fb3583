// SPDX-License-Identifier: Apache-2.0
// Parameters of operations, as -pkeyopt and EVP_PKEY_CTX_set_params give them, in every form that
// OSSL_PARAM has. A value either takes effect as it is, or is a ValidationException that names the
// parameter; none is dropped in silence, for it may be what a ciphertext is bound to.
#pragma once

#include <openssl/core.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kms/requests.h"

namespace trent::provider {

inline constexpr const char* kEncryptionContext = "encryption-context";
inline constexpr const char* kGrantTokens = "grant-tokens";
inline constexpr const char* kDryRun = "dry-run";
inline constexpr const char* kKeyArn = "key-arn";

// May be empty: what that means is the caller's to say.
std::string get_text(const OSSL_PARAM& param);
// An integer of any width, not negative.
std::uint64_t get_number(const OSSL_PARAM& param);
// 0 or 1, as a number or as text.
bool get_flag(const OSSL_PARAM& param);

// Reads the member of a request that has the parameter's name ("source-key-id" is SourceKeyId), and
// checks it in KMS's words before the operation begins. A list is separated by commas; an
// encryption context is a JSON object of strings, or NAME=VALUE,NAME=VALUE.
void read_member(const OSSL_PARAM& param, kms::model::Fields fields, void* request);
template <class Request>
void read_member(const OSSL_PARAM& param, Request& request) {
  read_member(param, Request::fields(), &request);
}

// For a parameter that the operation does not have.
[[noreturn]] void throw_unknown(const OSSL_PARAM& param);

// The parameters that are set for the next operation. A second value would drop the first, and
// -pkeyopt twice looks as if both counted.
class Given {
 public:
  void add(const OSSL_PARAM& param);
  // An operation was tried: the next one may have other values.
  void clear() { names_.clear(); }

 private:
  std::vector<std::string> names_;
};

// Answer `name` if it was asked for. Throw if the application's buffer is too small or of another
// type.
void set_text(OSSL_PARAM* params, const char* name, const std::string& value);
void set_pointer(OSSL_PARAM* params, const char* name, const char* value);
void set_number(OSSL_PARAM* params, const char* name, int value);

}  // namespace trent::provider
