// SPDX-License-Identifier: Apache-2.0
// Trent's own use of libcrypto, kept apart from the application's.
//
// Trent is a guest in processes whose default OSSL_LIB_CTX may lack the default provider, may
// prefer *us* for every algorithm, or may be half torn down. So everything that Trent hashes, and
// everything that the backend token (SoftHSM uses libcrypto too) does, runs in a private context.
#pragma once

#include <openssl/types.h>

#include <array>
#include <initializer_list>
#include <span>

#include "base/bytes.h"

namespace trent {

// Made at first use, has the default provider (and the legacy one where it can be found), and is
// never freed: the token's objects that were fetched in it are destroyed during exit.
OSSL_LIB_CTX* private_libctx();

// While it lives, the thread's default library context is the private one, and errors that are
// raised are taken off the caller's queue again when it ends. Do not call back into the
// application (callbacks, error raising) under it.
class OpensslGuard {
 public:
  OpensslGuard();
  ~OpensslGuard();
  OpensslGuard(const OpensslGuard&) = delete;
  OpensslGuard& operator=(const OpensslGuard&) = delete;

 private:
  OSSL_LIB_CTX* previous_;
};

using Sha256 = std::array<std::uint8_t, 32>;

// Hash of the concatenation of `parts`.
Sha256 sha256(std::initializer_list<ByteView> parts);

// HMAC-SHA-256. The result may be a key itself.
SecretBytes hmac_sha256(ByteView key, ByteView message);

// From the private context's DRBG.
void fill_random(std::span<std::uint8_t> out);

}  // namespace trent
