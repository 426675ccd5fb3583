// SPDX-License-Identifier: Apache-2.0
// CreateKey and CreateAlias for `openssl genpkey`.
#include "provider/generation.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <string_view>

#include "kms/object_requests.h"
#include "provider/errors.h"
#include "provider/key.h"
#include "provider/params.h"
#include "provider/provider.h"

namespace trent::provider {

namespace {

constexpr const char* kAlias = "kms-alias";
constexpr const char* kKeyUsage = "key-usage";
constexpr const char* kKeySpec = "key-spec";
constexpr const char* kDescription = "description";

struct Generation {
  Provider& provider;
  const char* type;
  std::uint64_t bits = 2048;  // of RSA
  std::string group{};        // of EC
  std::optional<std::string> alias{};
  kms::CreateKeyRequest request{};
  Given given{};

  bool is(const char* other) const { return std::string_view(type) == other; }
};

Generation& as_generation(void* generation) {
  return *static_cast<Generation*>(generation);
}

void require_public_exponent(const OSSL_PARAM& param) {
  constexpr std::uint64_t kF4 = 65537;
  if (get_number(param) != kF4)
    throw Error(ErrorCode::Validation, "The public exponent of a KMS key is 65537.",
                "Leave the parameter out.");
}

void set_param(Generation& generation, const OSSL_PARAM& param) {
  const std::string_view name = param.key;
  generation.given.add(param);
  if (name == kAlias)
    generation.alias = get_text(param);
  else if (name == kKeyUsage || name == kDescription ||
           (name == kKeySpec && generation.is(kKmsType)))
    read_member(param, generation.request);
  else if (name == OSSL_PKEY_PARAM_RSA_BITS && generation.is(kRsaType))
    generation.bits = get_number(param);
  else if (name == OSSL_PKEY_PARAM_RSA_E && generation.is(kRsaType))
    require_public_exponent(param);
  else if (name == OSSL_PKEY_PARAM_GROUP_NAME && generation.is(kEcType))
    generation.group = get_text(param);
  else if (name == OSSL_PKEY_PARAM_EC_ENCODING && get_text(param) == OSSL_PKEY_EC_ENCODING_GROUP)
    return;
  else
    throw_unknown(param);
}

std::string spec_of_curve(const std::string& group) {
  if (group.empty())
    throw Error(ErrorCode::Validation, "An EC key needs a curve.",
                "Give the parameter group: P-256, P-384, P-521 or secp256k1.");
  const Bytes curve = curve_named(group);
  for (const std::string_view name : catalog::kWireNames<kms::KeySpec>) {
    const kms::KeySpecRow& row = kms::key_spec(kms::from_wire_name<kms::KeySpec>(name).value());
    if (row.key_pair != nullptr && !curve.empty() && row.key_pair->curve == as_text(curve))
      return std::string(name);
  }
  throw Error(ErrorCode::UnsupportedOperation, "KMS has no keys on the curve " + group + ".",
              "It has P-256, P-384, P-521 and secp256k1.");
}

// What KMS calls the key that is asked for. Where KMS wants to be told the usage, a key pair is for
// signatures, as most are.
void complete(Generation& generation) {
  kms::CreateKeyRequest& request = generation.request;
  if (generation.is(kKmsType)) return;
  // Whoever makes an ordinary key, for one TLS connection perhaps, and has this provider first,
  // shall not fill a token with keys that stay.
  if (!generation.alias && !request.key_usage && request.description.empty())
    throw Error(ErrorCode::Validation,
                "A key that this provider makes is a KMS key, which stays in the token.",
                "Name it with the parameter kms-alias, or have another provider make the key: "
                "-propquery provider=default.");
  if (!request.key_usage) request.key_usage = "SIGN_VERIFY";
  if (generation.is(kRsaType))
    request.key_spec = "RSA_" + std::to_string(generation.bits);
  else if (generation.is(kEcType))
    request.key_spec = spec_of_curve(generation.group);
  else
    request.key_spec = "ECC_NIST_EDWARDS25519";
}

std::string create(Generation& generation) {
  kms::Service& service = *generation.provider.service();
  if (!generation.alias) return service.call(generation.request).key_metadata.arn;
  kms::CreateNamedKeyRequest named;
  named.alias_name = *generation.alias;
  named.key_spec = generation.request.key_spec;
  named.key_usage = generation.request.key_usage;
  named.description = generation.request.description;
  return service.call(named).key_metadata.arn;
}

}  // namespace

void* start_generation(Provider& provider, const char* type, int selection) {
  void* made = nullptr;
  guarded(provider.core(), "EVP_PKEY_keygen_init", [&] {
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
      throw Error(ErrorCode::UnsupportedOperation, "KMS has no parameters without a key.",
                  "Have another provider make them: -propquery provider=default.");
    made = std::make_unique<Generation>(Generation{provider, type}).release();
  });
  return made;
}

const OSSL_PARAM* settable_generation_params(void*, void*) {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_utf8_string(kAlias, nullptr, 0),
      OSSL_PARAM_utf8_string(kKeyUsage, nullptr, 0),
      OSSL_PARAM_utf8_string(kKeySpec, nullptr, 0),
      OSSL_PARAM_utf8_string(kDescription, nullptr, 0),
      OSSL_PARAM_uint(OSSL_PKEY_PARAM_RSA_BITS, nullptr),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, nullptr, 0),
      OSSL_PARAM_END};
  return params;
}

int set_generation_params(void* data, const OSSL_PARAM params[]) {
  if (params == nullptr) return 1;
  Generation& generation = as_generation(data);
  return guarded(generation.provider.core(), "EVP_PKEY_CTX_set_params", [&] {
    for (; params->key != nullptr; ++params) set_param(generation, *params);
  });
}

void* generate(void* data, OSSL_CALLBACK*, void*) {
  Generation& generation = as_generation(data);
  void* made = nullptr;
  guarded(generation.provider.core(), "CreateKey", [&] {
    complete(generation);
    made =
        std::make_unique<Key>(describe_key(generation.provider.core(),
                                           generation.provider.service(), create(generation), true))
            .release();
  });
  return made;
}

void free_generation(void* generation) {
  delete static_cast<Generation*>(generation);
}

}  // namespace trent::provider
