// SPDX-License-Identifier: Apache-2.0
// A PKCS#11 attribute template that owns its scalar values.
#pragma once

#include <p11-kit/pkcs11.h>

#include <array>
#include <cassert>
#include <string_view>

#include "base/bytes.h"

namespace trent::hsm {

// Built in place and handed to one call. Byte strings are views: they must outlive the template.
class Attributes {
 public:
  // As many as SoftHSM takes in one template.
  static constexpr std::size_t kMax = 32;

  Attributes() = default;
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  Attributes& number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
    numbers_[size_] = value;
    return add(type, &numbers_[size_], sizeof(CK_ULONG));
  }
  Attributes& flag(CK_ATTRIBUTE_TYPE type, bool value) {
    flags_[size_] = value ? CK_TRUE : CK_FALSE;
    return add(type, &flags_[size_], sizeof(CK_BBOOL));
  }
  Attributes& bytes(CK_ATTRIBUTE_TYPE type, ByteView value) {
    // The PKCS#11 types are not const-correct; a template that is passed in is only read.
    return add(type, const_cast<std::uint8_t*>(value.data()), value.size());
  }
  Attributes& text(CK_ATTRIBUTE_TYPE type, std::string_view value) {
    return bytes(type, as_bytes(value));
  }

  // CKA_UNWRAP_TEMPLATE and its like. `inner` must outlive the template, too.
  Attributes& attributes(CK_ATTRIBUTE_TYPE type, Attributes& inner) {
    return add(type, inner.data(), inner.size() * sizeof(CK_ATTRIBUTE));
  }

  CK_ATTRIBUTE_PTR data() { return attributes_.data(); }
  CK_ULONG size() const { return size_; }

 private:
  Attributes& add(CK_ATTRIBUTE_TYPE type, void* value, std::size_t length) {
    assert(size_ < kMax);
    attributes_[size_++] = {type, value, static_cast<CK_ULONG>(length)};
    return *this;
  }

  std::array<CK_ATTRIBUTE, kMax> attributes_;
  std::array<CK_ULONG, kMax> numbers_;
  std::array<CK_BBOOL, kMax> flags_;
  std::size_t size_ = 0;
};

// CKA_ENCRYPT ... CKA_DERIVE, each stated, so that no token's default can add a usage.
struct Usage {
  bool decrypt = false;
  bool sign = false;
  bool wrap = false;
  bool unwrap = false;
  bool derive = false;
};

inline void add_usage(Attributes& attributes, Usage usage) {
  attributes.flag(CKA_ENCRYPT, false)
      .flag(CKA_DECRYPT, usage.decrypt)
      .flag(CKA_SIGN, usage.sign)
      .flag(CKA_VERIFY, false)
      .flag(CKA_WRAP, usage.wrap)
      .flag(CKA_UNWRAP, usage.unwrap)
      .flag(CKA_DERIVE, usage.derive);
}

}  // namespace trent::hsm
