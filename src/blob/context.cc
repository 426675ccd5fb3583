// SPDX-License-Identifier: Apache-2.0
// The canonical form of an encryption context, and which contexts KMS allows.
#include "blob/context.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/error.h"

namespace trent::blob {

namespace {

using nlohmann::json;

// No context within kMaxCanonicalContext needs more JSON than this: a byte takes at most six
// characters ("\u0001"). What is longer is not even looked at.
constexpr std::size_t kMaxJson = 65536;

[[noreturn]] void refuse(const std::string& fault, const char* advice) {
  throw Error(ErrorCode::Validation, "The encryption context " + fault, advice);
}

constexpr const char* kWriteAnObject =
    R"(Write it as one JSON object of strings, for example {"tenant":"acme","purpose":"db"}.)";

[[noreturn]] void refuse_size() {
  refuse("is too large.",
         "Its names and values, with 8 bytes more for each pair and 4 for the whole, may take 8192 "
         "bytes. It is meant for identifiers, not for data.");
}

[[noreturn]] void refuse_syntax(std::size_t position) {
  refuse("is not valid JSON (at byte " + std::to_string(position) + ").", kWriteAnObject);
}

[[noreturn]] void refuse_encoding() {
  refuse("is not valid UTF-8.", "Write names and values as UTF-8 text.");
}

std::size_t pair_size(const std::string& name, const std::string& value) {
  return 8 + name.size() + value.size();
}

// Takes the pairs straight from the parser. A document tree would already have dropped the first of
// two equal names, and would be built to any depth before anybody looked at it.
class ContextHandler {
 public:
  EncryptionContext take() { return std::move(context_); }

  bool start_object(std::size_t) {
    if (inside_) refuse_value("an object");
    inside_ = true;
    return true;
  }
  bool key(std::string& name) {
    name_ = std::move(name);
    return true;
  }
  bool string(std::string& value) {
    if (!inside_) refuse_value("a string");
    size_ += pair_size(name_, value);
    if (size_ > kMaxCanonicalContext) refuse_size();
    auto [position, added] = context_.try_emplace(std::move(name_), std::move(value));
    if (!added)
      refuse("has the name " + quote_for_message(position->first) + " twice.",
             "Give each name one value.");
    return true;
  }
  bool end_object() { return true; }

  bool null() { refuse_value("null"); }
  bool boolean(bool) { refuse_value("a boolean"); }
  bool number_integer(json::number_integer_t) { refuse_value("a number"); }
  bool number_unsigned(json::number_unsigned_t) { refuse_value("a number"); }
  bool number_float(json::number_float_t, const std::string&) { refuse_value("a number"); }
  bool binary(json::binary_t&) { refuse_value("binary"); }
  bool start_array(std::size_t) { refuse_value("an array"); }
  bool end_array() { return true; }

  bool parse_error(std::size_t position, const std::string&, const json::exception&) {
    refuse_syntax(position);
  }

 private:
  [[noreturn]] void refuse_value(const char* what) {
    if (!inside_) refuse(std::string("is ") + what + ", not a JSON object.", kWriteAnObject);
    refuse("has " + std::string(what) + " as the value of " + quote_for_message(name_) + ".",
           "Values are strings: put it in quotes.");
  }

  EncryptionContext context_;
  std::string name_;
  std::size_t size_ = 4;
  bool inside_ = false;
};

void append_text(Bytes& out, const std::string& text) {
  append_u32(out, static_cast<std::uint32_t>(text.size()));
  append(out, as_bytes(text));
}

}  // namespace

EncryptionContext parse_encryption_context(std::string_view text) {
  if (text.empty()) refuse("is empty.", "One without pairs is written {}, or left out.");
  if (text.size() > kMaxJson) refuse_size();
  if (!is_utf8(text)) refuse_encoding();
  // The parser takes a NUL for the end and would not look at what follows.
  if (std::size_t nul = text.find('\0'); nul != std::string_view::npos) refuse_syntax(nul + 1);
  ContextHandler handler;
  json::sax_parse(text, &handler);
  return handler.take();
}

Bytes canonical_context(const EncryptionContext& context) {
  std::size_t size = 4;
  for (const auto& [name, value] : context) {
    size += pair_size(name, value);
    if (size > kMaxCanonicalContext) refuse_size();
    if (!is_utf8(name) || !is_utf8(value)) refuse_encoding();
  }
  Bytes out;
  out.reserve(size);
  append_u32(out, static_cast<std::uint32_t>(context.size()));
  for (const auto& [name, value] : context) {
    append_text(out, name);
    append_text(out, value);
  }
  return out;
}

}  // namespace trent::blob
