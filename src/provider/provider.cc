// SPDX-License-Identifier: Apache-2.0
// Entry point of the OpenSSL provider: what it offers, and what it says of itself.
//
// Nothing that SoftHSM or another backend could fetch is on offer (digests, ciphers, random
// numbers), so that a token's own use of libcrypto never comes back to us.
#include "provider/provider.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "provider/errors.h"
#include "provider/key.h"
#include "provider/params.h"
#include "provider/pin_prompt.h"

namespace trent::provider {

std::shared_ptr<kms::Service> Provider::service() {
  const Lock lock(mutex_);
  if (!service_)
    service_ = std::make_shared<kms::Service>(load_config(core_.setting("trent-conf")), ask_pin);
  return service_;
}

namespace {

constexpr const char* kProperties = "provider=trent";

const OSSL_ALGORITHM keymgmt_algorithms[] = {
    {kKeyType, kProperties, keymgmt_functions, "KMS key in a token"},
    {nullptr, nullptr, nullptr, nullptr}};
const OSSL_ALGORITHM asym_cipher_algorithms[] = {
    {kKeyType, kProperties, asym_cipher_functions, "KMS Encrypt, Decrypt and ReEncrypt"},
    {nullptr, nullptr, nullptr, nullptr}};
const OSSL_ALGORITHM kem_algorithms[] = {
    {kKeyType, kProperties, kem_functions, "KMS GenerateDataKey and Decrypt"},
    {nullptr, nullptr, nullptr, nullptr}};
const OSSL_ALGORITHM store_algorithms[] = {
    {"kms", kProperties, store_functions, "KMS keys by id, ARN or alias"},
    {nullptr, nullptr, nullptr, nullptr}};
const OSSL_ALGORITHM encoder_algorithms[] = {
    {kKeyType, "provider=trent,output=text", text_encoder_functions, "KMS key metadata"},
    {kKeyType, "provider=trent,output=pem,structure=PrivateKeyInfo", line_encoder_functions,
     "KMS key metadata in one line"},
    {kKeyType, "provider=trent,output=pem,structure=SubjectPublicKeyInfo",
     public_key_encoder_functions, "Refuses"},
    {kKeyType, "provider=trent,output=der,structure=SubjectPublicKeyInfo",
     public_key_encoder_functions, "Refuses"},
    {nullptr, nullptr, nullptr, nullptr}};

const OSSL_ALGORITHM* query_operation(void*, int operation, int* no_cache) {
  *no_cache = 0;
  switch (operation) {
    case OSSL_OP_KEYMGMT:
      return keymgmt_algorithms;
    case OSSL_OP_ASYM_CIPHER:
      return asym_cipher_algorithms;
    case OSSL_OP_KEM:
      return kem_algorithms;
    case OSSL_OP_STORE:
      return store_algorithms;
    case OSSL_OP_ENCODER:
      return encoder_algorithms;
    default:
      return nullptr;
  }
}

const OSSL_PARAM* gettable_params(void*) {
  static const OSSL_PARAM params[] = {OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, nullptr, 0),
                                      OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, nullptr, 0),
                                      OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, nullptr, 0),
                                      OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, nullptr),
                                      OSSL_PARAM_END};
  return params;
}

int get_params(void* provctx, OSSL_PARAM params[]) {
  return guarded(from_context(provctx).core(), "OSSL_PROVIDER_get_params", [&] {
    set_pointer(params, OSSL_PROV_PARAM_NAME, "Trent");
    set_pointer(params, OSSL_PROV_PARAM_VERSION, TRENT_VERSION);
    set_pointer(params, OSSL_PROV_PARAM_BUILDINFO, TRENT_VERSION);
    set_number(params, OSSL_PROV_PARAM_STATUS, 1);
  });
}

const OSSL_ITEM* get_reason_strings(void*) {
  return reason_strings();
}

void teardown(void* provctx) {
  delete static_cast<Provider*>(provctx);
}

const OSSL_DISPATCH provider_functions[] = {
    entry<OSSL_FUNC_provider_teardown_fn>(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
    entry<OSSL_FUNC_provider_gettable_params_fn>(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS,
                                                 gettable_params),
    entry<OSSL_FUNC_provider_get_params_fn>(OSSL_FUNC_PROVIDER_GET_PARAMS, get_params),
    entry<OSSL_FUNC_provider_query_operation_fn>(OSSL_FUNC_PROVIDER_QUERY_OPERATION,
                                                 query_operation),
    entry<OSSL_FUNC_provider_get_reason_strings_fn>(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS,
                                                    get_reason_strings),
    {0, nullptr}};

}  // namespace

}  // namespace trent::provider

extern "C" __attribute__((visibility("default"))) int OSSL_provider_init(
    const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
    void** provctx) {
  using namespace trent::provider;
  const Core core(handle, in);
  if (!core.complete()) return 0;
  return guarded(core, "OSSL_provider_init", [&] {
    *provctx = std::make_unique<Provider>(core).release();
    *out = provider_functions;
  });
}
