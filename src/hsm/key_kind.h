// SPDX-License-Identifier: Apache-2.0
// What keys are in the token, in the words of PKCS#11. One row for each kind that Trent makes.
#pragma once

#include <p11-kit/pkcs11.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "hsm/attributes.h"

namespace trent::hsm {

// A secret key, or the private one of a pair.
struct KeyKind {
  CK_OBJECT_CLASS object_class;
  CK_KEY_TYPE type;
  std::string_view type_name;    // as it is told to a person
  CK_ULONG length;               // CKA_VALUE_LEN; 0: it has none
  CK_MECHANISM_TYPE generation;  // C_GenerateKey, C_GenerateKeyPair
  Usage usage;                   // what it may do, and nothing else
  // By which it does it, and by no other.
  std::span<const CK_MECHANISM_TYPE> mechanisms;
  // Somebody else made it: it may do more, or by more mechanisms, or less than all of that.
  bool adopted = false;
  // There is another object of its name, which has another type: see enforced_key.h.
  bool has_companion = false;
  // It can be taken to another token: see key_copy.h.
  bool extractable = false;
};

namespace detail {
template <std::size_t N>
constexpr std::string_view bytes(const char (&text)[N]) {
  return {text, N - 1};
}

inline constexpr std::array<CK_MECHANISM_TYPE, 1> kDerivation{CKM_AES_ECB_ENCRYPT_DATA};
inline constexpr std::array<CK_MECHANISM_TYPE, 1> kHmac224{CKM_SHA224_HMAC};
inline constexpr std::array<CK_MECHANISM_TYPE, 1> kHmac256{CKM_SHA256_HMAC};
inline constexpr std::array<CK_MECHANISM_TYPE, 1> kHmac384{CKM_SHA384_HMAC};
inline constexpr std::array<CK_MECHANISM_TYPE, 1> kHmac512{CKM_SHA512_HMAC};

constexpr KeyKind hmac_key(CK_ULONG length, std::span<const CK_MECHANISM_TYPE> mechanisms) {
  return {.object_class = CKO_SECRET_KEY,
          .type = CKK_GENERIC_SECRET,
          .type_name = "generic secret",
          .length = length,
          .generation = CKM_GENERIC_SECRET_KEY_GEN,
          .usage = {.sign = true},
          .mechanisms = mechanisms};
}
}  // namespace detail

inline constexpr KeyKind kBaseKey{.object_class = CKO_SECRET_KEY,
                                  .type = CKK_AES,
                                  .type_name = "AES",
                                  .length = 32,
                                  .generation = CKM_AES_KEY_GEN,
                                  .usage = {.derive = true},
                                  .mechanisms = detail::kDerivation};
// Of an enforced key (enforced_key.h). Its mechanism is RFC 5649, whichever number the token has
// for that.
inline constexpr KeyKind kEnforcedKey{.object_class = CKO_SECRET_KEY,
                                      .type = CKK_AES,
                                      .type_name = "AES",
                                      .length = 32,
                                      .generation = CKM_AES_KEY_GEN,
                                      .usage = {.wrap = true, .unwrap = true},
                                      .mechanisms = {},
                                      .has_companion = true};
inline constexpr KeyKind kHmac224Key = detail::hmac_key(28, detail::kHmac224);
inline constexpr KeyKind kHmac256Key = detail::hmac_key(32, detail::kHmac256);
inline constexpr KeyKind kHmac384Key = detail::hmac_key(48, detail::kHmac384);
inline constexpr KeyKind kHmac512Key = detail::hmac_key(64, detail::kHmac512);

// A key pair, whatever it is used for.
struct KeyPairKind {
  CK_KEY_TYPE type;
  std::string_view type_name;
  CK_MECHANISM_TYPE generation;
  CK_ULONG modulus_bits = 0;  // of RSA
  // CKA_EC_PARAMS of the others: a DER OBJECT IDENTIFIER (RFC 5480, RFC 8410); and the length of a
  // point in bytes, uncompressed.
  std::string_view curve{};
  std::size_t point_size = 0;
};

inline constexpr KeyPairKind kRsa2048{CKK_RSA, "RSA", CKM_RSA_PKCS_KEY_PAIR_GEN, 2048};
inline constexpr KeyPairKind kRsa3072{CKK_RSA, "RSA", CKM_RSA_PKCS_KEY_PAIR_GEN, 3072};
inline constexpr KeyPairKind kRsa4096{CKK_RSA, "RSA", CKM_RSA_PKCS_KEY_PAIR_GEN, 4096};
inline constexpr KeyPairKind kP256{
    CKK_EC, "EC", CKM_EC_KEY_PAIR_GEN, 0, detail::bytes("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"),
    65};
inline constexpr KeyPairKind kP384{
    CKK_EC, "EC", CKM_EC_KEY_PAIR_GEN, 0, detail::bytes("\x06\x05\x2b\x81\x04\x00\x22"), 97};
inline constexpr KeyPairKind kP521{
    CKK_EC, "EC", CKM_EC_KEY_PAIR_GEN, 0, detail::bytes("\x06\x05\x2b\x81\x04\x00\x23"), 133};
inline constexpr KeyPairKind kP256k1{
    CKK_EC, "EC", CKM_EC_KEY_PAIR_GEN, 0, detail::bytes("\x06\x05\x2b\x81\x04\x00\x0a"), 65};
// Numbers of PKCS#11 3.0, which p11-kit's header does not have.
inline constexpr CK_KEY_TYPE kEdwardsKey = 0x40;
inline constexpr CK_MECHANISM_TYPE kEdwardsKeyPairGen = 0x1055;
inline constexpr CK_MECHANISM_TYPE kEddsa = 0x1057;
inline constexpr KeyPairKind kEd25519{
    kEdwardsKey, "Edwards", kEdwardsKeyPairGen, 0, detail::bytes("\x06\x03\x2b\x65\x70"), 32};

// Of every RSA key: 65537, as KMS has it.
inline constexpr std::array<std::uint8_t, 3> kPublicExponent{1, 0, 1};

enum class PairUse { EncryptDecrypt, SignVerify, KeyAgreement };

// The private key of such a pair.
KeyKind private_key_kind(const KeyPairKind& pair, PairUse use);

// The template of a new key, without label, id and restriction.
void add_key_attributes(Attributes& attributes, const KeyKind& kind, bool on_token);

// CKA_ALLOWED_MECHANISMS. `kind` must outlive the template.
void add_allowed_mechanisms(Attributes& attributes, const KeyKind& kind);

}  // namespace trent::hsm
