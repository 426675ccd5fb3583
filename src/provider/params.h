// Parameters of operations, as -pkeyopt and EVP_PKEY_CTX_set_params give them. All of these throw
// ValidationException for a value of the wrong type or form.
#pragma once

#include <openssl/core.h>

#include <string>
#include <vector>

#include "kms/requests.h"

namespace trent::provider {

inline constexpr const char* kEncryptionContext = "encryption-context";
inline constexpr const char* kGrantTokens = "grant-tokens";
inline constexpr const char* kDryRun = "dry-run";

std::string get_text(const OSSL_PARAM& param);
// 0 or 1, as a number or as text.
bool get_flag(const OSSL_PARAM& param);
// A JSON object of strings.
kms::EncryptionContext get_context(const OSSL_PARAM& param);
// Separated by commas.
std::vector<std::string> get_list(const OSSL_PARAM& param);

// For a parameter that the operation does not have.
[[noreturn]] void throw_unknown(const OSSL_PARAM& param);

// Answers `name` if it was asked for. False if the application's buffer is too small.
bool set_text(OSSL_PARAM* params, const char* name, const std::string& value);

}  // namespace trent::provider
