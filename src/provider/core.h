// SPDX-License-Identifier: Apache-2.0
// What OpenSSL's core lends to a provider. Errors, output and settings go through these functions
// and not through our own libcrypto: the application may be linked with another copy of it.
#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace trent::provider {

class Core {
 public:
  // `functions` is the table that OpenSSL hands to OSSL_provider_init.
  Core(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* functions);

  // False if this OpenSSL lacks a function that we cannot do without.
  bool complete() const;

  // The application's library context. Null if it has another copy of libcrypto than we.
  OSSL_LIB_CTX* application() const;

  // A setting of our section in openssl.cnf; empty if it is not there.
  std::string setting(const char* name) const;

  // Puts one error on the caller's queue.
  void raise(std::uint32_t reason, const char* data, const char* function, const char* file,
             int line) const;
  void set_error_mark() const { set_error_mark_(handle_); }
  // Drops the errors since the mark.
  void pop_errors_to_mark() const { pop_error_to_mark_(handle_); }
  // Keeps them.
  void clear_error_mark() const { clear_last_error_mark_(handle_); }

  // The next line, with its line feed; empty at the end. A longer one than 1 KiB comes in parts.
  std::string read_line(OSSL_CORE_BIO* in) const;
  // Up to the end, but not more than `limit` bytes.
  Bytes read_all(OSSL_CORE_BIO* in, std::size_t limit) const;
  // Throws if not all of `text` could be written.
  void write(OSSL_CORE_BIO* out, std::string_view text) const;

 private:
  const OSSL_CORE_HANDLE* handle_;
  OSSL_FUNC_core_get_libctx_fn* get_libctx_ = nullptr;
  bool same_libcrypto_ = false;
  OSSL_FUNC_core_get_params_fn* get_params_ = nullptr;
  OSSL_FUNC_core_new_error_fn* new_error_ = nullptr;
  OSSL_FUNC_core_set_error_debug_fn* set_error_debug_ = nullptr;
  OSSL_FUNC_core_vset_error_fn* vset_error_ = nullptr;
  OSSL_FUNC_core_set_error_mark_fn* set_error_mark_ = nullptr;
  OSSL_FUNC_core_clear_last_error_mark_fn* clear_last_error_mark_ = nullptr;
  OSSL_FUNC_core_pop_error_to_mark_fn* pop_error_to_mark_ = nullptr;
  OSSL_FUNC_BIO_read_ex_fn* bio_read_ex_ = nullptr;
  OSSL_FUNC_BIO_gets_fn* bio_gets_ = nullptr;
  OSSL_FUNC_BIO_write_ex_fn* bio_write_ex_ = nullptr;
};

}  // namespace trent::provider
