// SPDX-License-Identifier: Apache-2.0
// The attributes of KMS keys.
#include "pkcs11/kms_attributes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "base/encoding.h"
#include "base/public_key.h"
#include "base/uuid.h"
#include "hsm/public_key_object.h"
#include "kms/key_spec.h"
#include "pkcs11/agreement.h"
#include "pkcs11/kms_key.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/signature.h"

namespace trent::pkcs11 {

namespace {

// PKCS#11 3.0, which p11-kit's header does not have.
constexpr CK_ATTRIBUTE_TYPE kPublicKeyInfo = 0x129;

template <class Number>
Bytes number(Number value) {
  Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

Bytes flag(bool value) {
  return number<CK_BBOOL>(value ? CK_TRUE : CK_FALSE);
}

Bytes text(std::string_view value) {
  return {value.begin(), value.end()};
}

Bytes numbers(std::span<const CK_MECHANISM_TYPE> types) {
  Bytes out;
  for (const CK_MECHANISM_TYPE type : types)
    std::ranges::copy(number(type), std::back_inserter(out));
  return out;
}

// The 16 bytes of the UUID.
Bytes id_of(const std::string& key_id) {
  // Of a multi-Region key, the 16 bytes that its id has after the prefix.
  if (catalog::is_multi_region(key_id))
    return from_hex(key_id.substr(catalog::kMultiRegionPrefix.size())).value_or(Bytes{});
  const auto uuid = parse_uuid(key_id);
  return uuid ? Bytes(uuid->begin(), uuid->end()) : Bytes{};
}

// What an enforced key does not do: it encrypts, and nothing else (docs/enforced-keys.md).
bool enforcement_forbids(CK_ATTRIBUTE_TYPE type) {
  return type == CKA_DECRYPT || type == CKA_WRAP || type == CKA_UNWRAP;
}

// Of every key, whatever it is.
std::optional<Bytes> any_keys_attribute(CK_ATTRIBUTE_TYPE type) {
  switch (type) {
    case CKA_START_DATE:
    case CKA_END_DATE:
      return Bytes{};
    case CKA_TOKEN:
    case CKA_PRIVATE:
    case CKA_MODIFIABLE:
    case CKA_LOCAL:
    case CKA_TRENT_KMS_KEY:
      return flag(true);
    case CKA_COPYABLE:
      return flag(false);
    default:
      return std::nullopt;
  }
}

// Of one that holds a secret, which stays in the token.
std::optional<Bytes> secret_holders_attribute(CK_ATTRIBUTE_TYPE type) {
  switch (type) {
    case CKA_DESTROYABLE:
    case CKA_SENSITIVE:
    case CKA_ALWAYS_SENSITIVE:
    case CKA_NEVER_EXTRACTABLE:
      return flag(true);
    case CKA_EXTRACTABLE:
    case CKA_WRAP_WITH_TRUSTED:
    case CKA_ALWAYS_AUTHENTICATE:
      return flag(false);
    default:
      return any_keys_attribute(type);
  }
}

// Of what is no symmetric key: one use, by the mechanisms of the standard.
Bytes allowed_mechanisms(const kms::KeyMetadata& key) {
  if (!key.encryption_algorithms.empty()) return number<CK_MECHANISM_TYPE>(CKM_RSA_PKCS_OAEP);
  if (!key.key_agreement_algorithms.empty()) return numbers(kAgreementMechanisms);
  return numbers(signing_mechanisms(key));
}

std::optional<Bytes> hmac_attribute(const hsm::KeyKind& kind, const kms::KeyMetadata& key,
                                    CK_ATTRIBUTE_TYPE type) {
  switch (type) {
    case CKA_CLASS:
      return number<CK_OBJECT_CLASS>(CKO_SECRET_KEY);
    case CKA_KEY_TYPE:
      return number<CK_KEY_TYPE>(kind.type);
    case CKA_VALUE_LEN:
      return number<CK_ULONG>(kind.length);
    case CKA_KEY_GEN_MECHANISM:
      return number<CK_MECHANISM_TYPE>(kind.generation);
    case CKA_ALLOWED_MECHANISMS:
      return allowed_mechanisms(key);
    case CKA_SIGN:
    case CKA_VERIFY:
      return flag(true);
    case CKA_ENCRYPT:
    case CKA_DECRYPT:
    case CKA_WRAP:
    case CKA_UNWRAP:
    case CKA_DERIVE:
    case CKA_TRUSTED:
      return flag(false);
    default:
      return secret_holders_attribute(type);
  }
}

// The public key as its type shows it, in either object.
std::optional<Bytes> numbers_of_pair(const hsm::KeyPairKind& kind, const PublicKey& key,
                                     KeyPart part, CK_ATTRIBUTE_TYPE type) {
  const bool is_rsa = kind.type == CKK_RSA;
  switch (type) {
    case CKA_MODULUS:
      return is_rsa ? std::optional(key.modulus()) : std::nullopt;
    case CKA_PUBLIC_EXPONENT:
      return is_rsa ? std::optional(key.exponent()) : std::nullopt;
    case CKA_MODULUS_BITS:
      return is_rsa && part == KeyPart::Public ? std::optional(number(kind.modulus_bits))
                                               : std::nullopt;
    case CKA_EC_PARAMS:
      return is_rsa ? std::nullopt : std::optional(text(kind.curve));
    case CKA_EC_POINT:
      if (is_rsa || part != KeyPart::Public) return std::nullopt;
      return hsm::octet_string(ByteView(key.der()).last(kind.point_size));
    case kPublicKeyInfo:
      return key.der();
    default:
      return std::nullopt;
  }
}

std::optional<Bytes> pair_attribute(const hsm::KeyPairKind& kind, const kms::KeyMetadata& key,
                                    KeyPart part, CK_ATTRIBUTE_TYPE type) {
  const bool is_private = part == KeyPart::Private;
  const auto usage = kms::from_wire_name<kms::KeyUsage>(key.key_usage);
  switch (type) {
    case CKA_CLASS:
      return number<CK_OBJECT_CLASS>(is_private ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY);
    case CKA_KEY_TYPE:
      return number<CK_KEY_TYPE>(kind.type);
    case CKA_KEY_GEN_MECHANISM:
      return number<CK_MECHANISM_TYPE>(kind.generation);
    case CKA_ALLOWED_MECHANISMS:
      return allowed_mechanisms(key);
    case CKA_SUBJECT:
      return Bytes{};
    case CKA_SIGN:
    case CKA_VERIFY:
      if (is_private != (type == CKA_SIGN)) return std::nullopt;
      return flag(usage == kms::KeyUsage::SignVerify);
    case CKA_DECRYPT:
    case CKA_ENCRYPT:
      if (is_private != (type == CKA_DECRYPT)) return std::nullopt;
      return flag(usage == kms::KeyUsage::EncryptDecrypt);
    case CKA_SIGN_RECOVER:
    case CKA_UNWRAP:
      return is_private ? std::optional(flag(false)) : std::nullopt;
    case CKA_VERIFY_RECOVER:
    case CKA_WRAP:
    case CKA_TRUSTED:
      return is_private ? std::nullopt : std::optional(flag(false));
    case CKA_DERIVE:
      return flag(is_private && usage == kms::KeyUsage::KeyAgreement);
    default:
      break;
  }
  if (auto value = numbers_of_pair(kind, *key.public_key, part, type)) return value;
  if (is_private) return secret_holders_attribute(type);
  // It goes with the private key.
  return type == CKA_DESTROYABLE ? std::optional(flag(false)) : any_keys_attribute(type);
}

}  // namespace

std::optional<Bytes> symmetric_attribute(CK_ATTRIBUTE_TYPE type) {
  switch (type) {
    case CKA_CLASS:
      return number<CK_OBJECT_CLASS>(kms_key_kind().object_class);
    case CKA_KEY_TYPE:
      return number<CK_KEY_TYPE>(kms_key_kind().type);
    case CKA_VALUE_LEN:
      return number<CK_ULONG>(kms_key_kind().length);
    case CKA_KEY_GEN_MECHANISM:
      return number<CK_MECHANISM_TYPE>(kms_key_kind().generation);
    case CKA_ALLOWED_MECHANISMS: {
      Bytes types;
      for (const TrentMechanism& mechanism : kTrentMechanisms)
        std::ranges::copy(number(mechanism.type), std::back_inserter(types));
      return types;
    }
    case CKA_ENCRYPT:
    case CKA_DECRYPT:
    case CKA_WRAP:
    case CKA_UNWRAP:
      return flag(true);
    case CKA_DERIVE:
    case CKA_SIGN:
    case CKA_VERIFY:
    case CKA_TRUSTED:
      return flag(false);
    default:
      return secret_holders_attribute(type);
  }
}

std::span<const KeyPart> parts_of(const kms::KeyMetadata& key) {
  static constexpr std::array kPair{KeyPart::Private, KeyPart::Public};
  static constexpr std::array kSecret{KeyPart::Secret};
  if (key.public_key) return kPair;
  // One that waits for its material to be imported.
  if (spec_of(key).key_pair != nullptr) return {};
  return kSecret;
}

std::optional<Bytes> attribute_of(Slot& slot, const kms::KeyMetadata& key, KeyPart part,
                                  CK_ATTRIBUTE_TYPE type) {
  switch (type) {
    case CKA_LABEL:
      return text(slot.label(key.key_id));
    case CKA_ID:
      return id_of(key.key_id);
    case kAttributeUniqueId:
      // No two objects have the same.
      return text(part == KeyPart::Public ? key.arn + "/public" : key.arn);
    case CKA_TRENT_KEY_ARN:
      return text(key.arn);
    case CKA_TRENT_KEY_STATE:
      return text(key.key_state);
    case CKA_TRENT_KEY_MATERIAL_ID:
      if (key.current_key_material_id.empty()) return std::nullopt;
      return from_hex(key.current_key_material_id);
    case CKA_TRENT_ENFORCED:
      return flag(slot.is_enforced(key));
    default:
      break;
  }
  const kms::KeySpecRow& row = spec_of(key);
  if (row.key_pair != nullptr) return pair_attribute(*row.key_pair, key, part, type);
  if (row.spec != kms::KeySpec::SymmetricDefault) return hmac_attribute(*row.secret_key, key, type);
  if (enforcement_forbids(type) && slot.is_enforced(key)) return flag(false);
  return symmetric_attribute(type);
}

bool is_secret_attribute(CK_ATTRIBUTE_TYPE type) {
  switch (type) {
    case CKA_VALUE:
    case CKA_PRIVATE_EXPONENT:
    case CKA_PRIME_1:
    case CKA_PRIME_2:
    case CKA_EXPONENT_1:
    case CKA_EXPONENT_2:
    case CKA_COEFFICIENT:
      return true;
    default:
      return false;
  }
}

bool may_match(const CK_ATTRIBUTE& wanted) {
  const ByteView value(static_cast<const CK_BYTE*>(wanted.pValue), wanted.ulValueLen);
  const auto is = [&](const Bytes& other) { return std::ranges::equal(value, other); };
  if (wanted.type == CKA_CLASS)
    return is(number<CK_OBJECT_CLASS>(CKO_SECRET_KEY)) ||
           is(number<CK_OBJECT_CLASS>(CKO_PRIVATE_KEY)) ||
           is(number<CK_OBJECT_CLASS>(CKO_PUBLIC_KEY));
  const auto common = any_keys_attribute(wanted.type);
  return !common || is(*common);
}

}  // namespace trent::pkcs11
