// SPDX-License-Identifier: Apache-2.0
// Tags of keys: names and values for people and programs to find them by.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

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

// Of a request. Throws TagException.
inline void check_tags(const std::vector<Tag>& tags) {
  std::set<std::string> names;
  for (const Tag& tag : tags) {
    require_own_tag(tag.tag_key);
    if (!names.insert(tag.tag_key).second)
      throw Error(ErrorCode::Tag, "Duplicate tag keys", "Give each tag once.");
  }
}

// Adds tags to those of a key, or replaces them. Throws TagException if they are too many.
inline void add_tags(std::map<std::string, std::string>& tags_of_key,
                     const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) tags_of_key.insert_or_assign(tag.tag_key, tag.tag_value);
  if (tags_of_key.size() > kMaxTags)
    throw Error(ErrorCode::Tag, "Too many tags",
                "A key has at most " + std::to_string(kMaxTags) +
                    " tags: take some away with `trent untag-resource`.");
}

}  // namespace trent::kms
