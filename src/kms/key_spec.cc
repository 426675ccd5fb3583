// SPDX-License-Identifier: Apache-2.0
// The key specs that Trent has (KMS Developer Guide, "Key spec reference").
#include "kms/key_spec.h"

#include <algorithm>

#include "kms/model/shapes.h"

namespace trent::kms {

namespace {

template <class Enum>
constexpr bool has_all_names(const model::Shape& shape) {
  return std::ranges::all_of(catalog::kWireNames<Enum>, [&](std::string_view name) {
    return std::ranges::find(shape.values, name) != shape.values.end();
  });
}
static_assert(has_all_names<catalog::KeyState>(model::kKeyState));
static_assert(has_all_names<KeyUsage>(model::kKeyUsage));
static_assert(has_all_names<KeySpec>(model::kKeySpec));
static_assert(has_all_names<KeyOrigin>(model::kOrigin));

constexpr KeyUsage kEncryption[] = {KeyUsage::EncryptDecrypt};
constexpr KeyUsage kRsaUsages[] = {KeyUsage::EncryptDecrypt, KeyUsage::SignVerify};
constexpr KeyUsage kSignature[] = {KeyUsage::SignVerify};
constexpr KeyUsage kNistUsages[] = {KeyUsage::SignVerify, KeyUsage::KeyAgreement};
constexpr KeyUsage kMac[] = {KeyUsage::GenerateVerifyMac};

constexpr std::string_view kSymmetricAlgorithms[] = {"SYMMETRIC_DEFAULT"};
constexpr std::string_view kOaep[] = {"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"};
constexpr std::string_view kRsaSignature[] = {
    "RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
    "RSASSA_PSS_SHA_256",        "RSASSA_PSS_SHA_384",        "RSASSA_PSS_SHA_512"};
constexpr std::string_view kEcdsa256[] = {"ECDSA_SHA_256"};
constexpr std::string_view kEcdsa384[] = {"ECDSA_SHA_384"};
constexpr std::string_view kEcdsa512[] = {"ECDSA_SHA_512"};
// KMS has ED25519_PH_SHA_512 as well.
constexpr std::string_view kEd25519[] = {"ED25519_SHA_512"};
constexpr std::string_view kEcdh[] = {"ECDH"};
constexpr std::string_view kHmac224[] = {"HMAC_SHA_224"};
constexpr std::string_view kHmac256[] = {"HMAC_SHA_256"};
constexpr std::string_view kHmac384[] = {"HMAC_SHA_384"};
constexpr std::string_view kHmac512[] = {"HMAC_SHA_512"};

constexpr KeySpecRow rsa(KeySpec spec, const hsm::KeyPairKind& kind) {
  return {.spec = spec,
          .usages = kRsaUsages,
          .default_usage = {},
          .encryption = kOaep,
          .signing = kRsaSignature,
          .key_pair = &kind};
}
constexpr KeySpecRow nist(KeySpec spec, Algorithms signing, const hsm::KeyPairKind& kind) {
  return {.spec = spec,
          .usages = kNistUsages,
          .default_usage = {},
          .signing = signing,
          .key_agreement = kEcdh,
          .key_pair = &kind};
}
constexpr KeySpecRow signing(KeySpec spec, Algorithms algorithms, const hsm::KeyPairKind& kind) {
  return {.spec = spec,
          .usages = kSignature,
          .default_usage = {},
          .signing = algorithms,
          .key_pair = &kind};
}
constexpr KeySpecRow hmac(KeySpec spec, Algorithms algorithms, const hsm::KeyKind& kind) {
  return {
      .spec = spec, .usages = kMac, .default_usage = {}, .mac = algorithms, .secret_key = &kind};
}

constexpr KeySpecRow kRows[] = {{.spec = KeySpec::SymmetricDefault,
                                 .usages = kEncryption,
                                 .default_usage = KeyUsage::EncryptDecrypt,
                                 .encryption = kSymmetricAlgorithms,
                                 .secret_key = &hsm::kBaseKey},
                                rsa(KeySpec::Rsa2048, hsm::kRsa2048),
                                rsa(KeySpec::Rsa3072, hsm::kRsa3072),
                                rsa(KeySpec::Rsa4096, hsm::kRsa4096),
                                nist(KeySpec::EccNistP256, kEcdsa256, hsm::kP256),
                                nist(KeySpec::EccNistP384, kEcdsa384, hsm::kP384),
                                nist(KeySpec::EccNistP521, kEcdsa512, hsm::kP521),
                                signing(KeySpec::EccSecgP256k1, kEcdsa256, hsm::kP256k1),
                                signing(KeySpec::EccNistEdwards25519, kEd25519, hsm::kEd25519),
                                hmac(KeySpec::Hmac224, kHmac224, hsm::kHmac224Key),
                                hmac(KeySpec::Hmac256, kHmac256, hsm::kHmac256Key),
                                hmac(KeySpec::Hmac384, kHmac384, hsm::kHmac384Key),
                                hmac(KeySpec::Hmac512, kHmac512, hsm::kHmac512Key)};
static_assert(std::size(kRows) == catalog::kWireNames<KeySpec>.size());

}  // namespace

Algorithms KeySpecRow::algorithms(KeyUsage usage) const {
  switch (usage) {
    case KeyUsage::EncryptDecrypt:
      return encryption;
    case KeyUsage::SignVerify:
      return signing;
    case KeyUsage::KeyAgreement:
      return key_agreement;
    case KeyUsage::GenerateVerifyMac:
      break;
  }
  return mac;
}

const KeySpecRow& key_spec(KeySpec spec) {
  return *std::ranges::find(kRows, spec, &KeySpecRow::spec);
}

std::span<const KeySpecRow> key_specs() {
  return kRows;
}

}  // namespace trent::kms
