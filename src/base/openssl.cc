// SPDX-License-Identifier: Apache-2.0
// Hashes, random numbers and the private OpenSSL context in which the backend runs.
#include "base/openssl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/error.h"

namespace trent {

namespace {

struct PrivateContext {
  OSSL_LIB_CTX* libctx = nullptr;
  EVP_MD* sha256 = nullptr;

  PrivateContext() {
    ERR_set_mark();
    libctx = OSSL_LIB_CTX_new();
    if (libctx != nullptr && OSSL_PROVIDER_load(libctx, "default") != nullptr) {
      // SoftHSM needs it for single DES only; its absence is no fault.
      OSSL_PROVIDER_try_load(libctx, "legacy", 1);
      sha256 = EVP_MD_fetch(libctx, "SHA2-256", nullptr);
    }
    ERR_pop_to_mark();
  }
};

const PrivateContext& private_context() {
  static const PrivateContext context;
  if (context.sha256 == nullptr)
    throw Error(ErrorCode::KMSInternal, "OpenSSL's default provider could not be loaded.",
                "Check the OpenSSL installation.");
  return context;
}

}  // namespace

OSSL_LIB_CTX* private_libctx() {
  return private_context().libctx;
}

OpensslGuard::OpensslGuard() : previous_(nullptr) {
  OSSL_LIB_CTX* context = private_libctx();
  ERR_set_mark();
  previous_ = OSSL_LIB_CTX_set0_default(context);
}

OpensslGuard::~OpensslGuard() {
  OSSL_LIB_CTX_set0_default(previous_);
  ERR_pop_to_mark();
}

Sha256 sha256(std::initializer_list<ByteView> parts) {
  struct Free {
    void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> ctx(EVP_MD_CTX_new());
  Sha256 out;
  bool ok = ctx && EVP_DigestInit_ex2(ctx.get(), private_context().sha256, nullptr) == 1;
  for (ByteView part : parts) ok = ok && EVP_DigestUpdate(ctx.get(), part.data(), part.size()) == 1;
  if (!ok || EVP_DigestFinal_ex(ctx.get(), out.data(), nullptr) != 1)
    throw Error(ErrorCode::KMSInternal, "SHA-256 failed.", "Check the OpenSSL installation.");
  return out;
}

// RFC 2104. EVP_MAC looks its hash up in every initialisation, which takes three times as long as
// all the hashing.
SecretBytes hmac_sha256(ByteView key, ByteView message) {
  constexpr std::size_t kBlock = 64;
  SecretBytes block(kBlock);
  if (key.size() > kBlock)
    std::ranges::copy(sha256({key}), block.begin());
  else
    std::ranges::copy(key, block.begin());
  for (std::uint8_t& byte : block) byte ^= 0x36;
  Sha256 hash = sha256({block, message});
  for (std::uint8_t& byte : block) byte ^= 0x36 ^ 0x5c;
  hash = sha256({block, hash});
  SecretBytes out(hash.begin(), hash.end());
  OPENSSL_cleanse(hash.data(), hash.size());
  return out;
}

void fill_random(std::span<std::uint8_t> out) {
  OpensslGuard guard;
  if (RAND_bytes_ex(private_libctx(), out.data(), out.size(), 0) != 1)
    throw Error(ErrorCode::KMSInternal, "The random generator failed.",
                "Check the OpenSSL installation.");
}

}  // namespace trent
