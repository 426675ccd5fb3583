// SPDX-License-Identifier: Apache-2.0
// From the templates of C_GenerateKeyPair to KMS's words.
#include "pkcs11/new_key_pair.h"

#include <algorithm>
#include <array>

#include "hsm/key_kind.h"
#include "kms/key_spec.h"

namespace trent::pkcs11 {

namespace {

constexpr std::array kSpecs{kms::KeySpec::Rsa2048,       kms::KeySpec::Rsa3072,
                            kms::KeySpec::Rsa4096,       kms::KeySpec::EccNistP256,
                            kms::KeySpec::EccNistP384,   kms::KeySpec::EccNistP521,
                            kms::KeySpec::EccSecgP256k1, kms::KeySpec::EccNistEdwards25519};

kms::KeySpec spec_of(CK_MECHANISM_TYPE mechanism, Template public_key) {
  const auto bits = number_in(public_key, CKA_MODULUS_BITS);
  const CK_ATTRIBUTE* curve = find_attribute(public_key, CKA_EC_PARAMS);
  bool is_known = false;
  for (const kms::KeySpec spec : kSpecs) {
    const hsm::KeyPairKind& kind = *kms::key_spec(spec).key_pair;
    if (kind.generation != mechanism) continue;
    is_known = true;
    const bool is_rsa = kind.type == CKK_RSA;
    if (is_rsa ? bits == kind.modulus_bits
               : curve != nullptr && as_text(value_of(*curve)) == kind.curve)
      return spec;
  }
  require(is_known, CKR_MECHANISM_INVALID);
  require(bits || curve != nullptr, CKR_TEMPLATE_INCOMPLETE);
  throw Failure(bits ? CKR_KEY_SIZE_RANGE : CKR_DOMAIN_PARAMS_INVALID);
}

// The uses that are asked for, each with what it stands beside in the other template.
struct Uses {
  bool sign = false;
  bool decrypt = false;
  bool derive = false;
  bool other = false;

  // The one that KMS keys have; nullopt: none, or several.
  std::optional<kms::KeyUsage> only() const {
    if (other || sign + decrypt + derive != 1) return std::nullopt;
    return sign      ? kms::KeyUsage::SignVerify
           : decrypt ? kms::KeyUsage::EncryptDecrypt
                     : kms::KeyUsage::KeyAgreement;
  }
};

bool is_true(const CK_ATTRIBUTE& attribute) {
  require(attribute.ulValueLen == sizeof(CK_BBOOL), CKR_ATTRIBUTE_VALUE_INVALID);
  return *static_cast<const CK_BBOOL*>(attribute.pValue) == CK_TRUE;
}

void require_flag(const CK_ATTRIBUTE& attribute, bool wanted) {
  require(is_true(attribute) == wanted, CKR_TEMPLATE_INCONSISTENT);
}

void read(const CK_ATTRIBUTE& attribute, CK_OBJECT_CLASS object_class, const hsm::KeyPairKind& kind,
          Uses& uses, ByteView& label) {
  const auto require_number = [&](CK_ULONG wanted) {
    CK_ATTRIBUTE copy = attribute;
    require(number_in({&copy, 1}, attribute.type) == wanted, CKR_TEMPLATE_INCONSISTENT);
  };
  switch (attribute.type) {
    case CKA_CLASS:
      return require_number(object_class);
    case CKA_KEY_TYPE:
      return require_number(kind.type);
    case CKA_MODULUS_BITS:
    case CKA_EC_PARAMS:
      return require(object_class == CKO_PUBLIC_KEY, CKR_TEMPLATE_INCONSISTENT);
    case CKA_PUBLIC_EXPONENT: {
      ByteView exponent = value_of(attribute);
      while (!exponent.empty() && exponent.front() == 0) exponent = exponent.subspan(1);
      return require(std::ranges::equal(exponent, hsm::kPublicExponent), CKR_TEMPLATE_INCONSISTENT);
    }
    case CKA_SIGN:
    case CKA_VERIFY:
      uses.sign = uses.sign || is_true(attribute);
      return;
    case CKA_DECRYPT:
    case CKA_ENCRYPT:
      uses.decrypt = uses.decrypt || is_true(attribute);
      return;
    case CKA_DERIVE:
      uses.derive = uses.derive || is_true(attribute);
      return;
    case CKA_WRAP:
    case CKA_UNWRAP:
    case CKA_SIGN_RECOVER:
    case CKA_VERIFY_RECOVER:
      uses.other = uses.other || is_true(attribute);
      return;
    case CKA_LABEL:
      require(label.empty() || std::ranges::equal(label, value_of(attribute)),
              CKR_TEMPLATE_INCONSISTENT);
      label = value_of(attribute);
      return;
    case CKA_ID:  // it is the key id, which is random
      return require(attribute.ulValueLen == 0, CKR_ATTRIBUTE_READ_ONLY);
    case CKA_SUBJECT:
    case CKA_START_DATE:
    case CKA_END_DATE:
      return require(attribute.ulValueLen == 0, CKR_TEMPLATE_INCONSISTENT);
    case CKA_EXTRACTABLE:
    case CKA_COPYABLE:
    case CKA_TRUSTED:
    case CKA_WRAP_WITH_TRUSTED:
    case CKA_ALWAYS_AUTHENTICATE:
      return require_flag(attribute, false);
    case CKA_TOKEN:
      return require_flag(attribute, true);
    case CKA_PRIVATE:
    case CKA_SENSITIVE:
    case CKA_MODIFIABLE:
    case CKA_DESTROYABLE:
      return;
    default:
      throw Failure(CKR_ATTRIBUTE_TYPE_INVALID);
  }
}

}  // namespace

NewKeyPair requested_key_pair(CK_MECHANISM_TYPE mechanism, Template public_key,
                              Template private_key) {
  const kms::KeySpec spec = spec_of(mechanism, public_key);
  const hsm::KeyPairKind& kind = *kms::key_spec(spec).key_pair;
  Uses uses;
  NewKeyPair pair;
  for (const CK_ATTRIBUTE& each : public_key) read(each, CKO_PUBLIC_KEY, kind, uses, pair.label);
  for (const CK_ATTRIBUTE& each : private_key) read(each, CKO_PRIVATE_KEY, kind, uses, pair.label);
  // Curves sign, if nothing else is said; an RSA key may do two things.
  if (kind.type != CKK_RSA && !uses.decrypt && !uses.derive && !uses.other) uses.sign = true;
  const auto usage = uses.only();
  require(usage && std::ranges::count(kms::key_spec(spec).usages, *usage) != 0,
          CKR_TEMPLATE_INCONSISTENT);
  pair.spec = catalog::wire_name(spec);
  pair.usage = catalog::wire_name(*usage);
  return pair;
}

}  // namespace trent::pkcs11
