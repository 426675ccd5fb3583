// SPDX-License-Identifier: Apache-2.0
// Key management for the type KMS. A key is a name for something in a token: it is loaded from the
// store and never imported, generated or exported here.
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <cstring>

#include "blob/blob.h"
#include "kms/key_spec.h"
#include "provider/errors.h"
#include "provider/key.h"
#include "provider/params.h"
#include "provider/provider.h"

namespace trent::provider {

namespace {

const Key& as_key(const void* keydata) {
  return *static_cast<const Key*>(keydata);
}

Key* copy(const Key& key) {
  return make<Key>(*key.core, "EVP_PKEY", key);
}

void* load(const void* data, std::size_t size) {
  KeyReference reference{};
  if (size != sizeof(reference)) return nullptr;
  std::memcpy(&reference, data, size);
  return copy(*reference.key);
}

void* dup(const void* keydata, int) {
  return copy(as_key(keydata));
}

void free(void* keydata) {
  delete static_cast<Key*>(keydata);
}

int has(const void* keydata, int selection) {
  return as_key(keydata).decrypts || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0;
}

int match(const void* one, const void* other, int) {
  return as_key(one).arn == as_key(other).arn;
}

int validate(const void* keydata, int, int) {
  const Key& key = as_key(keydata);
  return guarded(*key.core, "DescribeKey", [&] {
    key.service->call(kms::DescribeKeyRequest{key.id, {}});
  });
}

const OSSL_PARAM* gettable_params(void*) {
  static const OSSL_PARAM params[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
                                      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
                                      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
                                      OSSL_PARAM_END};
  return params;
}

int get_params(void* keydata, OSSL_PARAM params[]) {
  return guarded(*as_key(keydata).core, "EVP_PKEY_get_params", [&] {
    const int bits =
        static_cast<int>(8 * kms::key_spec(kms::KeySpec::SymmetricDefault).secret_key->length);
    set_number(params, OSSL_PKEY_PARAM_BITS, bits);
    set_number(params, OSSL_PKEY_PARAM_SECURITY_BITS, bits);
    set_number(params, OSSL_PKEY_PARAM_MAX_SIZE, static_cast<int>(blob::kMaxBlob));
  });
}

}  // namespace

const OSSL_DISPATCH keymgmt_functions[] = {
    entry<OSSL_FUNC_keymgmt_load_fn>(OSSL_FUNC_KEYMGMT_LOAD, load),
    entry<OSSL_FUNC_keymgmt_dup_fn>(OSSL_FUNC_KEYMGMT_DUP, dup),
    entry<OSSL_FUNC_keymgmt_free_fn>(OSSL_FUNC_KEYMGMT_FREE, free),
    entry<OSSL_FUNC_keymgmt_has_fn>(OSSL_FUNC_KEYMGMT_HAS, has),
    entry<OSSL_FUNC_keymgmt_match_fn>(OSSL_FUNC_KEYMGMT_MATCH, match),
    entry<OSSL_FUNC_keymgmt_validate_fn>(OSSL_FUNC_KEYMGMT_VALIDATE, validate),
    entry<OSSL_FUNC_keymgmt_gettable_params_fn>(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_params),
    entry<OSSL_FUNC_keymgmt_get_params_fn>(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),
    {0, nullptr}};

}  // namespace trent::provider
