// SPDX-License-Identifier: Apache-2.0
// The shapes of AWS's service model that Trent's operations have, with the model's names and
// limits.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "kms/model/shape.h"

namespace trent::kms::model {

namespace detail {

using Names = std::string_view;

inline constexpr std::array kDataKeySpecs{Names("AES_256"), Names("AES_128")};
inline constexpr std::array kEncryptionAlgorithms{Names("SYMMETRIC_DEFAULT"),
                                                  Names("RSAES_OAEP_SHA_1"),
                                                  Names("RSAES_OAEP_SHA_256"), Names("SM2PKE")};
inline constexpr std::array kKeyManagers{Names("AWS"), Names("CUSTOMER")};
inline constexpr std::array kKeySpecs{Names("RSA_2048"),
                                      Names("RSA_3072"),
                                      Names("RSA_4096"),
                                      Names("ECC_NIST_P256"),
                                      Names("ECC_NIST_P384"),
                                      Names("ECC_NIST_P521"),
                                      Names("ECC_SECG_P256K1"),
                                      Names("SYMMETRIC_DEFAULT"),
                                      Names("HMAC_224"),
                                      Names("HMAC_256"),
                                      Names("HMAC_384"),
                                      Names("HMAC_512"),
                                      Names("SM2"),
                                      Names("ML_DSA_44"),
                                      Names("ML_DSA_65"),
                                      Names("ML_DSA_87"),
                                      Names("ECC_NIST_EDWARDS25519")};
// The key specs that there were when the member got its new name, KeySpec.
inline constexpr auto kCustomerMasterKeySpecs = std::span(kKeySpecs).first<13>();
inline constexpr std::array kKeyStates{Names("Creating"),      Names("Enabled"),
                                       Names("Disabled"),      Names("PendingDeletion"),
                                       Names("PendingImport"), Names("PendingReplicaDeletion"),
                                       Names("Unavailable"),   Names("Updating")};
inline constexpr std::array kKeyUsages{Names("SIGN_VERIFY"), Names("ENCRYPT_DECRYPT"),
                                       Names("GENERATE_VERIFY_MAC"), Names("KEY_AGREEMENT")};
inline constexpr std::array kOrigins{Names("AWS_KMS"), Names("EXTERNAL"), Names("AWS_CLOUDHSM"),
                                     Names("EXTERNAL_KEY_STORE")};

inline constexpr std::array kSigningAlgorithms{Names("RSASSA_PSS_SHA_256"),
                                               Names("RSASSA_PSS_SHA_384"),
                                               Names("RSASSA_PSS_SHA_512"),
                                               Names("RSASSA_PKCS1_V1_5_SHA_256"),
                                               Names("RSASSA_PKCS1_V1_5_SHA_384"),
                                               Names("RSASSA_PKCS1_V1_5_SHA_512"),
                                               Names("ECDSA_SHA_256"),
                                               Names("ECDSA_SHA_384"),
                                               Names("ECDSA_SHA_512"),
                                               Names("SM2DSA"),
                                               Names("ML_DSA_SHAKE_256"),
                                               Names("ED25519_SHA_512"),
                                               Names("ED25519_PH_SHA_512")};
inline constexpr std::array kMacAlgorithms{Names("HMAC_SHA_224"), Names("HMAC_SHA_256"),
                                           Names("HMAC_SHA_384"), Names("HMAC_SHA_512")};
inline constexpr std::array kKeyAgreementAlgorithms{Names("ECDH")};
inline constexpr std::array kMessageTypes{Names("RAW"), Names("DIGEST"), Names("EXTERNAL_MU")};
inline constexpr std::array kDataKeyPairSpecs{
    Names("RSA_2048"),        Names("RSA_3072"),      Names("RSA_4096"),
    Names("ECC_NIST_P256"),   Names("ECC_NIST_P384"), Names("ECC_NIST_P521"),
    Names("ECC_SECG_P256K1"), Names("SM2"),           Names("ECC_NIST_EDWARDS25519")};

inline constexpr std::array kIncludeKeyMaterial{Names("ALL_KEY_MATERIAL"), Names("ROTATIONS_ONLY")};
inline constexpr std::array kKeyMaterialStates{Names("NON_CURRENT"), Names("CURRENT"),
                                               Names("PENDING_ROTATION"),
                                               Names("PENDING_MULTI_REGION_IMPORT_AND_ROTATION")};
inline constexpr std::array kWrappingAlgorithms{
    Names("RSAES_PKCS1_V1_5"),       Names("RSAES_OAEP_SHA_1"),         Names("RSAES_OAEP_SHA_256"),
    Names("RSA_AES_KEY_WRAP_SHA_1"), Names("RSA_AES_KEY_WRAP_SHA_256"), Names("SM2PKE")};
inline constexpr std::array kWrappingKeySpecs{Names("RSA_2048"), Names("RSA_3072"),
                                              Names("RSA_4096"), Names("SM2")};
inline constexpr std::array kExpirationModels{Names("KEY_MATERIAL_EXPIRES"),
                                              Names("KEY_MATERIAL_DOES_NOT_EXPIRE")};
inline constexpr std::array kImportTypes{Names("NEW_KEY_MATERIAL"), Names("EXISTING_KEY_MATERIAL")};
inline constexpr std::array kImportStates{Names("IMPORTED"), Names("PENDING_IMPORT")};
inline constexpr std::array kMultiRegionKeyTypes{Names("PRIMARY"), Names("REPLICA")};
inline constexpr std::array kRotationTypes{Names("AUTOMATIC"), Names("ON_DEMAND")};

// An enumeration, with a line of help.
constexpr Shape enumeration(std::string_view name, std::span<const std::string_view> values,
                            const char* help = "") {
  return {name, Type::Text, Shape::kNone, Shape::kNone, values, nullptr, false, {}, nullptr, help};
}
constexpr Shape list_of(std::string_view name, const Shape& member) {
  return {name, Type::List, Shape::kNone, Shape::kNone, {}, &member};
}

// The model's [\w]+ with the letters of ASCII.
inline bool is_word(std::string_view text) {
  for (const char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
      return false;
  return true;
}

// The model's ^([a-z]+-){2,3}\d+$
inline bool is_region(std::string_view text) {
  int words = 0;
  for (std::size_t end; (end = text.find('-')) != text.npos; text.remove_prefix(end + 1)) {
    ++words;
    if (end == 0 ||
        text.substr(0, end).find_first_not_of("abcdefghijklmnopqrstuvwxyz") != text.npos)
      return false;
  }
  return (words == 2 || words == 3) && !text.empty() &&
         text.find_first_not_of("0123456789") == text.npos;
}

}  // namespace detail

inline constexpr Shape kAwsAccountId{"AWSAccountIdType", Type::Text};
inline constexpr Shape kAliasName{"AliasNameType", Type::Text, 1,  256,     {},
                                  nullptr,         false,      {}, nullptr, "alias/NAME"};
inline constexpr Shape kAliasList{"AliasList", Type::List};
inline constexpr Shape kArn{"ArnType", Type::Text, 20, 2048};
inline constexpr Shape kBackingKeyId{"BackingKeyIdType", Type::Text, 64, 64};
inline constexpr Shape kBackingKeyIdResponse{"BackingKeyIdResponseType", Type::Text, 0, 64};
inline constexpr Shape kBoolean{"BooleanType", Type::Boolean};
inline constexpr Shape kCiphertext{
    "CiphertextType", Type::Blob, 1,  6144,    {},
    nullptr,          false,      {}, nullptr, "fileb://PATH, - (standard input) or base64"};
inline constexpr Shape kCustomerMasterKeySpec{"CustomerMasterKeySpec", Type::Text, Shape::kNone,
                                              Shape::kNone, detail::kCustomerMasterKeySpecs};
inline constexpr Shape kDataKeySpec{"DataKeySpec", Type::Text, Shape::kNone, Shape::kNone,
                                    detail::kDataKeySpecs};
inline constexpr Shape kDate{"DateType", Type::Timestamp};
inline constexpr Shape kDescription{
    "DescriptionType", Type::Text, 0, 8192, {}, nullptr, false, {}, nullptr, "What the key is for"};
inline constexpr Shape kEncryptionAlgorithm{"EncryptionAlgorithmSpec",
                                            Type::Text,
                                            Shape::kNone,
                                            Shape::kNone,
                                            detail::kEncryptionAlgorithms,
                                            nullptr,
                                            false,
                                            {},
                                            nullptr,
                                            "Default: SYMMETRIC_DEFAULT"};
inline constexpr Shape kEncryptionAlgorithmList{
    "EncryptionAlgorithmSpecList", Type::List, Shape::kNone, Shape::kNone, {},
    &kEncryptionAlgorithm};
inline constexpr Shape kEncryptionContext{"EncryptionContextType", Type::Map};
inline constexpr Shape kGrantToken{"GrantTokenType", Type::Text, 1, 8192};
inline constexpr Shape kGrantTokenList{"GrantTokenList",
                                       Type::List,
                                       0,
                                       10,
                                       {},
                                       &kGrantToken,
                                       false,
                                       {},
                                       nullptr,
                                       "Tokens of grants that are too new to be seen everywhere"};
inline constexpr Shape kKeyId{
    "KeyIdType", Type::Text, 1,  2048,    {},
    nullptr,     false,      {}, nullptr, "Key ID, key ARN, alias name (alias/NAME) or alias ARN"};
inline constexpr Shape kKeyList{"KeyList", Type::List};
inline constexpr Shape kKeyManager{"KeyManagerType", Type::Text, Shape::kNone, Shape::kNone,
                                   detail::kKeyManagers};
inline constexpr Shape kKeyMetadata{"KeyMetadata", Type::Structure};
inline constexpr Shape kKeySpec{"KeySpec", Type::Text, Shape::kNone, Shape::kNone,
                                detail::kKeySpecs};
inline constexpr Shape kKeyState{"KeyState", Type::Text, Shape::kNone, Shape::kNone,
                                 detail::kKeyStates};
inline constexpr Shape kKeyUsage{"KeyUsageType", Type::Text, Shape::kNone, Shape::kNone,
                                 detail::kKeyUsages};
inline constexpr Shape kLimit{"LimitType", Type::Integer, 1, 1000};
inline constexpr Shape kMarker{"MarkerType", Type::Text, 1, 1024};
inline constexpr Shape kMultiRegionConfiguration{"MultiRegionConfiguration", Type::Structure};
inline constexpr Shape kMultiRegionKey{"MultiRegionKey", Type::Structure};
inline constexpr Shape kMultiRegionKeyList{"MultiRegionKeyList", Type::List};
inline constexpr Shape kMultiRegionKeyType =
    detail::enumeration("MultiRegionKeyType", detail::kMultiRegionKeyTypes);
inline constexpr Shape kRegion{"RegionType",
                               Type::Text,
                               1,
                               32,
                               {},
                               nullptr,
                               false,
                               "^([a-z]+-){2,3}\\d+$",
                               &detail::is_region,
                               "As in the configuration: eu-west-1"};
inline constexpr Shape kNullableBoolean{"NullableBooleanType", Type::Boolean};
inline constexpr Shape kNumberOfBytes{
    "NumberOfBytesType", Type::Integer, 1, 1024, {}, nullptr, false, {}, nullptr, "1 to 1024"};
inline constexpr Shape kOrigin{"OriginType", Type::Text, Shape::kNone, Shape::kNone,
                               detail::kOrigins};
// The model says 1 to 365, the service 7 to 30 (KMS API Reference, ScheduleKeyDeletion).
inline constexpr Shape kPendingWindowInDays{
    "PendingWindowInDaysType", Type::Integer, 7, 30, {}, nullptr, false, {}, nullptr,
    "7 to 30; default: 30"};
inline constexpr Shape kIncludeKeyMaterial =
    detail::enumeration("IncludeKeyMaterial", detail::kIncludeKeyMaterial,
                        "ROTATIONS_ONLY (default), or ALL_KEY_MATERIAL: the first\nmaterial, too");
inline constexpr Shape kWrappingAlgorithm = detail::enumeration(
    "AlgorithmSpec", detail::kWrappingAlgorithms,
    "RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, or with an AES\nkey between: RSA_AES_KEY_WRAP_SHA_1, "
    "RSA_AES_KEY_WRAP_SHA_256");
inline constexpr Shape kWrappingKeySpec = detail::enumeration(
    "WrappingKeySpec", detail::kWrappingKeySpecs, "RSA_2048, RSA_3072 or RSA_4096");
inline constexpr Shape kExpirationModel = detail::enumeration(
    "ExpirationModelType", detail::kExpirationModels,
    "KEY_MATERIAL_EXPIRES (default; with --valid-to) or\nKEY_MATERIAL_DOES_NOT_EXPIRE");
inline constexpr Shape kImportType = detail::enumeration(
    "ImportType", detail::kImportTypes,
    "EXISTING_KEY_MATERIAL (default, but for the first) or\nNEW_KEY_MATERIAL, for the next "
    "rotation");
inline constexpr Shape kImportState = detail::enumeration("ImportState", detail::kImportStates);
inline constexpr Shape kKeyMaterialDescription{
    "KeyMaterialDescriptionType", Type::Text, 0, 256, {}, nullptr, false, {}, nullptr,
    "What the material is"};
inline constexpr Shape kKeyMaterialState =
    detail::enumeration("KeyMaterialState", detail::kKeyMaterialStates);
inline constexpr Shape kRotationPeriodInDays{
    "RotationPeriodInDaysType", Type::Integer, 90, 2560, {}, nullptr, false, {}, nullptr,
    "90 to 2560; default: 365"};
inline constexpr Shape kRotationType = detail::enumeration("RotationType", detail::kRotationTypes);
inline constexpr Shape kRotationsList{"RotationsList", Type::List};
inline constexpr Shape kKeyAgreementAlgorithm =
    detail::enumeration("KeyAgreementAlgorithmSpec", detail::kKeyAgreementAlgorithms, "ECDH");
inline constexpr Shape kKeyAgreementAlgorithmList =
    detail::list_of("KeyAgreementAlgorithmSpecList", kKeyAgreementAlgorithm);
inline constexpr Shape kMacAlgorithm = detail::enumeration(
    "MacAlgorithmSpec", detail::kMacAlgorithms, "HMAC_SHA_256 or another, by the key's spec");
inline constexpr Shape kMacAlgorithmList = detail::list_of("MacAlgorithmSpecList", kMacAlgorithm);
inline constexpr Shape kMessageType = detail::enumeration(
    "MessageType", detail::kMessageTypes,
    "RAW (the message itself, up to 4096 bytes) or DIGEST\n(its hash); default: "
    "RAW");
inline constexpr Shape kDataKeyPairSpec = detail::enumeration(
    "DataKeyPairSpec", detail::kDataKeyPairSpecs, "RSA_2048, ECC_NIST_P256 ...");
inline constexpr Shape kPublicKey{
    "PublicKeyType", Type::Blob, 1,  8192,    {},
    nullptr,         false,      {}, nullptr, "DER: fileb://PATH, - (standard input) or base64"};
inline constexpr Shape kSigningAlgorithm =
    detail::enumeration("SigningAlgorithmSpec", detail::kSigningAlgorithms,
                        "RSASSA_PSS_SHA_256, ECDSA_SHA_256 ...: see\n`trent describe-key`");
inline constexpr Shape kSigningAlgorithmList =
    detail::list_of("SigningAlgorithmSpecList", kSigningAlgorithm);
inline constexpr Shape kPlaintext{"PlaintextType",
                                  Type::Blob,
                                  1,
                                  4096,
                                  {},
                                  nullptr,
                                  true,
                                  {},
                                  nullptr,
                                  "1 to 4096 bytes: fileb://PATH, - (standard input)\nor base64"};
inline constexpr Shape kPolicy{"PolicyType", Type::Text, 1, 131072};
inline constexpr Shape kPolicyName{
    "PolicyNameType", Type::Text,        1, 128, {}, nullptr, false, "[\\w]+",
    &detail::is_word, "Default: default"};
inline constexpr Shape kPolicyNameList{"PolicyNameList", Type::List, Shape::kNone,
                                       Shape::kNone,     {},         &kPolicyName};
inline constexpr Shape kTagKey{"TagKeyType", Type::Text, 1, 128};
inline constexpr Shape kTagKeyList{"TagKeyList", Type::List, Shape::kNone,
                                   Shape::kNone, {},         &kTagKey};
inline constexpr Shape kTagList{
    "TagList",    Type::List,
    Shape::kNone, Shape::kNone,
    {},           nullptr,
    false,        {},
    nullptr,      "TagKey=NAME,TagValue=VALUE, one for each tag, or JSON"};
// The model says at most 128 characters, [a-zA-Z0-9-_.]+: here it may be a PKCS#11 URI as well.
inline constexpr Shape kXksKeyId{
    "XksKeyIdType",
    Type::Text,
    1,
    1024,
    {},
    nullptr,
    false,
    {},
    nullptr,
    "A key that is in the token: its label, or a PKCS#11 URI\n(RFC 7512) as pkcs11:object=NAME"};
inline constexpr Shape kXksKeyConfiguration{"XksKeyConfigurationType", Type::Structure};
inline constexpr Shape kTagValue{"TagValueType", Type::Text, 0, 256};

}  // namespace trent::kms::model
