// SPDX-License-Identifier: Apache-2.0
// Sign and Verify of key pairs, GenerateMac and VerifyMac of HMAC keys, as OpenSSL's signatures:
// `openssl dgst -sign`, `pkeyutl -sign`, certificates, CMS, TLS. The key says which of them.
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <string_view>

#include "kms/algorithm.h"
#include "provider/buffers.h"
#include "provider/errors.h"
#include "provider/key.h"
#include "provider/params.h"
#include "provider/provider.h"
#include "provider/signature_algorithm.h"

namespace trent::provider {

namespace {

struct Signature {
  const Core* core;
  Key key{core};
  SignatureSettings settings{};
  bool verifying = false;
  // What was added so far: to the hash, or if KMS takes the message itself, that.
  std::optional<Hasher> hasher{};
  SecretBytes message{};
  kms::SignRequest request{};  // the parameters of KMS's own

  bool is_mac() const { return !key.spec->mac.empty(); }
  bool takes_message() const {
    return is_mac() || key_type(*key.spec) == std::string_view(kEd25519Type);
  }
};

Signature& as_signature(void* ctx) {
  return *static_cast<Signature*>(ctx);
}

void* newctx(void* provctx, const char*) {
  const Core& core = from_context(provctx).core();
  return make<Signature>(core, "EVP_PKEY_CTX", &core);
}

void freectx(void* ctx) {
  delete static_cast<Signature*>(ctx);
}

void* dupctx(void* ctx) {
  const Signature& signature = as_signature(ctx);
  return make<Signature>(*signature.core, "EVP_PKEY_CTX_dup", signature);
}

const OSSL_PARAM* settable_ctx_params(void*, void*) {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PROPERTIES, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_PROPERTIES, nullptr, 0),
      OSSL_PARAM_utf8_string(kGrantTokens, nullptr, 0),
      OSSL_PARAM_utf8_string(kDryRun, nullptr, 0),
      OSSL_PARAM_END};
  return params;
}

int set_ctx_params(void* ctx, const OSSL_PARAM params[]) {
  if (params == nullptr) return 1;
  Signature& signature = as_signature(ctx);
  return guarded(*signature.core, "EVP_PKEY_CTX_set_params", [&] {
    for (; params->key != nullptr; ++params) {
      const std::string_view name = params->key;
      if (name == kGrantTokens || name == kDryRun)
        read_member(*params, signature.request);
      else if (!set_signature_param(signature.key, signature.settings, *params))
        throw_unknown(*params);
    }
  });
}

const OSSL_PARAM* gettable_ctx_params(void*, void*) {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(kKeyArn, nullptr, 0),
      OSSL_PARAM_END};
  return params;
}

int get_ctx_params(void* ctx, OSSL_PARAM params[]) {
  const Signature& signature = as_signature(ctx);
  return guarded(*signature.core, "EVP_PKEY_CTX_get_params", [&] {
    OSSL_PARAM* identifier = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
    if (identifier != nullptr && !signature.is_mac()) {
      const Bytes der = algorithm_identifier(signature.key, signature.settings);
      if (OSSL_PARAM_set_octet_string(identifier, der.data(), der.size()) != 1)
        throw Error(ErrorCode::Validation, "The buffer for the algorithm identifier is too small.");
    }
    get_signature_params(signature.key, signature.settings, params);
    set_text(params, kKeyArn, signature.key.arn);
  });
}

int init(void* ctx, void* keydata, const OSSL_PARAM params[], bool verifying) {
  Signature& signature = as_signature(ctx);
  return guarded(*signature.core, verifying ? "EVP_PKEY_verify_init" : "EVP_PKEY_sign_init",
                 [&] {
                   // Without a key: again with the one from before.
                   const Key key =
                       keydata != nullptr ? *static_cast<const Key*>(keydata) : signature.key;
                   if (!key.service)
                     throw Error(ErrorCode::UnsupportedOperation, "The key is no KMS key.",
                                 "Use it with another provider.");
                   if (!verifying) require_private(key, "sign");
                   require_signing_key(key);
                   require_known_pair(key);
                   signature = Signature{signature.core, key};
                   signature.verifying = verifying;
                   signature.request.key_id = key.id;
                 }) == 1 &&
         set_ctx_params(ctx, params) == 1;
}

int sign_init(void* ctx, void* keydata, const OSSL_PARAM params[]) {
  return init(ctx, keydata, params, false);
}

int verify_init(void* ctx, void* keydata, const OSSL_PARAM params[]) {
  return init(ctx, keydata, params, true);
}

// With a hash, that of the application or the one that KMS has for such keys.
int digest_init(void* ctx, const char* digest, void* keydata, const OSSL_PARAM params[],
                bool verifying) {
  if (init(ctx, keydata, params, verifying) != 1) return 0;
  Signature& signature = as_signature(ctx);
  return guarded(*signature.core, "EVP_DigestSignInit", [&] {
    if (digest != nullptr && *digest != '\0') {
      const OSSL_PARAM name = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST,
                                                               const_cast<char*>(digest), 0);
      set_signature_param(
          signature.key, signature.settings,
          {name.key, name.data_type, name.data, std::string_view(digest).size(), 0});
    }
    if (signature.takes_message()) {
      kms_algorithm(signature.key, signature.settings);  // a hash may be the wrong one
      return;
    }
    if (!signature.settings.hash)
      signature.settings.hash = kms::signing_algorithm(signature.key.spec->signing.front()).hash;
    signature.hasher.emplace(*signature.settings.hash);
  });
}

int digest_sign_init(void* ctx, const char* digest, void* keydata, const OSSL_PARAM params[]) {
  return digest_init(ctx, digest, keydata, params, false);
}

int digest_verify_init(void* ctx, const char* digest, void* keydata, const OSSL_PARAM params[]) {
  return digest_init(ctx, digest, keydata, params, true);
}

void add(Signature& signature, ByteView part) {
  if (signature.hasher) return signature.hasher->add(part);
  require_message_fits(signature.message.size(), part.size());
  signature.message.insert(signature.message.end(), part.begin(), part.end());
}

int update(void* ctx, const unsigned char* data, std::size_t size) {
  Signature& signature = as_signature(ctx);
  return guarded(*signature.core, "EVP_DigestSignUpdate",
                 [&] { add(signature, input(data, size)); });
}

// `input`: a digest, or the message where KMS takes that.
kms::SignRequest signature_request(Signature& signature, ByteView input) {
  kms::SignRequest request = signature.request;
  if (!signature.takes_message()) {
    // What is padded as it is, in PKCS#1 v1.5, says its hash itself.
    if (const auto info = parse_digest_info(input);
        info && !signature.settings.hash && !signature.settings.pss) {
      signature.settings.hash = info->hash;
      input = info->digest;
    }
    const Bytes digest = kms_digest(signature.key, input);
    request.message_type = "DIGEST";
    request.message.assign(digest.begin(), digest.end());
  } else {
    request.message.assign(input.begin(), input.end());
  }
  request.signing_algorithm = kms_algorithm(signature.key, signature.settings);
  return request;
}

kms::GenerateMacRequest mac_request(Signature& signature, ByteView message) {
  kms::GenerateMacRequest request;
  request.key_id = signature.request.key_id;
  request.grant_tokens = signature.request.grant_tokens;
  request.dry_run = signature.request.dry_run;
  request.message.assign(message.begin(), message.end());
  request.mac_algorithm = kms_algorithm(signature.key, signature.settings);
  return request;
}

std::size_t max_size(const Signature& signature) {
  if (signature.is_mac()) return signature.key.spec->secret_key->length;
  return signature.key.public_key->max_signature();
}

Bytes make_signature(Signature& signature, ByteView input) {
  kms::Service& service = *signature.key.service;
  return signature.is_mac() ? service.call(mac_request(signature, input)).mac
                            : service.call(signature_request(signature, input)).signature;
}

void verify_input(Signature& signature, ByteView input, ByteView value) {
  if (signature.is_mac()) {
    kms::VerifyMacRequest request;
    static_cast<kms::GenerateMacRequest&>(request) = mac_request(signature, input);
    request.mac.assign(value.begin(), value.end());
    signature.key.service->call(request);
    return;
  }
  kms::VerifyRequest request;
  static_cast<kms::SignRequest&>(request) = signature_request(signature, input);
  request.signature.assign(value.begin(), value.end());
  signature.key.service->call(request);
}

const char* operation_of(const Signature& signature) {
  if (signature.is_mac()) return signature.verifying ? "VerifyMac" : "GenerateMac";
  return signature.verifying ? "Verify" : "Sign";
}

// Asked for the size, it does no work.
template <class Input>
int sign_with(Signature& signature, unsigned char* out, std::size_t* size, std::size_t buffer,
              const Input& input) {
  return guarded(*signature.core, operation_of(signature), [&] {
    require_given(size, "size of the output");
    const std::size_t needed = max_size(signature);
    if (out == nullptr) {
      *size = needed;
      return;
    }
    require_room(buffer, needed);
    deliver(make_signature(signature, input()), out, size, buffer);
  });
}

// Of what was added.
Bytes added(Signature& signature) {
  if (signature.hasher) return signature.hasher->finish();
  return {signature.message.begin(), signature.message.end()};
}

int sign(void* ctx, unsigned char* out, std::size_t* size, std::size_t buffer,
         const unsigned char* data, std::size_t data_size) {
  return sign_with(as_signature(ctx), out, size, buffer, [&] { return input(data, data_size); });
}

int digest_sign_final(void* ctx, unsigned char* out, std::size_t* size, std::size_t buffer) {
  Signature& signature = as_signature(ctx);
  return sign_with(signature, out, size, buffer, [&] { return added(signature); });
}

int digest_sign(void* ctx, unsigned char* out, std::size_t* size, std::size_t buffer,
                const unsigned char* data, std::size_t data_size) {
  Signature& signature = as_signature(ctx);
  return sign_with(signature, out, size, buffer, [&] {
    add(signature, input(data, data_size));
    return added(signature);
  });
}

int verify(void* ctx, const unsigned char* value, std::size_t size, const unsigned char* data,
           std::size_t data_size) {
  Signature& signature = as_signature(ctx);
  return guarded(*signature.core, operation_of(signature),
                 [&] { verify_input(signature, input(data, data_size), input(value, size)); });
}

int digest_verify_final(void* ctx, const unsigned char* value, std::size_t size) {
  Signature& signature = as_signature(ctx);
  return guarded(*signature.core, operation_of(signature),
                 [&] { verify_input(signature, added(signature), input(value, size)); });
}

int digest_verify(void* ctx, const unsigned char* value, std::size_t size,
                  const unsigned char* data, std::size_t data_size) {
  return update(ctx, data, data_size) == 1 && digest_verify_final(ctx, value, size) == 1;
}

}  // namespace

const OSSL_DISPATCH signature_functions[] = {
    entry<OSSL_FUNC_signature_newctx_fn>(OSSL_FUNC_SIGNATURE_NEWCTX, newctx),
    entry<OSSL_FUNC_signature_freectx_fn>(OSSL_FUNC_SIGNATURE_FREECTX, freectx),
    entry<OSSL_FUNC_signature_dupctx_fn>(OSSL_FUNC_SIGNATURE_DUPCTX, dupctx),
    entry<OSSL_FUNC_signature_sign_init_fn>(OSSL_FUNC_SIGNATURE_SIGN_INIT, sign_init),
    entry<OSSL_FUNC_signature_sign_fn>(OSSL_FUNC_SIGNATURE_SIGN, sign),
    entry<OSSL_FUNC_signature_verify_init_fn>(OSSL_FUNC_SIGNATURE_VERIFY_INIT, verify_init),
    entry<OSSL_FUNC_signature_verify_fn>(OSSL_FUNC_SIGNATURE_VERIFY, verify),
    entry<OSSL_FUNC_signature_digest_sign_init_fn>(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT,
                                                   digest_sign_init),
    entry<OSSL_FUNC_signature_digest_sign_update_fn>(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE,
                                                     update),
    entry<OSSL_FUNC_signature_digest_sign_final_fn>(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL,
                                                    digest_sign_final),
    entry<OSSL_FUNC_signature_digest_sign_fn>(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, digest_sign),
    entry<OSSL_FUNC_signature_digest_verify_init_fn>(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT,
                                                     digest_verify_init),
    entry<OSSL_FUNC_signature_digest_verify_update_fn>(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE,
                                                       update),
    entry<OSSL_FUNC_signature_digest_verify_final_fn>(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL,
                                                      digest_verify_final),
    entry<OSSL_FUNC_signature_digest_verify_fn>(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, digest_verify),
    entry<OSSL_FUNC_signature_gettable_ctx_params_fn>(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS,
                                                      gettable_ctx_params),
    entry<OSSL_FUNC_signature_get_ctx_params_fn>(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS,
                                                 get_ctx_params),
    entry<OSSL_FUNC_signature_settable_ctx_params_fn>(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS,
                                                      settable_ctx_params),
    entry<OSSL_FUNC_signature_set_ctx_params_fn>(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS,
                                                 set_ctx_params),
    {0, nullptr}};

}  // namespace trent::provider
