// SPDX-License-Identifier: Apache-2.0
// From the events of Boost.JSON's parser to values.
#include "base/json_document.h"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>  // instead of linking the library
#include <cmath>
#include <functional>
#include <utility>

namespace trent {

namespace json = boost::json;
using boost::json::error_code;

// What the parser calls. A function that returns false has set an error, which ends the parsing.
class JsonHandler {
 public:
  using Unescaped = std::vector<char, CleansingAllocator<char>>;

  static constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = kNoLimit;
  static constexpr std::size_t max_array_size = kNoLimit;
  static constexpr std::size_t max_key_size = kNoLimit;
  static constexpr std::size_t max_string_size = kNoLimit;

  JsonHandler(std::string_view text, std::vector<JsonValue>& values, Unescaped& unescaped)
      : text_(text), values_(values), unescaped_(unescaped) {}

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }

  bool on_object_begin(error_code&) { return open(JsonValue::Object()); }
  bool on_object_end(std::size_t, error_code& error) {
    // Sorted, for somebody may send a million.
    names_.clear();
    for (const JsonValue& member : close()) names_.push_back(member.name());
    std::ranges::sort(names_);
    if (std::ranges::adjacent_find(names_) == names_.end()) return true;
    error = json::error::syntax;
    return false;
  }
  bool on_array_begin(error_code&) { return open(JsonValue::Array()); }
  bool on_array_end(std::size_t, error_code&) {
    close();
    return true;
  }

  bool on_key_part(json::string_view part, std::size_t, error_code&) { return gather(part); }
  bool on_key(json::string_view part, std::size_t size, error_code&) {
    name_ = whole(part, size);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, error_code&) { return gather(part); }
  bool on_string(json::string_view part, std::size_t size, error_code&) {
    return add(whole(part, size));
  }

  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, error_code&) { return add(number); }
  bool on_uint64(std::uint64_t number, json::string_view, error_code&) { return add(number); }
  bool on_double(double number, json::string_view, error_code& error) {
    if (std::isfinite(number)) return add(number);
    error = json::error::exponent_overflow;
    return false;
  }
  bool on_bool(bool value, error_code&) { return add(value); }
  bool on_null(error_code&) { return add(JsonValue::Null()); }

  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  bool add(JsonValue::Content content) {
    values_.emplace_back(std::exchange(name_, {}), content);
    return true;
  }
  bool open(JsonValue::Content content) {
    open_.push_back(values_.size());
    return add(content);
  }
  JsonValue::Children close() {
    JsonValue& value = values_[open_.back()];
    value.extent_ = values_.size() - open_.back();
    open_.pop_back();
    return value.children();
  }

  // A part of a string with escapes.
  bool gather(std::string_view part) {
    // Once: views into it stay where they are. Unescaped, nothing grows.
    unescaped_.reserve(text_.size());
    unescaped_.insert(unescaped_.end(), part.begin(), part.end());
    return true;
  }
  // A string, of `size` bytes with the parts before.
  std::string_view whole(std::string_view part, std::size_t size) {
    const std::less_equal<> before;
    const bool is_in_text = before(text_.data(), part.data()) &&
                            before(part.data() + part.size(), text_.data() + text_.size());
    if (is_in_text && part.size() == size) return part;
    gather(part);
    return {unescaped_.data() + unescaped_.size() - size, size};
  }

  const std::string_view text_;
  std::vector<JsonValue>& values_;
  Unescaped& unescaped_;
  std::string_view name_;
  std::vector<std::size_t> open_;
  std::vector<std::string_view> names_;
};

namespace {

// In a frame of its own, so that wipe_stack() begins where this did.
[[gnu::noinline]] bool parse(std::string_view text, std::vector<JsonValue>& values,
                             JsonHandler::Unescaped& unescaped) {
  json::parse_options options;
  options.max_depth = 64;
  json::basic_parser<JsonHandler> parser(options, text, values, unescaped);
  error_code error;
  return parser.write_some(false, text.data(), text.size(), error) == text.size() && !error;
}

// The parser puts strings with escapes together on the stack.
[[gnu::noinline]] void wipe_stack() {
  constexpr std::size_t kDeepest = std::size_t{32} * 1024;
  std::array<char, kDeepest> below;
  OPENSSL_cleanse(below.data(), below.size());
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  if (!is<Object>()) return nullptr;
  const auto members = children();
  const auto found = std::ranges::find(members, name, &JsonValue::name);
  return found == members.end() ? nullptr : &*found;
}

JsonDocument::JsonDocument(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  constexpr std::size_t kUsual = 16;
  values_.reserve(kUsual);
  const bool parsed = parse(text, values_, unescaped_);
  if (!parsed || !unescaped_.empty()) wipe_stack();
  if (!parsed) throw std::runtime_error("it is not JSON, has a name twice, or is nested too deep");
}

}  // namespace trent
