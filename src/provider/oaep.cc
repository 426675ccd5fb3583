// SPDX-License-Identifier: Apache-2.0
// KMS has RSAES-OAEP with an empty label, and one hash for it and for MGF1.
#include "provider/oaep.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <string_view>

#include "base/error.h"
#include "provider/params.h"

namespace trent::provider {

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::UnsupportedOperation, "KMS has no RSA encryption with " + what + ".",
              "It has RSAES_OAEP_SHA_1 and RSAES_OAEP_SHA_256: -pkeyopt rsa_padding_mode:oaep "
              "-pkeyopt rsa_oaep_md:sha256.");
}

Hash get_hash(const OSSL_PARAM& param) {
  const std::string name = get_text(param);
  const auto hash = hash_named(name);
  if (hash != Hash::Sha1 && hash != Hash::Sha256) refuse(name);
  return *hash;
}

bool is_oaep(const OSSL_PARAM& param) {
  if (param.data_type == OSSL_PARAM_UTF8_STRING || param.data_type == OSSL_PARAM_UTF8_PTR)
    return get_text(param) == OSSL_PKEY_RSA_PAD_MODE_OAEP;
  return get_number(param) == RSA_PKCS1_OAEP_PADDING;
}

}  // namespace

bool set_oaep_param(OaepSettings& settings, const OSSL_PARAM& param) {
  const std::string_view name = param.key;
  if (name == OSSL_ASYM_CIPHER_PARAM_PAD_MODE) {
    if (!is_oaep(param)) refuse("another padding than OAEP");
    settings.padding_given = true;
  } else if (name == OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST) {
    settings.hash = get_hash(param);
  } else if (name == OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST) {
    settings.mgf1_hash = get_hash(param);
  } else if (name == OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL) {
    if (param.data_size != 0) refuse("a label");
  } else {
    return false;
  }
  return true;
}

std::string kms_algorithm(const OaepSettings& settings) {
  if (!settings.padding_given) refuse("the padding of PKCS#1 v1.5, which OpenSSL takes by default");
  if (settings.mgf1_hash.value_or(settings.hash) != settings.hash)
    refuse("another hash in MGF1 than in OAEP");
  return settings.hash == Hash::Sha1 ? "RSAES_OAEP_SHA_1" : "RSAES_OAEP_SHA_256";
}

}  // namespace trent::provider
