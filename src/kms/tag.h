// SPDX-License-Identifier: Apache-2.0
// Tags of keys: names and values for people and programs to find them by.
#pragma once

#include <string>

#include "base/error.h"
#include "kms/model/field.h"
#include "kms/model/shapes.h"

namespace trent::kms {

struct Tag {
  std::string tag_key;
  std::string tag_value;

  static model::Fields fields() {
    static constexpr model::Field fields[] = {
        model::field<Tag, &Tag::tag_key>("TagKey", model::kTagKey, model::Need::Required),
        model::field<Tag, &Tag::tag_value>("TagValue", model::kTagValue, model::Need::Required)};
    return fields;
  }
};

// KMS Developer Guide, "Quotas": tags of one key.
inline constexpr std::size_t kMaxTags = 50;

// Throws TagException.
inline void require_own_tag(const std::string& tag_key) {
  if (tag_key.starts_with("aws:"))
    throw Error(ErrorCode::Tag, "Tags beginning with aws: are reserved", "Choose another name.");
}

}  // namespace trent::kms
