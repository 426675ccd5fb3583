// SPDX-License-Identifier: Apache-2.0
// Attribute templates as an application hands them in: read with care, and answered by the rules of
// C_GetAttributeValue.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "pkcs11/cryptoki.h"

namespace trent::pkcs11 {

using Template = std::span<CK_ATTRIBUTE>;

// Throws CKR_ARGUMENTS_BAD for a NULL pointer or an absurd count.
Template template_of(CK_ATTRIBUTE_PTR attributes, CK_ULONG count);

// For templates whose values are to be read: also throws CKR_ATTRIBUTE_VALUE_INVALID for a NULL
// value with a length, or an absurd length (what C_GetAttributeValue left there, for one).
Template input_template(CK_ATTRIBUTE_PTR attributes, CK_ULONG count);

// For templates of objects to be made: also throws CKR_TEMPLATE_INCONSISTENT for the names by which
// Trent knows its own objects in the token, for CKA_TOKEN twice, and for CKA_TRENT_KMS_KEY: objects
// that are no KMS keys cannot become any.
Template new_object_template(CK_ATTRIBUTE_PTR attributes, CK_ULONG count);

// Whether an object with this application and label is Trent's own: key material, record, alias.
bool is_trents(std::string_view application, std::string_view label);

ByteView value_of(const CK_ATTRIBUTE& attribute);
const CK_ATTRIBUTE* find_attribute(Template attributes, CK_ATTRIBUTE_TYPE type);
// nullopt if it is not there; throw CKR_ATTRIBUTE_VALUE_INVALID if its size is wrong.
std::optional<CK_ULONG> number_in(Template attributes, CK_ATTRIBUTE_TYPE type);
std::optional<bool> flag_in(Template attributes, CK_ATTRIBUTE_TYPE type);

// PKCS#11 v3.0 section 5.7.5: the two-call rule for one attribute. Returns CKR_OK or
// CKR_BUFFER_TOO_SMALL.
CK_RV answer(CK_ATTRIBUTE& attribute, ByteView value);
// ulValueLen = CK_UNAVAILABLE_INFORMATION.
CK_RV answer_unavailable(CK_ATTRIBUTE& attribute, CK_RV rv);

}  // namespace trent::pkcs11
