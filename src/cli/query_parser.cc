// SPDX-License-Identifier: Apache-2.0
// From the text of a query to its tree: a Pratt parser, with the powers of jmespath.py.
#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "cli/query_node.h"

namespace trent::cli {

namespace {

using kms::Json;
using Kind = QueryNode::Kind;

enum class T {
  End,
  Name,
  Quoted,
  Literal,
  Number,
  Current,
  Colon,
  Comma,
  CloseBracket,
  CloseParenthesis,
  CloseBrace,
  Reference,
  Pipe,
  Or,
  And,
  Equal,
  Unequal,
  Less,
  LessOrEqual,
  Greater,
  GreaterOrEqual,
  Flatten,
  Star,
  Filter,
  Dot,
  Not,
  OpenBrace,
  OpenBracket,
  OpenParenthesis,
};

struct Token {
  T type = T::End;
  std::size_t at = 0;
  std::string text{};
  Json literal{};
  std::int64_t number = 0;
};

[[noreturn]] void refuse(std::size_t at, const std::string& what) {
  throw QueryError(what + " at character " + std::to_string(at + 1));
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> tokens() {
    if (!is_utf8(text_)) throw QueryError("it is not UTF-8");
    std::vector<Token> out;
    for (;;) {
      while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos)
        ++at_;
      out.push_back(next());
      if (out.back().type == T::End) return out;
      if (out.size() == kMaxTokens) throw QueryError("it is too long");
    }
  }

 private:
  // The tree is no deeper than this, nor the stack where it is made, asked and let go.
  static constexpr std::size_t kMaxTokens = 500;

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // What is up to the delimiter; a backslash keeps the character behind it.
  std::string until(char delimiter, std::size_t start) {
    std::string out;
    while (at_ < text_.size() && text_[at_] != delimiter) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) out += text_[at_++];
      out += text_[at_++];
    }
    if (!take(delimiter)) refuse(start, std::string("there is no ") + delimiter + " for the one");
    return out;
  }

  static std::string unescaped(const std::string& text, char c) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == c) continue;
      out += text[i];
    }
    return out;
  }

  static std::optional<Json> json(const std::string& text) {
    try {
      return parse_json<Json>(text);
    } catch (const std::runtime_error&) {
      return std::nullopt;
    }
  }

  Token literal(std::size_t start) {
    const std::string text = unescaped(until('`', start), '`');
    if (auto value = json(text)) return {T::Literal, start, {}, std::move(*value)};
    // AWS's documentation has many of the old form, `Enabled` for `"Enabled"`.
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const std::string rest = first == text.npos ? "" : text.substr(first);
    if (auto value = json('"' + rest + '"')) return {T::Literal, start, {}, std::move(*value)};
    refuse(start, "what is between backticks is no JSON");
  }

  Token number(std::size_t start) {
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    Token token{T::Number, start};
    const char* const end = text_.data() + at_;
    const auto result = std::from_chars(text_.data() + start, end, token.number);
    if (result.ec != std::errc() || result.ptr != end) refuse(start, "there is no number");
    return token;
  }

  Token next() {
    const std::size_t start = at_;
    if (at_ == text_.size()) return {T::End, start};
    const char c = text_[at_++];
    if (is_letter(c)) {
      while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
      return {T::Name, start, std::string(text_.substr(start, at_ - start))};
    }
    if (is_digit(c) || c == '-') return number(start);
    switch (c) {
      case '.':
        return {T::Dot, start};
      case '*':
        return {T::Star, start};
      case ']':
        return {T::CloseBracket, start};
      case ',':
        return {T::Comma, start};
      case ':':
        return {T::Colon, start};
      case '@':
        return {T::Current, start};
      case '(':
        return {T::OpenParenthesis, start};
      case ')':
        return {T::CloseParenthesis, start};
      case '{':
        return {T::OpenBrace, start};
      case '}':
        return {T::CloseBrace, start};
      case '[':
        if (take(']')) return {T::Flatten, start};
        return {take('?') ? T::Filter : T::OpenBracket, start};
      case '|':
        return {take('|') ? T::Or : T::Pipe, start};
      case '&':
        return {take('&') ? T::And : T::Reference, start};
      case '<':
        return {take('=') ? T::LessOrEqual : T::Less, start};
      case '>':
        return {take('=') ? T::GreaterOrEqual : T::Greater, start};
      case '!':
        return {take('=') ? T::Unequal : T::Not, start};
      case '=':
        if (take('=')) return {T::Equal, start};
        refuse(start, "there is one = where two are meant");
      case '\'':
        return {T::Literal, start, {}, Json(Json::string_t(unescaped(until('\'', start), '\'')))};
      case '`':
        return literal(start);
      case '"': {
        const auto name = json('"' + until('"', start) + '"');
        if (!name || !name->is_string()) refuse(start, "there is no name in quotes");
        const auto& text = name->get_ref<const Json::string_t&>();
        return {T::Quoted, start, {text.begin(), text.end()}};
      }
      default:
        refuse(start, "there is nothing that begins so");
    }
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

// How tightly what stands between two expressions binds.
int power(T type) {
  switch (type) {
    case T::Pipe:
      return 1;
    case T::Or:
      return 2;
    case T::And:
      return 3;
    case T::Equal:
    case T::Unequal:
    case T::Less:
    case T::LessOrEqual:
    case T::Greater:
    case T::GreaterOrEqual:
      return 5;
    case T::Flatten:
      return 9;
    case T::Star:
      return 20;
    case T::Filter:
      return 21;
    case T::Dot:
      return 40;
    case T::Not:
      return 45;
    case T::OpenBrace:
      return 50;
    case T::OpenBracket:
      return 55;
    case T::OpenParenthesis:
      return 60;
    default:
      return 0;
  }
}
// What binds less ends a projection.
constexpr int kEndsProjection = 10;

QueryNode node(Kind kind, std::vector<QueryNode> parts = {}) {
  return {.kind = kind, .parts = std::move(parts)};
}

// A list of what is moved: an initializer list would copy.
template <class... Nodes>
std::vector<QueryNode> parts(Nodes... nodes) {
  std::vector<QueryNode> out;
  out.reserve(sizeof...(nodes));
  (out.push_back(std::move(nodes)), ...);
  return out;
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  QueryNode parse() {
    QueryNode root = expression(0);
    if (type() != T::End) unexpected();
    return root;
  }

 private:
  T type(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)].type;
  }
  Token advance() { return std::move(tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]); }
  [[noreturn]] void unexpected() const {
    if (type() == T::End) throw QueryError("it ends too early");
    refuse(tokens_[at_].at, "something else should be");
  }
  bool take(T wanted) {
    if (type() != wanted) return false;
    ++at_;
    return true;
  }
  void expect(T wanted) {
    if (!take(wanted)) unexpected();
  }

  QueryNode expression(int right_power) {
    QueryNode left = begin();
    while (right_power < power(type())) left = go_on(std::move(left));
    return left;
  }

  QueryNode begin() {
    if (type() == T::End) unexpected();
    const std::size_t start = at_;
    Token token = advance();
    switch (token.type) {
      case T::Literal: {
        QueryNode out = node(Kind::Literal);
        out.literal = std::move(token.literal);
        return out;
      }
      case T::Quoted:
        if (type() == T::OpenParenthesis) refuse(token.at, "the name of a function has quotes");
        [[fallthrough]];
      case T::Name: {
        if (type() == T::OpenParenthesis) return function(token);
        QueryNode out = node(Kind::Field);
        out.name = std::move(token.text);
        return out;
      }
      case T::Star:
        return node(Kind::ValueProjection,
                    parts(node(Kind::Current),
                          type() == T::CloseBracket ? node(Kind::Current) : projected(T::Star)));
      case T::Filter:
        return filter(node(Kind::Current));
      case T::OpenBrace:
        return hash();
      case T::OpenParenthesis: {
        QueryNode inner = expression(0);
        expect(T::CloseParenthesis);
        return inner;
      }
      case T::Flatten:
        return flatten(node(Kind::Current));
      case T::Not:
        return node(Kind::Not, parts(expression(power(T::Not))));
      case T::OpenBracket:
        if (type() == T::Number || type() == T::Colon) return index(node(Kind::Current));
        if (type() == T::Star && type(1) == T::CloseBracket) {
          at_ += 2;
          return node(Kind::Projection, parts(node(Kind::Current), projected(T::Star)));
        }
        return list();
      case T::Current:
        return node(Kind::Current);
      default:
        at_ = start;
        unexpected();
    }
  }

  QueryNode go_on(QueryNode left) {
    const T operation = advance().type;
    const auto binary = [&](Kind kind) {
      return node(kind, parts(std::move(left), expression(power(operation))));
    };
    switch (operation) {
      case T::Dot:
        if (take(T::Star))
          return node(Kind::ValueProjection, parts(std::move(left), projected(T::Dot)));
        return node(Kind::Chain, parts(std::move(left), behind_dot(power(T::Dot))));
      case T::Pipe:
        return binary(Kind::Chain);
      case T::Or:
        return binary(Kind::Or);
      case T::And:
        return binary(Kind::And);
      case T::Equal:
        return binary(Kind::Equal);
      case T::Unequal:
        return binary(Kind::Unequal);
      case T::Less:
        return binary(Kind::Less);
      case T::LessOrEqual:
        return binary(Kind::LessOrEqual);
      case T::Greater:
        return binary(Kind::Greater);
      case T::GreaterOrEqual:
        return binary(Kind::GreaterOrEqual);
      case T::Filter:
        return filter(std::move(left));
      case T::Flatten:
        return flatten(std::move(left));
      case T::OpenBracket:
        if (type() == T::Number || type() == T::Colon) return index(std::move(left));
        expect(T::Star);
        expect(T::CloseBracket);
        return node(Kind::Projection, parts(std::move(left), projected(T::Star)));
      default:
        --at_;
        unexpected();
    }
  }

  QueryNode filter(QueryNode left) {
    QueryNode condition = expression(0);
    expect(T::CloseBracket);
    QueryNode each = type() == T::Flatten ? node(Kind::Current) : projected(T::Filter);
    return node(Kind::FilterProjection,
                parts(std::move(left), std::move(each), std::move(condition)));
  }

  QueryNode flatten(QueryNode left) {
    QueryNode flat = node(Kind::Flatten, parts(std::move(left)));
    return node(Kind::Projection, parts(std::move(flat), projected(T::Flatten)));
  }

  // [number], and slices, which are projections.
  QueryNode index(QueryNode left) {
    if (type() != T::Colon && type(1) != T::Colon) {
      QueryNode index = node(Kind::Index);
      index.numbers[0] = advance().number;
      expect(T::CloseBracket);
      return node(Kind::Chain, parts(std::move(left), std::move(index)));
    }
    QueryNode slice = node(Kind::Slice);
    for (std::size_t i = 0; type() != T::CloseBracket;) {
      if (type() == T::Number && !slice.numbers[i]) {
        slice.numbers[i] = advance().number;
      } else if (i < 2 && type() == T::Colon) {
        ++at_;
        ++i;
      } else {
        unexpected();
      }
    }
    expect(T::CloseBracket);
    QueryNode sliced = node(Kind::Chain, parts(std::move(left), std::move(slice)));
    return node(Kind::Projection, parts(std::move(sliced), projected(T::Star)));
  }

  // What is done with each element of a projection.
  QueryNode projected(T operation) {
    if (power(type()) < kEndsProjection) return node(Kind::Current);
    if (type() == T::OpenBracket || type() == T::Filter) return expression(power(operation));
    expect(T::Dot);
    return behind_dot(power(operation));
  }

  QueryNode behind_dot(int right_power) {
    switch (type()) {
      case T::Name:
      case T::Quoted:
      case T::Star:
        return expression(right_power);
      case T::OpenBracket:
        ++at_;
        return list();
      case T::OpenBrace:
        ++at_;
        return hash();
      default:
        unexpected();
    }
  }

  QueryNode list() {
    QueryNode out = node(Kind::List);
    do {
      out.parts.push_back(expression(0));
    } while (take(T::Comma));
    expect(T::CloseBracket);
    return out;
  }

  QueryNode hash() {
    QueryNode out = node(Kind::Hash);
    do {
      if (type() != T::Name && type() != T::Quoted) unexpected();
      out.names.push_back(advance().text);
      expect(T::Colon);
      out.parts.push_back(expression(0));
    } while (take(T::Comma));
    expect(T::CloseBrace);
    return out;
  }

  QueryNode function(const Token& name) {
    QueryNode out = node(Kind::Function);
    out.function = find_query_function(name.text);
    if (out.function == nullptr)
      refuse(name.at, "there is no function " + quote_for_message(name.text) + ", as");
    expect(T::OpenParenthesis);
    const auto reference = out.function->reference;
    while (type() != T::CloseParenthesis) {
      if (reference == out.parts.size()) {
        expect(T::Reference);
        out.parts.push_back(node(Kind::Reference, parts(expression(0))));
      } else {
        out.parts.push_back(expression(0));
      }
      if (type() != T::CloseParenthesis) expect(T::Comma);
    }
    ++at_;
    const std::size_t count = out.parts.size();
    if (count < out.function->least || count > out.function->most)
      refuse(name.at, "the function " + name.text + "() has " + std::to_string(count) +
                          " arguments, which is not the number that it takes,");
    return out;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

QueryNode parse_query(std::string_view expression) {
  return Parser(Lexer(expression).tokens()).parse();
}

}  // namespace trent::cli
