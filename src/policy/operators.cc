// SPDX-License-Identifier: Apache-2.0
// What each operator compares.
#include "policy/operators.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/encoding.h"
#include "policy/address.h"
#include "policy/date.h"
#include "policy/number.h"
#include "policy/wildcard.h"

namespace trent::policy {

namespace {

[[noreturn]] void refuse(const std::string& operand, const char* what, const char* how) {
  throw Malformed(quote_for_message(operand) + " is no " + what + ". Write " + how + ".");
}

using Operands = std::vector<std::string>;

template <class Operand, class Compare>
Truth any_of(const std::vector<Operand>& operands, Compare compare) {
  Truth any = Truth::False;
  for (const Operand& operand : operands) {
    any = any | compare(operand);
    if (any == Truth::True) break;
  }
  return any;
}

std::vector<Text> read_texts(const Operands& operands, Wildcards wildcards, const Syntax& syntax) {
  std::vector<Text> texts;
  for (const std::string& operand : operands) texts.emplace_back(operand, wildcards, syntax);
  return texts;
}

// An operator on texts. `Compare` gets what the policy has, and the request's value.
template <bool (*Compare)(std::string_view, std::string_view), Wildcards AreWildcards>
Matcher text(const Operands& operands, const Syntax& syntax) {
  return [texts = read_texts(operands, AreWildcards, syntax)](std::string_view value,
                                                              Request& request) {
    std::string buffer;
    return any_of(texts, [&](const Text& expected) {
      const auto expanded = expected.expand(request, buffer);
      return expanded ? truth(Compare(*expanded, value)) : Truth::Unknown;
    });
  };
}

bool equals(std::string_view expected, std::string_view value) {
  return expected == value;
}
bool equals_ignoring_case(std::string_view expected, std::string_view value) {
  return std::ranges::equal(expected, value, {}, lower, lower);
}
bool is_like(std::string_view pattern, std::string_view value) {
  return matches(pattern, value);
}

Truth arn_is_like(std::string_view pattern, const std::optional<Arn>& value) {
  const bool is_pattern = pattern == std::string_view(&kAnyText, 1) || parse_arn(pattern);
  return is_pattern ? truth(arn_matches(pattern, value)) : Truth::Unknown;
}

Matcher arn(const Operands& operands, const Syntax& syntax) {
  std::vector<Text> patterns = read_texts(operands, Wildcards::Yes, syntax);
  for (std::size_t i = 0; i < operands.size(); ++i)
    if (!patterns[i].has_variables() && operands[i] != "*" && !parse_arn(operands[i]))
      refuse(operands[i], "ARN",
             "its six parts, arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, or \"*\"");
  return [patterns = std::move(patterns)](std::string_view value, Request& request) {
    const auto arn = parse_arn(value);
    if (!arn) return Truth::Unknown;
    std::string buffer;
    return any_of(patterns, [&](const Text& pattern) {
      const auto expanded = pattern.expand(request, buffer);
      return expanded ? arn_is_like(*expanded, arn) : Truth::Unknown;
    });
  };
}

// An operator on values of a type of their own, which `parse_value` reads from a request and
// `parse_operand` from a policy. `compare` gets the request's value, and what the policy has.
template <class ParseValue, class ParseOperand, class Compare>
Matcher typed(const Operands& operands, ParseValue parse_value, ParseOperand parse_operand,
              Compare compare, const char* what, const char* how) {
  std::vector<typename std::invoke_result_t<ParseOperand, std::string_view>::value_type> expected;
  for (const std::string& operand : operands) {
    auto parsed = parse_operand(operand);
    if (!parsed) refuse(operand, what, how);
    expected.push_back(std::move(*parsed));
  }
  return [expected = std::move(expected), parse_value, compare](std::string_view value, Request&) {
    const auto parsed = parse_value(value);
    if (!parsed) return Truth::Unknown;
    return truth(std::ranges::any_of(
        expected, [&](const auto& operand) { return compare(*parsed, operand); }));
  };
}

template <class Compare>
Matcher number(const Operands& operands, const Syntax&) {
  return typed(operands, parse_number, parse_number, Compare(), "number",
               "digits, with a point if need be");
}

template <class Compare>
Matcher date(const Operands& operands, const Syntax&) {
  return typed(operands, parse_date, parse_date, Compare(), "date",
               "it as 2030-12-31T23:59:59Z, or in seconds since 1970");
}

std::optional<bool> parse_truth(std::string_view text) {
  if (equals_ignoring_case("true", text)) return true;
  if (equals_ignoring_case("false", text)) return false;
  return std::nullopt;
}

Matcher boolean(const Operands& operands, const Syntax&) {
  return typed(operands, parse_truth, parse_truth, std::equal_to(), "truth value", "true or false");
}

Matcher binary(const Operands& operands, const Syntax&) {
  return typed(operands, from_base64, from_base64, std::equal_to(), "base64",
               "it with padding, on one line");
}

Matcher address(const Operands& operands, const Syntax&) {
  const auto is_in = [](const AddressRange& address, const AddressRange& range) {
    return range.contains(address);
  };
  return typed(operands, parse_address, parse_address_range, is_in, "range of IP addresses",
               "it as 203.0.113.0/24 or 2001:db8::/32");
}

constexpr bool kNegated = true;
const Operator kOperators[] = {
    {"StringEquals", text<equals, Wildcards::No>},
    {"StringNotEquals", text<equals, Wildcards::No>, kNegated},
    {"StringEqualsIgnoreCase", text<equals_ignoring_case, Wildcards::No>},
    {"StringNotEqualsIgnoreCase", text<equals_ignoring_case, Wildcards::No>, kNegated},
    {"StringLike", text<is_like, Wildcards::Yes>},
    {"StringNotLike", text<is_like, Wildcards::Yes>, kNegated},
    {"NumericEquals", number<std::equal_to<>>},
    {"NumericNotEquals", number<std::equal_to<>>, kNegated},
    {"NumericLessThan", number<std::less<>>},
    {"NumericLessThanEquals", number<std::less_equal<>>},
    {"NumericGreaterThan", number<std::greater<>>},
    {"NumericGreaterThanEquals", number<std::greater_equal<>>},
    {"DateEquals", date<std::equal_to<>>},
    {"DateNotEquals", date<std::equal_to<>>, kNegated},
    {"DateLessThan", date<std::less<>>},
    {"DateLessThanEquals", date<std::less_equal<>>},
    {"DateGreaterThan", date<std::greater<>>},
    {"DateGreaterThanEquals", date<std::greater_equal<>>},
    {"Bool", boolean},
    {"BinaryEquals", binary},
    {"IpAddress", address},
    {"NotIpAddress", address, kNegated},
    // IAM has two names for the same.
    {"ArnEquals", arn},
    {"ArnNotEquals", arn, kNegated},
    {"ArnLike", arn},
    {"ArnNotLike", arn, kNegated},
    {"Null", boolean},
};

}  // namespace

const Operator* find_operator(std::string_view name) {
  const auto* found = std::ranges::find(kOperators, name, &Operator::name);
  return found == std::end(kOperators) ? nullptr : found;
}

}  // namespace trent::policy
