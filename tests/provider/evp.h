// SPDX-License-Identifier: Apache-2.0
// The application's side of the provider: OpenSSL's handles as values that clean up after
// themselves, and calls that throw what OpenSSL's error queue says.
#pragma once

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/store.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace trent::test {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Pkey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using PkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using StoreCtx = std::unique_ptr<OSSL_STORE_CTX, Deleter<OSSL_STORE_close>>;
using StoreInfo = std::unique_ptr<OSSL_STORE_INFO, Deleter<OSSL_STORE_INFO_free>>;
using LibCtx = std::unique_ptr<OSSL_LIB_CTX, Deleter<OSSL_LIB_CTX_free>>;
using LoadedProvider = std::unique_ptr<OSSL_PROVIDER, Deleter<OSSL_PROVIDER_unload>>;

// The last error, "<reason>: <data>", and the whole queue emptied.
struct OpensslError : std::runtime_error {
  OpensslError() : std::runtime_error(take()) {}

 private:
  static std::string take() {
    const char* data = nullptr;
    int flags = 0;
    const unsigned long code = ERR_peek_last_error_all(nullptr, nullptr, nullptr, &data, &flags);
    const char* reason = ERR_reason_error_string(code);
    std::string text = (reason != nullptr ? reason : "?") + std::string(": ") +
                       ((flags & ERR_TXT_STRING) != 0 ? data : "");
    ERR_clear_error();
    return text;
  }
};

inline void openssl_ok(int result) {
  if (result != 1) throw OpensslError();
}

inline LoadedProvider load_provider(OSSL_LIB_CTX* libctx, const char* name) {
  LoadedProvider provider(OSSL_PROVIDER_load(libctx, name));
  if (!provider) throw OpensslError();
  return provider;
}

// Where trent.so of the build that is being tested is.
inline std::string modules_directory() {
  const char* build = std::getenv("TRENT_BUILD");
  if (build == nullptr) throw std::runtime_error("TRENT_BUILD is not set");
  return std::string(build) + "/src";
}

// trent.so, and the default provider beside it.
struct Providers {
  explicit Providers(OSSL_LIB_CTX* libctx = nullptr) {
    openssl_ok(OSSL_PROVIDER_set_default_search_path(libctx, modules_directory().c_str()));
    standard = load_provider(libctx, "default");
    trent = load_provider(libctx, "trent");
  }
  LoadedProvider standard;
  LoadedProvider trent;
};

inline StoreCtx open_store(const std::string& uri, OSSL_LIB_CTX* libctx = nullptr) {
  StoreCtx store(OSSL_STORE_open_ex(uri.c_str(), libctx, nullptr, nullptr, nullptr, nullptr,
                                    nullptr, nullptr));
  if (!store) throw OpensslError();
  return store;
}

// `expect` is OSSL_STORE_INFO_PKEY or OSSL_STORE_INFO_PUBKEY.
inline Pkey load_key(const std::string& uri, OSSL_LIB_CTX* libctx = nullptr,
                     int expect = OSSL_STORE_INFO_PKEY) {
  const StoreCtx store = open_store(uri, libctx);
  openssl_ok(OSSL_STORE_expect(store.get(), expect));
  const StoreInfo info(OSSL_STORE_load(store.get()));
  if (!info) throw OpensslError();
  return Pkey(expect == OSSL_STORE_INFO_PKEY ? OSSL_STORE_INFO_get1_PKEY(info.get())
                                             : OSSL_STORE_INFO_get1_PUBKEY(info.get()));
}

inline PkeyCtx make_ctx(const Pkey& key, OSSL_LIB_CTX* libctx = nullptr) {
  PkeyCtx ctx(EVP_PKEY_CTX_new_from_pkey(libctx, key.get(), nullptr));
  if (!ctx) throw OpensslError();
  return ctx;
}

using Options = std::vector<std::pair<std::string, std::string>>;

inline void set_options(const PkeyCtx& ctx, const Options& options) {
  for (const auto& [name, value] : options)
    if (EVP_PKEY_CTX_ctrl_str(ctx.get(), name.c_str(), value.c_str()) != 1) throw OpensslError();
}

inline PkeyCtx encrypt_ctx(const Pkey& key, const Options& options = {},
                           OSSL_LIB_CTX* libctx = nullptr) {
  PkeyCtx ctx = make_ctx(key, libctx);
  openssl_ok(EVP_PKEY_encrypt_init(ctx.get()));
  set_options(ctx, options);
  return ctx;
}

inline PkeyCtx decrypt_ctx(const Pkey& key, const Options& options = {},
                           OSSL_LIB_CTX* libctx = nullptr) {
  PkeyCtx ctx = make_ctx(key, libctx);
  openssl_ok(EVP_PKEY_decrypt_init(ctx.get()));
  set_options(ctx, options);
  return ctx;
}

template <auto Operation>
Bytes run(const PkeyCtx& ctx, ByteView in) {
  std::size_t size = 0;
  openssl_ok(Operation(ctx.get(), nullptr, &size, in.data(), in.size()));
  Bytes out(size);
  openssl_ok(Operation(ctx.get(), out.data(), &size, in.data(), in.size()));
  out.resize(size);
  return out;
}

inline Bytes encrypt(const PkeyCtx& ctx, ByteView plaintext) {
  return run<EVP_PKEY_encrypt>(ctx, plaintext);
}

inline Bytes decrypt(const PkeyCtx& ctx, ByteView ciphertext) {
  return run<EVP_PKEY_decrypt>(ctx, ciphertext);
}

// A text parameter after an operation; empty if there is none.
inline std::string get_text(const PkeyCtx& ctx, const char* name) {
  char value[2049] = "";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(name, value, sizeof(value)),
                         OSSL_PARAM_construct_end()};
  openssl_ok(EVP_PKEY_CTX_get_params(ctx.get(), params));
  return value;
}

}  // namespace trent::test
