// SPDX-License-Identifier: Apache-2.0
// Hashes, random numbers and the private OpenSSL context in which the backend runs.
#include "base/openssl.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include "base/error.h"

namespace trent {

namespace {

struct PrivateContext {
  OSSL_LIB_CTX* libctx = nullptr;
  EVP_MD* sha256 = nullptr;
  EVP_MAC* hmac = nullptr;

  PrivateContext() {
    ERR_set_mark();
    libctx = OSSL_LIB_CTX_new();
    if (libctx != nullptr && OSSL_PROVIDER_load(libctx, "default") != nullptr) {
      // SoftHSM needs it for single DES only; its absence is no fault.
      OSSL_PROVIDER_try_load(libctx, "legacy", 1);
      sha256 = EVP_MD_fetch(libctx, "SHA2-256", nullptr);
      hmac = EVP_MAC_fetch(libctx, "HMAC", nullptr);
    }
    ERR_pop_to_mark();
  }
};

const PrivateContext& private_context() {
  static const PrivateContext context;
  if (context.sha256 == nullptr || context.hmac == nullptr)
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

SecretBytes hmac_sha256(ByteView key, ByteView message) {
  struct Free {
    void operator()(EVP_MAC_CTX* c) const { EVP_MAC_CTX_free(c); }
  };
  std::unique_ptr<EVP_MAC_CTX, Free> ctx(EVP_MAC_CTX_new(private_context().hmac));
  char digest[] = "SHA2-256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  SecretBytes out(32);
  std::size_t size = 0;
  if (!ctx || EVP_MAC_init(ctx.get(), key.data(), key.size(), parameters) != 1 ||
      EVP_MAC_update(ctx.get(), message.data(), message.size()) != 1 ||
      EVP_MAC_final(ctx.get(), out.data(), &size, out.size()) != 1)
    throw Error(ErrorCode::KMSInternal, "HMAC failed.", "Check the OpenSSL installation.");
  return out;
}

void fill_random(std::span<std::uint8_t> out) {
  OpensslGuard guard;
  if (RAND_bytes_ex(private_libctx(), out.data(), out.size(), 0) != 1)
    throw Error(ErrorCode::KMSInternal, "The random generator failed.",
                "Check the OpenSSL installation.");
}

}  // namespace trent
