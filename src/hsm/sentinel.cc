// SPDX-License-Identifier: Apache-2.0
// The object that tells whether our handles are still ours: see sentinel.h.
#include "hsm/sentinel.h"

#include <array>

#include "base/encoding.h"
#include "base/openssl.h"

namespace trent::hsm {

namespace {

std::chrono::steady_clock::rep now() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

}  // namespace

Sentinel::Sentinel(const Session& anchor) : anchor_(anchor) {
  std::array<std::uint8_t, 16> random;
  fill_random(random);
  label_ = "trent/sentinel " + to_hex(random);
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_DATA)
      .flag(CKA_TOKEN, false)
      .flag(CKA_PRIVATE, false)
      .text(CKA_LABEL, label_);
  if (anchor_.try_call<&CK_FUNCTION_LIST::C_CreateObject>(attributes.data(), attributes.size(),
                                                          &object_) != CKR_OK)
    object_ = CK_INVALID_HANDLE;
  checked_ = now();
}

CK_RV Sentinel::check() const {
  if (object_ == CK_INVALID_HANDLE) return CKR_OK;
  std::string label(label_.size(), '\0');
  CK_ATTRIBUTE attribute{CKA_LABEL, label.data(), label.size()};
  switch (CK_RV rv = anchor_.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(object_, &attribute,
                                                                              CK_ULONG{1})) {
    case CKR_OK:
      return attribute.ulValueLen == label.size() && label == label_ ? CKR_OK
                                                                     : CKR_OBJECT_HANDLE_INVALID;
    case CKR_BUFFER_TOO_SMALL:
    case CKR_ATTRIBUTE_SENSITIVE:
    case CKR_ATTRIBUTE_TYPE_INVALID:
      return CKR_OBJECT_HANDLE_INVALID;
    default:
      return rv;
  }
}

CK_RV Sentinel::check_if_due(std::chrono::microseconds trusted) {
  const auto start = now();
  if (start - checked_ < std::chrono::steady_clock::duration(trusted).count()) return CKR_OK;
  CK_RV rv = check();
  if (rv == CKR_OK) checked_ = start;
  return rv;
}

}  // namespace trent::hsm
