// SPDX-License-Identifier: Apache-2.0
// What OpenSSL's core lends to a provider, taken from its dispatch table.
#include "provider/core.h"

#include <openssl/crypto.h>
#include <openssl/params.h>

#include <array>
#include <cstdarg>

#include "base/error.h"

namespace trent::provider {

Core::Core(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* functions) : handle_(handle) {
  for (; functions->function_id != 0; ++functions) {
    switch (functions->function_id) {
      case OSSL_FUNC_CORE_GET_LIBCTX:
        get_libctx_ = OSSL_FUNC_core_get_libctx(functions);
        break;
      case OSSL_FUNC_CRYPTO_MALLOC:
        same_libcrypto_ = OSSL_FUNC_CRYPTO_malloc(functions) == CRYPTO_malloc;
        break;
      case OSSL_FUNC_CORE_GET_PARAMS:
        get_params_ = OSSL_FUNC_core_get_params(functions);
        break;
      case OSSL_FUNC_CORE_NEW_ERROR:
        new_error_ = OSSL_FUNC_core_new_error(functions);
        break;
      case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
        set_error_debug_ = OSSL_FUNC_core_set_error_debug(functions);
        break;
      case OSSL_FUNC_CORE_VSET_ERROR:
        vset_error_ = OSSL_FUNC_core_vset_error(functions);
        break;
      case OSSL_FUNC_CORE_SET_ERROR_MARK:
        set_error_mark_ = OSSL_FUNC_core_set_error_mark(functions);
        break;
      case OSSL_FUNC_CORE_CLEAR_LAST_ERROR_MARK:
        clear_last_error_mark_ = OSSL_FUNC_core_clear_last_error_mark(functions);
        break;
      case OSSL_FUNC_CORE_POP_ERROR_TO_MARK:
        pop_error_to_mark_ = OSSL_FUNC_core_pop_error_to_mark(functions);
        break;
      case OSSL_FUNC_BIO_READ_EX:
        bio_read_ex_ = OSSL_FUNC_BIO_read_ex(functions);
        break;
      case OSSL_FUNC_BIO_GETS:
        bio_gets_ = OSSL_FUNC_BIO_gets(functions);
        break;
      case OSSL_FUNC_BIO_WRITE_EX:
        bio_write_ex_ = OSSL_FUNC_BIO_write_ex(functions);
        break;
      default:
        break;
    }
  }
}

bool Core::complete() const {
  return get_params_ != nullptr && new_error_ != nullptr && set_error_debug_ != nullptr &&
         vset_error_ != nullptr && set_error_mark_ != nullptr &&
         clear_last_error_mark_ != nullptr && pop_error_to_mark_ != nullptr &&
         bio_read_ex_ != nullptr && bio_gets_ != nullptr && bio_write_ex_ != nullptr;
}

OSSL_LIB_CTX* Core::application() const {
  if (!same_libcrypto_ || get_libctx_ == nullptr) return nullptr;
  // To the same libcrypto, the two types are one, and NULL is the global context.
  auto* context = reinterpret_cast<OSSL_LIB_CTX*>(get_libctx_(handle_));
  return context != nullptr ? context : OSSL_LIB_CTX_get0_global_default();
}

std::string Core::setting(const char* name) const {
  char* value = nullptr;
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_ptr(name, &value, 0),
                         OSSL_PARAM_construct_end()};
  return get_params_(handle_, params) == 1 && value != nullptr ? value : std::string();
}

void Core::raise(std::uint32_t reason, const char* data, const char* function, const char* file,
                 int line) const {
  new_error_(handle_);
  set_error_debug_(handle_, file, line, function);
  // The core takes a va_list only.
  const auto set = [this](std::uint32_t code, const char* format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    vset_error_(handle_, code, format, arguments);
    va_end(arguments);
  };
  set(reason, "%s", data);
}

std::string Core::read_line(OSSL_CORE_BIO* in) const {
  std::array<char, 1024> line{};
  const int size = bio_gets_(in, line.data(), static_cast<int>(line.size()));
  return size > 0 ? std::string(line.data(), static_cast<std::size_t>(size)) : std::string();
}

Bytes Core::read_all(OSSL_CORE_BIO* in, std::size_t limit) const {
  Bytes all(limit);
  std::size_t size = 0;
  std::size_t read = 0;
  while (size < limit && bio_read_ex_(in, all.data() + size, limit - size, &read) == 1 && read != 0)
    size += read;
  all.resize(size);
  return all;
}

void Core::write(OSSL_CORE_BIO* out, std::string_view text) const {
  std::size_t written = 0;
  if (bio_write_ex_(out, text.data(), text.size(), &written) != 1 || written != text.size())
    throw Error(ErrorCode::KMSInternal, "The output could not be written.",
                "Look at the disk and at the other end of the pipe.");
}

}  // namespace trent::provider
