// SPDX-License-Identifier: Apache-2.0
// What a key is and may do, in KMS's enumerations: the values that Trent has, under KMS's names,
// which the records have too.
#pragma once

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string_view>

namespace trent::catalog {

// PendingReplicaDeletion: of a primary key, until its replicas are gone.
enum class KeyState { Enabled, Disabled, PendingDeletion, PendingImport, PendingReplicaDeletion };
constexpr bool is_pending_deletion(KeyState state) {
  return state == KeyState::PendingDeletion || state == KeyState::PendingReplicaDeletion;
}
enum class KeyUsage { EncryptDecrypt, SignVerify, GenerateVerifyMac, KeyAgreement };
enum class KeySpec {
  SymmetricDefault,
  Rsa2048,
  Rsa3072,
  Rsa4096,
  EccNistP256,
  EccNistP384,
  EccNistP521,
  EccSecgP256k1,
  EccNistEdwards25519,
  Hmac224,
  Hmac256,
  Hmac384,
  Hmac512
};
// Whether such a key has a public and a private half.
constexpr bool is_key_pair(KeySpec spec) {
  return spec >= KeySpec::Rsa2048 && spec <= KeySpec::EccNistEdwards25519;
}
enum class KeyOrigin { AwsKms, External, ExternalKeyStore };
enum class RotationType { Automatic, OnDemand };

// Whether such an id is that of a multi-Region key: it is one for ever, in each of its regions.
inline constexpr std::string_view kMultiRegionPrefix = "mrk-";
constexpr bool is_multi_region(std::string_view key_id) {
  return key_id.starts_with(kMultiRegionPrefix);
}

// The names of an enumeration, in its order.
template <class Enum>
inline constexpr std::array<std::string_view, 0> kWireNames{};
template <>
inline constexpr std::array<std::string_view, 5> kWireNames<KeyState>{
    "Enabled", "Disabled", "PendingDeletion", "PendingImport", "PendingReplicaDeletion"};
template <>
inline constexpr std::array<std::string_view, 4> kWireNames<KeyUsage>{
    "ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"};
template <>
inline constexpr std::array<std::string_view, 13> kWireNames<KeySpec>{
    "SYMMETRIC_DEFAULT", "RSA_2048",        "RSA_3072",
    "RSA_4096",          "ECC_NIST_P256",   "ECC_NIST_P384",
    "ECC_NIST_P521",     "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519",
    "HMAC_224",          "HMAC_256",        "HMAC_384",
    "HMAC_512"};
template <>
inline constexpr std::array<std::string_view, 3> kWireNames<KeyOrigin>{"AWS_KMS", "EXTERNAL",
                                                                       "EXTERNAL_KEY_STORE"};
template <>
inline constexpr std::array<std::string_view, 2> kWireNames<RotationType>{"AUTOMATIC", "ON_DEMAND"};

template <class Enum>
constexpr std::string_view wire_name(Enum value) {
  return kWireNames<Enum>[static_cast<std::size_t>(value)];
}

// nullopt: a value that Trent does not have.
template <class Enum>
constexpr std::optional<Enum> from_wire_name(std::string_view name) {
  const auto& names = kWireNames<Enum>;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(std::distance(names.begin(), found));
}

}  // namespace trent::catalog
