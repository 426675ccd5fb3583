// SPDX-License-Identifier: Apache-2.0
// The parser of the AWS CLI's shorthand for maps.
#include "blob/shorthand.h"

#include <string>

#include "base/error.h"

namespace trent::blob {

namespace {

constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.#/:";
constexpr std::string_view kWhiteSpace = " \t\r\n";

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  EncryptionContext parse() {
    EncryptionContext context;
    do {
      std::string name = parse_name();
      expect('=');
      std::string value = parse_value();
      if (!context.emplace(name, value).second) fail("The name \"" + name + "\" occurs twice.");
    } while (take(','));
    if (!at_end()) fail("Expected a comma or the end.");
    return context;
  }

 private:
  std::string parse_name() {
    skip_white_space();
    std::size_t end = text_.find_first_not_of(kNameCharacters, position_);
    if (end == std::string_view::npos) end = text_.size();
    if (end == position_) fail("Expected a name: letters, digits and - _ . # / : only.");
    std::string name(text_.substr(position_, end - position_));
    position_ = end;
    skip_white_space();
    return name;
  }

  std::string parse_value() {
    skip_white_space();
    if (!at_end() && (text_[position_] == '"' || text_[position_] == '\'')) {
      std::string value = parse_quoted(text_[position_]);
      skip_white_space();
      return value;
    }
    std::string value;
    while (!at_end() && text_[position_] != ',') {
      if (text_.substr(position_).starts_with("\\,")) ++position_;
      value.push_back(text_[position_++]);
    }
    value.erase(value.find_last_not_of(kWhiteSpace) + 1);
    return value;
  }

  std::string parse_quoted(char quote) {
    std::string value;
    for (++position_; !at_end(); ++position_) {
      char c = text_[position_];
      if (c == quote) {
        ++position_;
        return value;
      }
      // A backslash is only special before itself and the quote.
      if (c == '\\' && position_ + 1 < text_.size() &&
          (text_[position_ + 1] == '\\' || text_[position_ + 1] == quote))
        c = text_[++position_];
      value.push_back(c);
    }
    fail("The closing quotation mark is missing.");
  }

  void expect(char c) {
    if (!take(c)) fail(std::string("Expected '") + c + "'.");
  }

  bool take(char c) {
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  void skip_white_space() {
    position_ = text_.find_first_not_of(kWhiteSpace, position_);
    if (position_ == std::string_view::npos) position_ = text_.size();
  }

  bool at_end() const { return position_ >= text_.size(); }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::Validation,
                what + " At character " + std::to_string(position_ + 1) + ".",
                R"(Write NAME=VALUE,NAME=VALUE (a comma in a value as \,), or JSON: )"
                R"({"NAME":"VALUE"}.)");
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace

EncryptionContext parse_shorthand(std::string_view text) {
  return Parser(text).parse();
}

EncryptionContext parse_context_text(std::string_view text) {
  const std::size_t start = text.find_first_not_of(kWhiteSpace);
  if (start == std::string_view::npos)
    throw Error(ErrorCode::Validation,
                "An encryption context without pairs is written {}, or left out.");
  if (text[start] == '{' || text[start] == '[') return parse_encryption_context(text);
  return parse_shorthand(text);
}

}  // namespace trent::blob
