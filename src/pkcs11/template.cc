// SPDX-License-Identifier: Apache-2.0
// Attribute templates: read with care, and answered by the rules of C_GetAttributeValue.
#include "pkcs11/template.h"

#include <algorithm>
#include <cstring>

#include "catalog/store.h"
#include "pkcs11/failure.h"

namespace trent::pkcs11 {

namespace {

constexpr CK_ULONG kMaxAttributes = 256;
constexpr CK_ULONG kMaxValue = 1UL << 30;
constexpr std::string_view kOwnLabels = "trent/";

bool is_template_attribute(CK_ATTRIBUTE_TYPE type) {
  return type == CKA_WRAP_TEMPLATE || type == CKA_UNWRAP_TEMPLATE || type == CKA_DERIVE_TEMPLATE;
}

void check_values(Template attributes, bool nested) {
  for (const CK_ATTRIBUTE& attribute : attributes) {
    require(attribute.ulValueLen <= kMaxValue, CKR_ATTRIBUTE_VALUE_INVALID);
    require(attribute.pValue != nullptr || attribute.ulValueLen == 0, CKR_ATTRIBUTE_VALUE_INVALID);
    if (!is_template_attribute(attribute.type)) continue;
    require(!nested && attribute.ulValueLen % sizeof(CK_ATTRIBUTE) == 0,
            CKR_ATTRIBUTE_VALUE_INVALID);
    check_values({static_cast<CK_ATTRIBUTE_PTR>(attribute.pValue),
                  attribute.ulValueLen / sizeof(CK_ATTRIBUTE)},
                 true);
  }
}

}  // namespace

Template template_of(CK_ATTRIBUTE_PTR attributes, CK_ULONG count) {
  require(attributes != nullptr || count == 0, CKR_ARGUMENTS_BAD);
  require(count <= kMaxAttributes, CKR_ARGUMENTS_BAD);
  return {attributes, count};
}

Template input_template(CK_ATTRIBUTE_PTR attributes, CK_ULONG count) {
  Template result = template_of(attributes, count);
  check_values(result, false);
  return result;
}

Template new_object_template(CK_ATTRIBUTE_PTR attributes, CK_ULONG count) {
  Template result = input_template(attributes, count);
  // Every one of them, for tokens differ in which of two they take.
  require(std::ranges::count(result, CK_ATTRIBUTE_TYPE{CKA_TOKEN}, &CK_ATTRIBUTE::type) <= 1,
          CKR_TEMPLATE_INCONSISTENT);
  for (const CK_ATTRIBUTE& attribute : result) {
    std::string_view text = as_text(value_of(attribute));
    bool reserved = (attribute.type == CKA_APPLICATION && is_trents(text, {})) ||
                    (attribute.type == CKA_LABEL && is_trents({}, text)) ||
                    attribute.type == CKA_TRENT_KMS_KEY;
    require(!reserved, CKR_TEMPLATE_INCONSISTENT);
  }
  return result;
}

bool is_trents(std::string_view application, std::string_view label) {
  return application == catalog::kApplication || label.starts_with(kOwnLabels);
}

ByteView value_of(const CK_ATTRIBUTE& attribute) {
  return {static_cast<const std::uint8_t*>(attribute.pValue), attribute.ulValueLen};
}

const CK_ATTRIBUTE* find_attribute(Template attributes, CK_ATTRIBUTE_TYPE type) {
  auto found = std::find_if(attributes.begin(), attributes.end(),
                            [&](const CK_ATTRIBUTE& each) { return each.type == type; });
  return found == attributes.end() ? nullptr : &*found;
}

std::optional<CK_ULONG> number_in(Template attributes, CK_ATTRIBUTE_TYPE type) {
  const CK_ATTRIBUTE* attribute = find_attribute(attributes, type);
  if (attribute == nullptr) return std::nullopt;
  CK_ULONG value = 0;
  require(attribute->ulValueLen == sizeof value, CKR_ATTRIBUTE_VALUE_INVALID);
  std::memcpy(&value, attribute->pValue, sizeof value);
  return value;
}

std::optional<bool> flag_in(Template attributes, CK_ATTRIBUTE_TYPE type) {
  const CK_ATTRIBUTE* attribute = find_attribute(attributes, type);
  if (attribute == nullptr) return std::nullopt;
  require(attribute->ulValueLen == sizeof(CK_BBOOL), CKR_ATTRIBUTE_VALUE_INVALID);
  return *static_cast<const CK_BBOOL*>(attribute->pValue) != CK_FALSE;
}

CK_RV answer(CK_ATTRIBUTE& attribute, ByteView value) {
  if (attribute.pValue != nullptr) {
    // What an earlier failure left there is no size of a buffer.
    bool is_size = attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION;
    if (!is_size || attribute.ulValueLen < value.size())
      return answer_unavailable(attribute, CKR_BUFFER_TOO_SMALL);
    if (!value.empty()) std::memcpy(attribute.pValue, value.data(), value.size());
  }
  attribute.ulValueLen = value.size();
  return CKR_OK;
}

CK_RV answer_unavailable(CK_ATTRIBUTE& attribute, CK_RV rv) {
  attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
  return rv;
}

}  // namespace trent::pkcs11
