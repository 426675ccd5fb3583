// SPDX-License-Identifier: Apache-2.0
// Key management for the types KMS, RSA, EC and ED25519. A key is a name for something in a token:
// it is loaded from the store or a file, or generated there. Only public keys are exported, and
// only those of EC are imported (as the other side of an agreement): with all other keys OpenSSL
// turns to the provider that they are in.
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include <array>
#include <cstring>

#include "base/openssl.h"
#include "blob/blob.h"
#include "provider/errors.h"
#include "provider/generation.h"
#include "provider/key.h"
#include "provider/params.h"
#include "provider/provider.h"

namespace trent::provider {

namespace {

const Key& as_key(const void* keydata) {
  return *static_cast<const Key*>(keydata);
}

using Type = const char* const;

template <Type& type>
void* load(const void* data, std::size_t size) {
  KeyReference reference{};
  if (size != sizeof(reference)) return nullptr;
  std::memcpy(&reference, data, size);
  const Key& key = *reference.key;
  const bool is_ours = std::string_view(key_type(*key.spec)) == type;
  return is_ours ? make<Key>(*key.core, "EVP_PKEY", key) : nullptr;
}

void* new_key(void* provctx) {
  const Core& core = from_context(provctx).core();
  return make<Key>(core, "EVP_PKEY", &core);
}

void* dup(const void* keydata, int selection) {
  const Key& key = as_key(keydata);
  if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0) return make<Key>(*key.core, "EVP_PKEY", key);
  Key curve{key.core};
  curve.spec = key.spec;
  return make<Key>(*key.core, "EVP_PKEY", curve);
}

void free(void* keydata) {
  delete static_cast<Key*>(keydata);
}

int has(const void* keydata, int selection) {
  if (keydata == nullptr) return 0;
  const Key& key = as_key(keydata);
  const auto asks = [&](int part) { return (selection & part) != 0; };
  if (asks(OSSL_KEYMGMT_SELECT_PRIVATE_KEY) && !key.is_private) return 0;
  if (asks(OSSL_KEYMGMT_SELECT_PUBLIC_KEY) && !key.service && !key.public_key) return 0;
  return !asks(OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS) || key.spec != nullptr || key.public_key;
}

int match(const void* one, const void* other, int selection) {
  const Key& a = as_key(one);
  const Key& b = as_key(other);
  if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0) return a.spec == b.spec;
  if (a.public_key && b.public_key) return a.public_key->der() == b.public_key->der();
  return !a.public_key && !b.public_key && a.arn == b.arn;
}

int validate(const void* keydata, int, int) {
  const Key& key = as_key(keydata);
  if (!key.service) return key.public_key && key.public_key->is_valid();
  return guarded(*key.core, "DescribeKey", [&] {
    key.service->call(kms::DescribeKeyRequest{key.id, {}});
  });
}

const OSSL_PARAM* gettable_params(void*) {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_FIELD_TYPE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_EC_PUB_X, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_EC_PUB_Y, nullptr, 0),
      OSSL_PARAM_END};
  return params;
}

void get_secret_key_params(OSSL_PARAM params[], const Key& key) {
  const int bits = static_cast<int>(8 * key.spec->secret_key->length);
  const bool is_mac = !key.spec->mac.empty();
  set_number(params, OSSL_PKEY_PARAM_BITS, bits);
  set_number(params, OSSL_PKEY_PARAM_SECURITY_BITS, bits);
  set_number(params, OSSL_PKEY_PARAM_MAX_SIZE,
             is_mac ? bits / 8 : static_cast<int>(blob::kMaxBlob));
}

// The hash of the one algorithm that KMS has for keys on that curve.
const char* default_digest(const kms::KeySpecRow& spec) {
  const std::string_view algorithm = spec.signing.front();
  if (algorithm.ends_with("_384")) return "SHA384";
  return algorithm.ends_with("_512") ? "SHA512" : "SHA256";
}

int get_params(void* keydata, OSSL_PARAM params[]) {
  const Key& key = as_key(keydata);
  return guarded(*key.core, "EVP_PKEY_get_params", [&] {
    if (key.spec != nullptr && key.spec->secret_key != nullptr)
      return get_secret_key_params(params, key);
    if (key.public_key) {
      const OpensslGuard guard;
      // What it has not is left as it is, which is how a provider says so.
      EVP_PKEY_get_params(key.public_key->openssl_key(), params);
    }
    if (key.spec == nullptr) return;
    if (key.spec->key_pair->type == CKK_EC)
      set_text(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, default_digest(*key.spec));
    if (!key.public_key)
      set_text(params, OSSL_PKEY_PARAM_GROUP_NAME, curve_name(as_bytes(key.spec->key_pair->curve)));
  });
}

// Of a curve without a point (EVP_PKEY_copy_parameters()), the public key.
const OSSL_PARAM* settable_params(void*) {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0), OSSL_PARAM_END};
  return params;
}

int set_params(void* keydata, const OSSL_PARAM params[]) {
  Key& key = *static_cast<Key*>(keydata);
  const OSSL_PARAM* point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
  if (point == nullptr) return 1;
  return guarded(*key.core, "EVP_PKEY_set_params", [&] {
    if (key.service || key.spec == nullptr || point->data == nullptr ||
        point->data_type != OSSL_PARAM_OCTET_STRING)
      throw Error(ErrorCode::Validation, "The public key of a KMS key cannot be changed.");
    key.public_key = std::make_shared<PublicKey>(
        ec_public_key(as_bytes(key.spec->key_pair->curve),
                      {static_cast<const std::uint8_t*>(point->data), point->data_size}));
  });
}

const OSSL_PARAM* public_key_types(int) {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0), OSSL_PARAM_END};
  return params;
}

// Without an error it says no, too: then OpenSSL uses the key where it is.
template <Type& type>
int import_public_key(void* keydata, int, const OSSL_PARAM params[]) {
  Key& key = *static_cast<Key*>(keydata);
  if (type != kEcType || OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY) != nullptr)
    return 0;
  return guarded(*key.core, "EVP_PKEY_fromdata",
                 [&] { key.public_key = std::make_shared<PublicKey>(ec_public_key(params)); });
}

// Says no without an error: OpenSSL asks so as to find out whether another provider's signatures
// could be used.
int export_public_key(void* keydata, int selection, OSSL_CALLBACK* take, void* taker) {
  const Key& key = as_key(keydata);
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && key.is_private) return 0;
  if (!key.public_key) return 0;
  OSSL_PARAM* params = nullptr;
  const bool whole = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0;
  {
    const OpensslGuard guard;
    EVP_PKEY_todata(key.public_key->openssl_key(),
                    whole ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEY_PARAMETERS, &params);
  }
  const int taken = params != nullptr ? take(params, taker) : 0;
  OSSL_PARAM_free(params);
  return taken;
}

template <Type& type>
const char* operation_name(int operation) {
  if (type != kEcType) return type;
  return operation == OSSL_OP_KEYEXCH ? "ECDH" : "ECDSA";
}

template <Type& type>
void* start(void* provctx, int selection, const OSSL_PARAM params[]) {
  void* generation = start_generation(from_context(provctx), type, selection);
  if (generation == nullptr || set_generation_params(generation, params) == 1) return generation;
  free_generation(generation);
  return nullptr;
}

template <Type& type>
const OSSL_DISPATCH functions[] = {
    entry<OSSL_FUNC_keymgmt_new_fn>(OSSL_FUNC_KEYMGMT_NEW, new_key),
    entry<OSSL_FUNC_keymgmt_load_fn>(OSSL_FUNC_KEYMGMT_LOAD, load<type>),
    entry<OSSL_FUNC_keymgmt_dup_fn>(OSSL_FUNC_KEYMGMT_DUP, dup),
    entry<OSSL_FUNC_keymgmt_free_fn>(OSSL_FUNC_KEYMGMT_FREE, free),
    entry<OSSL_FUNC_keymgmt_gen_init_fn>(OSSL_FUNC_KEYMGMT_GEN_INIT, start<type>),
    entry<OSSL_FUNC_keymgmt_gen_settable_params_fn>(OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS,
                                                    settable_generation_params),
    entry<OSSL_FUNC_keymgmt_gen_set_params_fn>(OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS,
                                               set_generation_params),
    entry<OSSL_FUNC_keymgmt_gen_fn>(OSSL_FUNC_KEYMGMT_GEN, generate),
    entry<OSSL_FUNC_keymgmt_gen_cleanup_fn>(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, free_generation),
    entry<OSSL_FUNC_keymgmt_has_fn>(OSSL_FUNC_KEYMGMT_HAS, has),
    entry<OSSL_FUNC_keymgmt_match_fn>(OSSL_FUNC_KEYMGMT_MATCH, match),
    entry<OSSL_FUNC_keymgmt_validate_fn>(OSSL_FUNC_KEYMGMT_VALIDATE, validate),
    entry<OSSL_FUNC_keymgmt_gettable_params_fn>(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_params),
    entry<OSSL_FUNC_keymgmt_get_params_fn>(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),
    entry<OSSL_FUNC_keymgmt_settable_params_fn>(OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, settable_params),
    entry<OSSL_FUNC_keymgmt_set_params_fn>(OSSL_FUNC_KEYMGMT_SET_PARAMS, set_params),
    entry<OSSL_FUNC_keymgmt_import_fn>(OSSL_FUNC_KEYMGMT_IMPORT, import_public_key<type>),
    entry<OSSL_FUNC_keymgmt_import_types_fn>(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, public_key_types),
    entry<OSSL_FUNC_keymgmt_export_fn>(OSSL_FUNC_KEYMGMT_EXPORT, export_public_key),
    entry<OSSL_FUNC_keymgmt_export_types_fn>(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, public_key_types),
    entry<OSSL_FUNC_keymgmt_query_operation_name_fn>(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME,
                                                     operation_name<type>),
    {0, nullptr}};

}  // namespace

const OSSL_ALGORITHM keymgmt_algorithms[] = {
    {kKmsType, kProperties, functions<kKmsType>, "Symmetric and HMAC keys of KMS in a token"},
    {kRsaNames, kProperties, functions<kRsaType>, "RSA keys of KMS in a token"},
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", kProperties, functions<kEcType>,
     "Elliptic curve keys of KMS in a token"},
    {kEd25519Names, kProperties, functions<kEd25519Type>, "Ed25519 keys of KMS in a token"},
    {nullptr, nullptr, nullptr, nullptr}};

}  // namespace trent::provider
