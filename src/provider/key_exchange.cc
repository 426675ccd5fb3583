// SPDX-License-Identifier: Apache-2.0
// DeriveSharedSecret as OpenSSL's key exchange ECDH: `openssl pkeyutl -derive`, and CMS to the
// owner of an EC key, which puts the secret through a KDF.
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <string_view>

#include "base/openssl.h"
#include "provider/buffers.h"
#include "provider/errors.h"
#include "provider/key.h"
#include "provider/params.h"
#include "provider/provider.h"

namespace trent::provider {

namespace {

constexpr std::size_t kMaxUkm = 65536;

struct Exchange {
  const Core* core;
  Key key{core};
  kms::DeriveSharedSecretRequest request{};
  // What the secret goes through: X963KDF (ANSI X9.63, RFC 5753), or nothing.
  bool kdf = false;
  Hash hash = Hash::Sha1;
  std::size_t length = 0;  // of its output
  Bytes ukm{};             // user keying material, its SharedInfo
};

Exchange& as_exchange(void* ctx) {
  return *static_cast<Exchange*>(ctx);
}

void* newctx(void* provctx) {
  const Core& core = from_context(provctx).core();
  return make<Exchange>(core, "EVP_PKEY_CTX", &core);
}

void freectx(void* ctx) {
  delete static_cast<Exchange*>(ctx);
}

void* dupctx(void* ctx) {
  const Exchange& exchange = as_exchange(ctx);
  return make<Exchange>(*exchange.core, "EVP_PKEY_CTX_dup", exchange);
}

const OSSL_PARAM* settable_ctx_params(void*, void*) {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST_PROPS, nullptr, 0),
      OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, nullptr),
      OSSL_PARAM_octet_string(OSSL_EXCHANGE_PARAM_KDF_UKM, nullptr, 0),
      OSSL_PARAM_utf8_string(kGrantTokens, nullptr, 0),
      OSSL_PARAM_utf8_string(kDryRun, nullptr, 0),
      OSSL_PARAM_END};
  return params;
}

void set_kdf_hash(Exchange& exchange, const OSSL_PARAM& param) {
  const std::string name = get_text(param);
  const auto hash = hash_named(name);
  if (!hash)
    throw Error(ErrorCode::UnsupportedOperation, "There is no KDF with " + name + ".",
                "Give one of the SHA-2 hashes.");
  exchange.hash = *hash;
}

void set_param(Exchange& exchange, const OSSL_PARAM& param) {
  const std::string_view name = param.key;
  if (name == OSSL_EXCHANGE_PARAM_KDF_TYPE) {
    const std::string type = get_text(param);
    if (!type.empty() && type != OSSL_KDF_NAME_X963KDF)
      throw Error(ErrorCode::UnsupportedOperation, "There is no KDF " + type + " for a secret.",
                  "Take X963KDF, or none.");
    exchange.kdf = !type.empty();
  } else if (name == OSSL_EXCHANGE_PARAM_KDF_DIGEST) {
    set_kdf_hash(exchange, param);
  } else if (name == OSSL_EXCHANGE_PARAM_KDF_OUTLEN) {
    exchange.length = get_number(param);
  } else if (name == OSSL_EXCHANGE_PARAM_KDF_UKM) {
    if (param.data_type != OSSL_PARAM_OCTET_STRING || param.data_size > kMaxUkm)
      throw Error(ErrorCode::Validation, "The parameter kdf-ukm is not valid.");
    const ByteView ukm = input(static_cast<const std::uint8_t*>(param.data), param.data_size);
    exchange.ukm.assign(ukm.begin(), ukm.end());
  } else if (name == kGrantTokens || name == kDryRun) {
    read_member(param, exchange.request);
  } else if (name != OSSL_EXCHANGE_PARAM_KDF_DIGEST_PROPS &&
             // The cofactor of all of KMS's curves is 1.
             name != OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE) {
    throw_unknown(param);
  }
}

int set_ctx_params(void* ctx, const OSSL_PARAM params[]) {
  if (params == nullptr) return 1;
  Exchange& exchange = as_exchange(ctx);
  return guarded(*exchange.core, "EVP_PKEY_CTX_set_params", [&] {
    for (; params->key != nullptr; ++params) set_param(exchange, *params);
  });
}

int init(void* ctx, void* keydata, const OSSL_PARAM params[]) {
  Exchange& exchange = as_exchange(ctx);
  return guarded(*exchange.core, "EVP_PKEY_derive_init",
                 [&] {
                   const Key& key = *static_cast<const Key*>(keydata);
                   require_known_pair(key);
                   if (!key.service)
                     throw Error(ErrorCode::UnsupportedOperation, "The key is no KMS key.",
                                 "Use it with another provider.");
                   require_private(key, "derive a secret");
                   exchange = Exchange{exchange.core, key};
                   exchange.request.key_id = key.id;
                   exchange.request.key_agreement_algorithm = "ECDH";
                 }) == 1 &&
         set_ctx_params(ctx, params) == 1;
}

int set_peer(void* ctx, void* keydata) {
  Exchange& exchange = as_exchange(ctx);
  return guarded(*exchange.core, "EVP_PKEY_derive_set_peer", [&] {
    const Key& peer = *static_cast<const Key*>(keydata);
    if (!peer.public_key)
      throw Error(ErrorCode::Validation, "The other side's key has no public key.");
    exchange.request.public_key = peer.public_key->der();
  });
}

SecretBytes put_through_kdf(const Exchange& exchange, ByteView secret) {
  const OpensslGuard guard;
  const std::unique_ptr<EVP_KDF, void (*)(EVP_KDF*)> kdf(
      EVP_KDF_fetch(private_libctx(), OSSL_KDF_NAME_X963KDF, nullptr), EVP_KDF_free);
  const std::unique_ptr<EVP_KDF_CTX, void (*)(EVP_KDF_CTX*)> context(EVP_KDF_CTX_new(kdf.get()),
                                                                     EVP_KDF_CTX_free);
  // OpenSSL only reads what it asks for as something to write to.
  const auto octets = [](const char* name, ByteView bytes) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()),
                                             bytes.size());
  };
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                       const_cast<char*>(hash_name(exchange.hash)), 0),
      octets(OSSL_KDF_PARAM_KEY, secret), octets(OSSL_KDF_PARAM_INFO, exchange.ukm),
      OSSL_PARAM_construct_end()};
  SecretBytes out(exchange.length);
  if (!context || EVP_KDF_derive(context.get(), out.data(), out.size(), params) != 1)
    throw Error(ErrorCode::KMSInternal, "OpenSSL's X963KDF failed.",
                "Look at the parameters kdf-digest and kdf-outlen.");
  return out;
}

int derive(void* ctx, unsigned char* out, std::size_t* size, std::size_t buffer) {
  Exchange& exchange = as_exchange(ctx);
  return guarded(*exchange.core, "DeriveSharedSecret", [&] {
    require_given(size, "size of the output");
    // The x coordinate: half of the point.
    const std::size_t needed =
        exchange.kdf ? exchange.length : exchange.key.spec->key_pair->point_size / 2;
    if (out == nullptr) {
      *size = needed;
      return;
    }
    require_room(buffer, needed);
    if (exchange.request.public_key.empty())
      throw Error(ErrorCode::Validation, "There is no public key of the other side.",
                  "Give it before: -peerkey, EVP_PKEY_derive_set_peer().");
    const SecretBytes secret = exchange.key.service->call(exchange.request).shared_secret;
    deliver(exchange.kdf ? put_through_kdf(exchange, secret) : secret, out, size, buffer);
  });
}

}  // namespace

const OSSL_DISPATCH key_exchange_functions[] = {
    entry<OSSL_FUNC_keyexch_newctx_fn>(OSSL_FUNC_KEYEXCH_NEWCTX, newctx),
    entry<OSSL_FUNC_keyexch_freectx_fn>(OSSL_FUNC_KEYEXCH_FREECTX, freectx),
    entry<OSSL_FUNC_keyexch_dupctx_fn>(OSSL_FUNC_KEYEXCH_DUPCTX, dupctx),
    entry<OSSL_FUNC_keyexch_init_fn>(OSSL_FUNC_KEYEXCH_INIT, init),
    entry<OSSL_FUNC_keyexch_set_peer_fn>(OSSL_FUNC_KEYEXCH_SET_PEER, set_peer),
    entry<OSSL_FUNC_keyexch_derive_fn>(OSSL_FUNC_KEYEXCH_DERIVE, derive),
    entry<OSSL_FUNC_keyexch_settable_ctx_params_fn>(OSSL_FUNC_KEYEXCH_SETTABLE_CTX_PARAMS,
                                                    settable_ctx_params),
    entry<OSSL_FUNC_keyexch_set_ctx_params_fn>(OSSL_FUNC_KEYEXCH_SET_CTX_PARAMS, set_ctx_params),
    {0, nullptr}};

}  // namespace trent::provider
