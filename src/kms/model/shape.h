// SPDX-License-Identifier: Apache-2.0
// Shapes: what KMS allows a member of a request or response to be, under the shape's name in AWS's
// service model (KMS API Reference, "Data Types" and the constraints of each operation).
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace trent::kms::model {

enum class Type { Text, Blob, Integer, Boolean, Timestamp, List, Map, Structure };

struct Shape {
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();

  std::string_view name;
  Type type = Type::Text;
  // Of a text in characters, of a blob in bytes, of a list in members, of an integer its value;
  // kNone: KMS's model has no such limit.
  std::int64_t min = kNone;
  std::int64_t max = kNone;
  std::span<const std::string_view> values{};  // of an enumeration: all that KMS knows
  const Shape* member = nullptr;               // what a list is a list of
  bool sensitive = false;                      // never in a log, nor in a message
  // A regular expression in the words of the model, and what tells whether a text matches it.
  std::string_view pattern{};
  bool (*matches)(std::string_view text) = nullptr;
  // What a person types, where the name of the option does not say it.
  const char* help = "";
};

}  // namespace trent::kms::model
