// SPDX-License-Identifier: Apache-2.0
// Templates of the keys that Trent makes in the token.
#include "hsm/key_kind.h"

namespace trent::hsm {

namespace {

// Decrypt removes the padding of what the token has decrypted raw, where the token can do that: it
// is the one way that does not mix up its own faults with those of the ciphertext.
constexpr std::array<CK_MECHANISM_TYPE, 2> kRsaDecryption{CKM_RSA_PKCS_OAEP, CKM_RSA_X_509};
constexpr std::array<CK_MECHANISM_TYPE, 2> kRsaSignature{CKM_RSA_PKCS, CKM_RSA_PKCS_PSS};
constexpr std::array<CK_MECHANISM_TYPE, 1> kEcdsaSignature{CKM_ECDSA};
constexpr std::array<CK_MECHANISM_TYPE, 1> kEddsaSignature{kEddsa};
constexpr std::array<CK_MECHANISM_TYPE, 1> kAgreement{CKM_ECDH1_DERIVE};

std::span<const CK_MECHANISM_TYPE> mechanisms_of(const KeyPairKind& pair, PairUse use) {
  if (use == PairUse::KeyAgreement) return kAgreement;
  if (use == PairUse::EncryptDecrypt) return kRsaDecryption;
  if (pair.type == CKK_RSA) return kRsaSignature;
  if (pair.type == kEdwardsKey) return kEddsaSignature;
  return kEcdsaSignature;
}

}  // namespace

KeyKind private_key_kind(const KeyPairKind& pair, PairUse use) {
  return {.object_class = CKO_PRIVATE_KEY,
          .type = pair.type,
          .type_name = pair.type_name,
          .length = 0,
          .generation = pair.generation,
          .usage = {.decrypt = use == PairUse::EncryptDecrypt,
                    .sign = use == PairUse::SignVerify,
                    .unwrap = use == PairUse::EncryptDecrypt,
                    .derive = use == PairUse::KeyAgreement},
          .mechanisms = mechanisms_of(pair, use)};
}

void add_key_attributes(Attributes& attributes, const KeyKind& kind, bool on_token) {
  attributes.number(CKA_CLASS, kind.object_class)
      .number(CKA_KEY_TYPE, kind.type)
      .flag(CKA_TOKEN, on_token)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, kind.extractable);
  if (kind.length != 0) attributes.number(CKA_VALUE_LEN, kind.length);
  if (kind.object_class == CKO_PRIVATE_KEY)
    // It has no more: SoftHSM refuses to be told of others.
    attributes.flag(CKA_DECRYPT, kind.usage.decrypt)
        .flag(CKA_SIGN, kind.usage.sign)
        .flag(CKA_UNWRAP, kind.usage.unwrap)
        .flag(CKA_DERIVE, kind.usage.derive);
  else
    add_usage(attributes, kind.usage);
}

void add_allowed_mechanisms(Attributes& attributes, const KeyKind& kind) {
  attributes.bytes(CKA_ALLOWED_MECHANISMS,
                   {reinterpret_cast<const std::uint8_t*>(kind.mechanisms.data()),
                    kind.mechanisms.size_bytes()});
}

}  // namespace trent::hsm
