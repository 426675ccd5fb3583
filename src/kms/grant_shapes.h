// SPDX-License-Identifier: Apache-2.0
// Structures that the requests and responses about grants have in common, and their shapes.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arn.h"
#include "kms/model/field.h"
#include "kms/model/shapes.h"
#include "kms/requests.h"

namespace trent::kms {

namespace model {

namespace detail {

inline constexpr std::array kGrantOperations{Names("Decrypt"),
                                             Names("Encrypt"),
                                             Names("GenerateDataKey"),
                                             Names("GenerateDataKeyWithoutPlaintext"),
                                             Names("ReEncryptFrom"),
                                             Names("ReEncryptTo"),
                                             Names("Sign"),
                                             Names("Verify"),
                                             Names("GetPublicKey"),
                                             Names("CreateGrant"),
                                             Names("RetireGrant"),
                                             Names("DescribeKey"),
                                             Names("GenerateDataKeyPair"),
                                             Names("GenerateDataKeyPairWithoutPlaintext"),
                                             Names("GenerateMac"),
                                             Names("VerifyMac"),
                                             Names("DeriveSharedSecret")};

inline bool consists_of_words_and(std::string_view text, std::string_view others) {
  for (const char c : text)
    if (!is_word({&c, 1}) && others.find(c) == others.npos) return false;
  return !text.empty();
}

}  // namespace detail

inline constexpr Shape kGrantId{"GrantIdType", Type::Text, 1, 128};
inline constexpr Shape kGrantName{
    "GrantNameType",
    Type::Text,
    1,
    256,
    {},
    nullptr,
    false,
    "^[a-zA-Z0-9:/_-]+$",
    [](std::string_view text) { return detail::consists_of_words_and(text, ":/-"); }};
inline constexpr Shape kPrincipalId{
    "PrincipalIdType",
    Type::Text,
    1,
    256,
    {},
    nullptr,
    false,
    "^[\\w+=,.@:/-]+$",
    [](std::string_view text) { return detail::consists_of_words_and(text, "+=,.@:/-"); }};
inline constexpr Shape kGrantOperation{"GrantOperation", Type::Text, Shape::kNone, Shape::kNone,
                                       detail::kGrantOperations};
inline constexpr Shape kGrantOperationList = detail::list_of("GrantOperationList", kGrantOperation);
inline constexpr Shape kGrantConstraints{"GrantConstraints", Type::Structure};
inline constexpr Shape kGrantConstraintSourceArn{
    "GrantConstraintSourceArnType",
    Type::Text,
    20,
    512,
    {},
    nullptr,
    false,
    "^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$",
    [](std::string_view text) {
      const auto arn = parse_arn(text);
      return arn && arn->partition.starts_with("aws") && !arn->service.empty() &&
             is_account(arn->account) && !arn->resource.empty();
    }};
inline constexpr Shape kGrantList{"GrantList", Type::List};

}  // namespace model

struct GrantConstraints {
  EncryptionContext encryption_context_subset;
  EncryptionContext encryption_context_equals;
  std::optional<std::string> source_arn;

  static model::Fields fields() {
    using R = GrantConstraints;
    static constexpr model::Field fields[] = {
        model::field<R, &R::encryption_context_subset>("EncryptionContextSubset",
                                                       model::kEncryptionContext),
        model::field<R, &R::encryption_context_equals>("EncryptionContextEquals",
                                                       model::kEncryptionContext),
        model::field<R, &R::source_arn>("SourceArn", model::kGrantConstraintSourceArn)};
    return fields;
  }
};

}  // namespace trent::kms
