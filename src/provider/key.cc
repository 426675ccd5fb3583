// SPDX-License-Identifier: Apache-2.0
// KMS keys as objects of OpenSSL.
#include "provider/key.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include "kms/enforced.h"
#include "kms/key.h"

namespace trent::provider {

const char* key_type(const kms::KeySpecRow& spec) {
  if (spec.key_pair == nullptr) return kKmsType;
  if (spec.key_pair->type == CKK_RSA) return kRsaType;
  return spec.key_pair->type == CKK_EC ? kEcType : kEd25519Type;
}

Key describe_key(const Core& core, const std::shared_ptr<kms::Service>& service,
                 const std::string& id, bool is_private) {
  const kms::KeyMetadata found = service->call(kms::DescribeKeyRequest{id, {}}).key_metadata;
  return {&core,
          service,
          found.public_key ? found.arn : id,
          found.arn,
          is_private,
          &kms::key_spec(kms::from_wire_name<kms::KeySpec>(found.key_spec).value()),
          found.public_key,
          kms::is_enforced(*service, found) ? blob::Suite::Enforced : blob::Suite::Direct};
}

std::string name_in_uri(const std::string& uri) {
  const std::string name = uri.substr(uri.find(':') + 1);
  return name.starts_with("//") ? name.substr(2) : name;
}

void hand_out(const Key& key, OSSL_CALLBACK* take, void* taker) {
  KeyReference reference{&key};
  int type = OSSL_OBJECT_PKEY;
  std::string data_type = key_type(*key.spec);
  const OSSL_PARAM object[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, data_type.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &reference, sizeof(reference)),
      OSSL_PARAM_construct_end()};
  if (take(object, taker) != 1)
    throw Error(ErrorCode::KMSInternal, "OpenSSL did not take the key " + key.arn + ".",
                "The errors before this one say why.");
}

void require_known_pair(const Key& key) {
  if (key.service && key.spec->key_pair != nullptr && !key.public_key)
    throw kms::pending_import(key.arn);
}

void require_private(const Key& key, const char* operation) {
  if (!key.is_private)
    throw Error(ErrorCode::Validation,
                std::string("The key was loaded as a public key, which cannot ") + operation + ".",
                "Load it as a private key (without -pubin).");
}

}  // namespace trent::provider
