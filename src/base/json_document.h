// SPDX-License-Identifier: Apache-2.0
// JSON that may hold a secret, as it lies in the text: only strings with escapes are copied, into
// memory that is wiped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"

namespace trent {

// A value of a document, which has to outlive it.
class JsonValue {
 public:
  struct Null {};
  struct Array {};
  struct Object {};
  // A whole number that needs the 64th bit is unsigned.
  using Content = std::variant<Null, bool, std::int64_t, std::uint64_t, double, std::string_view,
                               Array, Object>;
  class Iterator;
  struct Children;

  JsonValue(std::string_view name, Content content) : name_(name), content_(content) {}

  template <class T>
  bool is() const {
    return std::holds_alternative<T>(content_);
  }
  // Null if it is of another type.
  template <class T>
  const T* get() const {
    return std::get_if<T>(&content_);
  }
  // As a member of an object.
  std::string_view name() const { return name_; }
  // Elements of an array, members of an object, in their order; of other values, none.
  Children children() const;
  // The member of that name. Null if there is none.
  const JsonValue* find(std::string_view name) const;

 private:
  friend class JsonHandler;

  std::string_view name_;
  Content content_;
  // Behind it are the values that are in it, and those in these: so many with itself.
  std::size_t extent_ = 1;
};

class JsonValue::Iterator {
 public:
  using difference_type = std::ptrdiff_t;
  using value_type = JsonValue;

  Iterator() = default;
  explicit Iterator(const JsonValue* value) : value_(value) {}
  const JsonValue& operator*() const { return *value_; }
  const JsonValue* operator->() const { return value_; }
  Iterator& operator++() {
    value_ += value_->extent_;
    return *this;
  }
  Iterator operator++(int) {
    Iterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Iterator&) const = default;

 private:
  const JsonValue* value_ = nullptr;
};

struct JsonValue::Children {
  Iterator first;
  Iterator last;

  Iterator begin() const { return first; }
  Iterator end() const { return last; }
  bool empty() const { return first == last; }
};

inline JsonValue::Children JsonValue::children() const {
  return {Iterator(this + 1), Iterator(this + extent_)};
}

// One value, as strict as parse_json() of base/json.h takes it.
class JsonDocument {
 public:
  // `text` has to outlive it. Throws std::runtime_error with a reason that quotes nothing.
  explicit JsonDocument(std::string_view text);
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  const JsonValue& root() const { return values_.front(); }

 private:
  std::vector<JsonValue> values_;
  std::vector<char, CleansingAllocator<char>> unescaped_;
};

}  // namespace trent
