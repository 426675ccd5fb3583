// SPDX-License-Identifier: Apache-2.0
// Entry point of the OpenSSL provider: what it offers, and what it says of itself.
//
// Nothing that SoftHSM or another backend could fetch is on offer (digests, ciphers, random
// numbers), so that a token's own use of libcrypto never comes back to us.
#include "provider/provider.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
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

constexpr OSSL_ALGORITHM kEnd{nullptr, nullptr, nullptr, nullptr};

const OSSL_ALGORITHM cipher_algorithms[] = {
    {kKmsType, kProperties, asym_cipher_functions, "KMS Encrypt, Decrypt and ReEncrypt"},
    {kRsaNames, kProperties, asym_cipher_functions,
     "KMS Encrypt, Decrypt and ReEncrypt, RSAES-OAEP"},
    kEnd};
const OSSL_ALGORITHM signature_algorithms[] = {
    {kKmsType, kProperties, signature_functions, "KMS GenerateMac and VerifyMac"},
    {kRsaNames, kProperties, signature_functions,
     "KMS Sign and Verify, RSASSA-PKCS1-v1_5 and RSASSA-PSS"},
    {"ECDSA", kProperties, signature_functions, "KMS Sign and Verify, ECDSA"},
    {kEd25519Names, kProperties, signature_functions, "KMS Sign and Verify, Ed25519"},
    kEnd};
const OSSL_ALGORITHM key_exchange_algorithms[] = {
    {"ECDH", kProperties, key_exchange_functions, "KMS DeriveSharedSecret"}, kEnd};
const OSSL_ALGORITHM mac_algorithms[] = {
    {"KMS-HMAC", kProperties, mac_functions, "KMS GenerateMac"}, kEnd};
const OSSL_ALGORITHM kem_algorithms[] = {
    {kKmsType, kProperties, kem_functions, "KMS GenerateDataKey and Decrypt"}, kEnd};
const OSSL_ALGORITHM store_algorithms[] = {
    {"kms", kProperties, store_functions, "KMS keys by id, ARN or alias"}, kEnd};
const OSSL_ALGORITHM encoder_algorithms[] = {
    {kKmsType, "provider=trent,output=text", text_encoder_functions, "KMS key metadata"},
    {kRsaType, "provider=trent,output=text", text_encoder_functions, "KMS key metadata"},
    {kEcType, "provider=trent,output=text", text_encoder_functions, "KMS key metadata"},
    {kEd25519Type, "provider=trent,output=text", text_encoder_functions, "KMS key metadata"},
    {kKmsType, "provider=trent,output=pem,structure=PrivateKeyInfo", uri_encoder_functions,
     "KMS KEY URI"},
    {kRsaType, "provider=trent,output=pem,structure=PrivateKeyInfo", uri_encoder_functions,
     "KMS KEY URI"},
    {kEcType, "provider=trent,output=pem,structure=PrivateKeyInfo", uri_encoder_functions,
     "KMS KEY URI"},
    {kEd25519Type, "provider=trent,output=pem,structure=PrivateKeyInfo", uri_encoder_functions,
     "KMS KEY URI"},
    {kKmsType, "provider=trent,output=pem,structure=SubjectPublicKeyInfo",
     public_key_encoder_functions, "Refuses"},
    {kKmsType, "provider=trent,output=der,structure=SubjectPublicKeyInfo",
     public_key_encoder_functions, "Refuses"},
    kEnd};

// While this thread has OpenSSL ask the other providers.
thread_local bool others_are_asked = false;

// OpenSSL takes an algorithm from the provider that it heard of first. If that were this one, all
// RSA and EC keys of the application would come here: those that it makes for one connection, those
// that it has read from files. So the others are heard of before, in whatever order they were
// loaded. For a key that is in this provider, OpenSSL looks here in any case.
template <auto Fetch, auto Free>
void ask_others(OSSL_LIB_CTX* application) {
  others_are_asked = true;
  Free(Fetch(application, "RSA", "provider!=trent"));  // which one does not matter
  others_are_asked = false;
}

void ask_others_first(Provider& provider, int operation) {
  const auto once = [&](void (*ask)(OSSL_LIB_CTX*)) {
    OSSL_LIB_CTX* application = provider.core().application();
    if (application == nullptr) return;
    std::call_once(provider.asked(operation), [&] {
      provider.core().set_error_mark();
      ask(application);
      provider.core().pop_errors_to_mark();
    });
  };
  switch (operation) {
    case OSSL_OP_KEYMGMT:
      return once(ask_others<EVP_KEYMGMT_fetch, EVP_KEYMGMT_free>);
    case OSSL_OP_SIGNATURE:
      return once(ask_others<EVP_SIGNATURE_fetch, EVP_SIGNATURE_free>);
    case OSSL_OP_ASYM_CIPHER:
      return once(ask_others<EVP_ASYM_CIPHER_fetch, EVP_ASYM_CIPHER_free>);
    case OSSL_OP_KEYEXCH:
      return once(ask_others<EVP_KEYEXCH_fetch, EVP_KEYEXCH_free>);
    default:
      return;
  }
}

const OSSL_ALGORITHM* query_operation(void* provctx, int operation, int* no_cache) {
  *no_cache = others_are_asked;
  if (others_are_asked) return nullptr;
  ask_others_first(from_context(provctx), operation);
  switch (operation) {
    case OSSL_OP_KEYMGMT:
      return keymgmt_algorithms;
    case OSSL_OP_ASYM_CIPHER:
      return cipher_algorithms;
    case OSSL_OP_SIGNATURE:
      return signature_algorithms;
    case OSSL_OP_KEYEXCH:
      return key_exchange_algorithms;
    case OSSL_OP_MAC:
      return mac_algorithms;
    case OSSL_OP_KEM:
      return kem_algorithms;
    case OSSL_OP_STORE:
      return store_algorithms;
    case OSSL_OP_ENCODER:
      return encoder_algorithms;
    case OSSL_OP_DECODER:
      return decoder_algorithms;
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
