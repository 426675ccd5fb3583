// SPDX-License-Identifier: Apache-2.0
// GenerateDataKey and Decrypt as OpenSSL's key encapsulation of the type KMS:
// EVP_PKEY_encapsulate() gives a new data key of 32 bytes and its ciphertext,
// EVP_PKEY_decapsulate() the data key again.
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <string_view>

#include "provider/buffers.h"
#include "provider/errors.h"
#include "provider/key.h"
#include "provider/params.h"
#include "provider/provider.h"

namespace trent::provider {

namespace {

constexpr std::size_t kSecretSize = 32;

struct Kem {
  const Core* core;
  std::shared_ptr<kms::Service> service{};
  kms::GenerateDataKeyRequest generate{};
  kms::DecryptRequest decrypt{};
  Given given{};
  blob::Suite suite = blob::Suite::Direct;
};

Kem& as_kem(void* ctx) {
  return *static_cast<Kem*>(ctx);
}

void* newctx(void* provctx) {
  const Core& core = from_context(provctx).core();
  return make<Kem>(core, "EVP_PKEY_CTX", &core);
}

void freectx(void* ctx) {
  delete static_cast<Kem*>(ctx);
}

void* dupctx(void* ctx) {
  const Kem& kem = as_kem(ctx);
  return make<Kem>(*kem.core, "EVP_PKEY_CTX_dup", kem);
}

const OSSL_PARAM* settable_ctx_params(void*, void*) {
  static const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(kEncryptionContext, nullptr, 0),
                                      OSSL_PARAM_utf8_string(kGrantTokens, nullptr, 0),
                                      OSSL_PARAM_utf8_string(kDryRun, nullptr, 0), OSSL_PARAM_END};
  return params;
}

void set_param(Kem& kem, const OSSL_PARAM& param) {
  const std::string_view name = param.key;
  kem.given.add(param);
  if (name != kEncryptionContext && name != kGrantTokens && name != kDryRun) throw_unknown(param);
  read_member(param, kem.generate);
  read_member(param, kem.decrypt);
}

int set_ctx_params(void* ctx, const OSSL_PARAM params[]) {
  if (params == nullptr) return 1;
  Kem& kem = as_kem(ctx);
  return guarded(*kem.core, "EVP_PKEY_CTX_set_params", [&] {
    Kem changed = kem;  // by all of them, or by none
    for (; params->key != nullptr; ++params) set_param(changed, *params);
    kem = std::move(changed);
  });
}

int encapsulate_init(void* ctx, void* keydata, const OSSL_PARAM params[]) {
  Kem& kem = as_kem(ctx);
  const Key& key = *static_cast<const Key*>(keydata);
  return guarded(*kem.core, "EVP_PKEY_encapsulate_init",
                 [&] {
                   kem = Kem{kem.core, key.service};
                   kem.generate.key_id = key.id;
                   kem.generate.number_of_bytes = kSecretSize;
                   kem.suite = key.suite;
                 }) == 1 &&
         set_ctx_params(ctx, params) == 1;
}

int decapsulate_init(void* ctx, void* keydata, const OSSL_PARAM params[]) {
  Kem& kem = as_kem(ctx);
  const Key& key = *static_cast<const Key*>(keydata);
  return guarded(*kem.core, "EVP_PKEY_decapsulate_init",
                 [&] {
                   require_private(key, "decrypt");
                   kem = Kem{kem.core, key.service};
                   kem.decrypt.key_id = key.id;
                 }) == 1 &&
         set_ctx_params(ctx, params) == 1;
}

int encapsulate(void* ctx, unsigned char* out, std::size_t* out_size, unsigned char* secret,
                std::size_t* secret_size) {
  Kem& kem = as_kem(ctx);
  return guarded(*kem.core, "GenerateDataKey", [&] {
    const std::size_t needed = ciphertext_size(kSecretSize, kem.suite);
    if (out == nullptr) {
      // One of the sizes will do.
      if (out_size == nullptr) require_given(secret_size, "size of the output");
      if (out_size != nullptr) *out_size = needed;
      if (secret_size != nullptr) *secret_size = kSecretSize;
      return;
    }
    kem.given.clear();
    require_given(out_size, "size of the output");
    require_given(secret, "buffer for the secret");
    require_given(secret_size, "size of the secret");
    const std::size_t room = *out_size;
    const std::size_t secret_room = *secret_size;
    require_room(room, needed);
    require_room(secret_room, kSecretSize);
    const kms::GenerateDataKeyResponse response = kem.service->call(kem.generate);
    deliver(response.ciphertext_blob, out, out_size, room);
    deliver(response.plaintext, secret, secret_size, secret_room);
  });
}

int decapsulate(void* ctx, unsigned char* secret, std::size_t* secret_size, const unsigned char* in,
                std::size_t in_size) {
  Kem& kem = as_kem(ctx);
  return guarded(*kem.core, "Decrypt", [&] {
    if (secret != nullptr) kem.given.clear();
    require_given(secret_size, "size of the secret");
    const ByteView ciphertext = input(in, in_size);
    const std::optional<std::size_t> announced = plaintext_size(ciphertext);
    if (secret == nullptr) {
      *secret_size = announced.value_or(blob::kMaxPlaintext);
      return;
    }
    const std::size_t room = *secret_size;
    require_room(room, announced.value_or(0));
    kem.decrypt.ciphertext_blob.assign(ciphertext.begin(), ciphertext.end());
    const kms::DecryptResponse response = kem.service->call(kem.decrypt);
    deliver(response.plaintext, secret, secret_size, room);
  });
}

}  // namespace

const OSSL_DISPATCH kem_functions[] = {
    entry<OSSL_FUNC_kem_newctx_fn>(OSSL_FUNC_KEM_NEWCTX, newctx),
    entry<OSSL_FUNC_kem_freectx_fn>(OSSL_FUNC_KEM_FREECTX, freectx),
    entry<OSSL_FUNC_kem_dupctx_fn>(OSSL_FUNC_KEM_DUPCTX, dupctx),
    entry<OSSL_FUNC_kem_encapsulate_init_fn>(OSSL_FUNC_KEM_ENCAPSULATE_INIT, encapsulate_init),
    entry<OSSL_FUNC_kem_encapsulate_fn>(OSSL_FUNC_KEM_ENCAPSULATE, encapsulate),
    entry<OSSL_FUNC_kem_decapsulate_init_fn>(OSSL_FUNC_KEM_DECAPSULATE_INIT, decapsulate_init),
    entry<OSSL_FUNC_kem_decapsulate_fn>(OSSL_FUNC_KEM_DECAPSULATE, decapsulate),
    entry<OSSL_FUNC_kem_settable_ctx_params_fn>(OSSL_FUNC_KEM_SETTABLE_CTX_PARAMS,
                                                settable_ctx_params),
    entry<OSSL_FUNC_kem_set_ctx_params_fn>(OSSL_FUNC_KEM_SET_CTX_PARAMS, set_ctx_params),
    {0, nullptr}};

}  // namespace trent::provider
