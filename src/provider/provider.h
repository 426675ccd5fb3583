// SPDX-License-Identifier: Apache-2.0
// One loaded instance of the provider, and the function tables it publishes.
#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include <array>
#include <memory>
#include <mutex>

#include "base/thread_safety.h"
#include "kms/service.h"
#include "provider/core.h"

namespace trent::provider {

class Provider {
 public:
  explicit Provider(Core core) : core_(core) {}

  const Core& core() const { return core_; }

  // Reads the configuration at the first call, and again after a call that threw. The token is not
  // opened before an operation needs it.
  std::shared_ptr<kms::Service> service();

  // Done when the other providers have been asked for this operation's algorithms.
  std::once_flag& asked(int operation) { return asked_.at(static_cast<std::size_t>(operation)); }

 private:
  Core core_;
  std::array<std::once_flag, OSSL_OP__HIGHEST + 1> asked_;
  Mutex mutex_;
  std::shared_ptr<kms::Service> service_ GUARDED_BY(mutex_);
};

inline Provider& from_context(void* provctx) {
  return *static_cast<Provider*>(provctx);
}

// An entry of a dispatch table; Function is the type that OpenSSL declares for `id`, so that the
// compiler compares the signatures before the type is lost.
template <class Function>
OSSL_DISPATCH entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

inline constexpr const char* kProperties = "provider=trent";
// By which OpenSSL knows what more than one operation has.
inline constexpr const char* kRsaNames = "RSA:rsaEncryption:1.2.840.113549.1.1.1";
inline constexpr const char* kEd25519Names = "ED25519:1.3.101.112";

extern const OSSL_ALGORITHM keymgmt_algorithms[];
extern const OSSL_ALGORITHM decoder_algorithms[];
extern const OSSL_DISPATCH asym_cipher_functions[];
extern const OSSL_DISPATCH kem_functions[];
extern const OSSL_DISPATCH key_exchange_functions[];
extern const OSSL_DISPATCH mac_functions[];
extern const OSSL_DISPATCH signature_functions[];
extern const OSSL_DISPATCH store_functions[];
extern const OSSL_DISPATCH text_encoder_functions[];
extern const OSSL_DISPATCH uri_encoder_functions[];
extern const OSSL_DISPATCH public_key_encoder_functions[];

}  // namespace trent::provider
