// SPDX-License-Identifier: Apache-2.0
// Dry runs of Decrypt and ReEncrypt that are about permissions only, with or without a ciphertext.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "kms/model/shapes.h"

namespace trent::kms {

namespace model {

namespace detail {
inline constexpr std::array kDryRunModifiers{Names("IGNORE_CIPHERTEXT")};
}  // namespace detail
inline constexpr Shape kDryRunModifier =
    detail::enumeration("DryRunModifierType", detail::kDryRunModifiers);
inline constexpr Shape kDryRunModifierList{
    "DryRunModifierList",
    Type::List,
    Shape::kNone,
    Shape::kNone,
    {},
    &kDryRunModifier,
    false,
    {},
    nullptr,
    "IGNORE_CIPHERTEXT: of a dry run, which then needs none, but\nthe key"};

}  // namespace model

// For field_unless().
template <class Request>
bool goes_without_ciphertext(const Request& request) {
  return request.dry_run && !request.dry_run_modifiers.empty() && request.ciphertext_blob.empty();
}

// Whether the ciphertext does not matter. `key_id` is what names its key, the member `name`. Throws
// ValidationException.
template <class Request>
bool ignores_ciphertext(const Request& request, const std::optional<std::string>& key_id,
                        std::string_view name) {
  if (request.dry_run_modifiers.empty()) return false;
  if (!request.dry_run)
    throw Error(ErrorCode::Validation, "DryRunModifiers is valid only with DryRun.",
                "Ask for a dry run as well, or leave it out.");
  if (!key_id && request.ciphertext_blob.empty())
    throw Error(ErrorCode::Validation,
                std::string(name) + " is required where there is no ciphertext.",
                "Nothing else tells which key is meant.");
  return true;
}

}  // namespace trent::kms
