// SPDX-License-Identifier: Apache-2.0
// GenerateMac as OpenSSL's MAC KMS-HMAC: `openssl mac -macopt key-id:alias/NAME KMS-HMAC`,
// EVP_MAC_init(). HMAC keys of the type KMS can also sign and verify (see signature.cc).
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <string_view>

#include "provider/buffers.h"
#include "provider/errors.h"
#include "provider/key.h"
#include "provider/params.h"
#include "provider/provider.h"
#include "provider/signature_algorithm.h"

namespace trent::provider {

namespace {

constexpr const char* kKeyId = "key-id";

struct Mac {
  Provider& provider;
  Key key{&provider.core()};
  kms::GenerateMacRequest request{};

  const Core& core() const { return provider.core(); }
};

Mac& as_mac(void* ctx) {
  return *static_cast<Mac*>(ctx);
}

void* newctx(void* provctx) {
  Provider& provider = from_context(provctx);
  return make<Mac>(provider.core(), "EVP_MAC_CTX", provider);
}

void* dupctx(void* ctx) {
  const Mac& mac = as_mac(ctx);
  return make<Mac>(mac.core(), "EVP_MAC_CTX_dup", mac);
}

void freectx(void* ctx) {
  delete static_cast<Mac*>(ctx);
}

const OSSL_PARAM* settable_ctx_params(void*, void*) {
  static const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(kKeyId, nullptr, 0),
                                      OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, nullptr, 0),
                                      OSSL_PARAM_utf8_string(kGrantTokens, nullptr, 0),
                                      OSSL_PARAM_utf8_string(kDryRun, nullptr, 0), OSSL_PARAM_END};
  return params;
}

void name_key(Mac& mac, const std::string& id) {
  mac.key = describe_key(mac.core(), mac.provider.service(), id, true);
  if (mac.key.spec->mac.empty())
    throw Error(ErrorCode::UnsupportedOperation,
                "The key is of spec " + std::string(wire_name(mac.key.spec->spec)) + ".",
                "Name an HMAC key: its usage is GENERATE_VERIFY_MAC.");
  mac.request.key_id = id;
  mac.request.mac_algorithm = kms_algorithm(mac.key, {});
}

void set_param(Mac& mac, const OSSL_PARAM& param) {
  const std::string_view name = param.key;
  if (name == kKeyId)
    name_key(mac, get_text(param));
  else if (name == OSSL_MAC_PARAM_DIGEST && mac.key.spec != nullptr)
    mac.request.mac_algorithm = kms_algorithm(mac.key, {.hash = hash_of(mac.key, param)});
  else if (name == kGrantTokens || name == kDryRun)
    read_member(param, mac.request);
  else
    throw_unknown(param);
}

int set_ctx_params(void* ctx, const OSSL_PARAM params[]) {
  if (params == nullptr) return 1;
  Mac& mac = as_mac(ctx);
  return guarded(mac.core(), "EVP_MAC_CTX_set_params", [&] {
    for (; params->key != nullptr; ++params) set_param(mac, *params);
  });
}

int init(void* ctx, const unsigned char* key, std::size_t, const OSSL_PARAM params[]) {
  Mac& mac = as_mac(ctx);
  return guarded(mac.core(), "EVP_MAC_init",
                 [&] {
                   if (key != nullptr)
                     throw Error(ErrorCode::Validation, "A KMS key has no bytes to give.",
                                 "Name it with the parameter key-id.");
                   mac.request.message.clear();
                 }) == 1 &&
         set_ctx_params(ctx, params) == 1;
}

int update(void* ctx, const unsigned char* data, std::size_t size) {
  Mac& mac = as_mac(ctx);
  return guarded(mac.core(), "EVP_MAC_update", [&] {
    const ByteView part = input(data, size);
    require_message_fits(mac.request.message.size(), part.size());
    mac.request.message.insert(mac.request.message.end(), part.begin(), part.end());
  });
}

std::size_t size_of(const Mac& mac) {
  if (mac.key.spec == nullptr)
    throw Error(ErrorCode::Validation, "No key was named.",
                "Name an HMAC key with the parameter key-id: -macopt key-id:alias/NAME.");
  return mac.key.spec->secret_key->length;
}

int final(void* ctx, unsigned char* out, std::size_t* size, std::size_t buffer) {
  Mac& mac = as_mac(ctx);
  return guarded(mac.core(), "GenerateMac", [&] {
    require_given(size, "size of the output");
    const std::size_t needed = size_of(mac);
    if (out == nullptr) {
      *size = needed;
      return;
    }
    require_room(buffer, needed);
    deliver(mac.provider.service()->call(mac.request).mac, out, size, buffer);
  });
}

const OSSL_PARAM* gettable_ctx_params(void*, void*) {
  static const OSSL_PARAM params[] = {OSSL_PARAM_size_t(OSSL_MAC_PARAM_SIZE, nullptr),
                                      OSSL_PARAM_END};
  return params;
}

int get_ctx_params(void* ctx, OSSL_PARAM params[]) {
  const Mac& mac = as_mac(ctx);
  return guarded(mac.core(), "EVP_MAC_CTX_get_params", [&] {
    OSSL_PARAM* size = OSSL_PARAM_locate(params, OSSL_MAC_PARAM_SIZE);
    if (size != nullptr && OSSL_PARAM_set_size_t(size, size_of(mac)) != 1)
      throw Error(ErrorCode::Validation, "The size needs a buffer for an integer.");
  });
}

}  // namespace

const OSSL_DISPATCH mac_functions[] = {
    entry<OSSL_FUNC_mac_newctx_fn>(OSSL_FUNC_MAC_NEWCTX, newctx),
    entry<OSSL_FUNC_mac_dupctx_fn>(OSSL_FUNC_MAC_DUPCTX, dupctx),
    entry<OSSL_FUNC_mac_freectx_fn>(OSSL_FUNC_MAC_FREECTX, freectx),
    entry<OSSL_FUNC_mac_init_fn>(OSSL_FUNC_MAC_INIT, init),
    entry<OSSL_FUNC_mac_update_fn>(OSSL_FUNC_MAC_UPDATE, update),
    entry<OSSL_FUNC_mac_final_fn>(OSSL_FUNC_MAC_FINAL, final),
    entry<OSSL_FUNC_mac_gettable_ctx_params_fn>(OSSL_FUNC_MAC_GETTABLE_CTX_PARAMS,
                                                gettable_ctx_params),
    entry<OSSL_FUNC_mac_get_ctx_params_fn>(OSSL_FUNC_MAC_GET_CTX_PARAMS, get_ctx_params),
    entry<OSSL_FUNC_mac_settable_ctx_params_fn>(OSSL_FUNC_MAC_SETTABLE_CTX_PARAMS,
                                                settable_ctx_params),
    entry<OSSL_FUNC_mac_set_ctx_params_fn>(OSSL_FUNC_MAC_SET_CTX_PARAMS, set_ctx_params),
    {0, nullptr}};

}  // namespace trent::provider
