// SPDX-License-Identifier: Apache-2.0
// What each operator compares.
#include "policy/operators.h"

#include <algorithm>

#include "base/arn.h"
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

// An operator on texts. `compare` gets what the policy has, and the request's value.
template <bool (*Compare)(std::string_view, std::string_view), Wildcards AreWildcards>
Matcher text(const std::string& operand, const Syntax& syntax) {
  return
      [expected = Text(operand, AreWildcards, syntax)](std::string_view value, Request& request) {
        std::string buffer;
        const auto expanded = expected.expand(request, buffer);
        return expanded ? truth(Compare(*expanded, value)) : Truth::Unknown;
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

Matcher arn(const std::string& operand, const Syntax& syntax) {
  Text pattern(operand, Wildcards::Yes, syntax);
  if (!pattern.has_variables() && operand != "*" && !parse_arn(operand))
    refuse(operand, "ARN",
           "its six parts, arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, or \"*\"");
  return [pattern = std::move(pattern)](std::string_view value, Request& request) {
    std::string buffer;
    const auto expanded = pattern.expand(request, buffer);
    if (!expanded || !parse_arn(value)) return Truth::Unknown;
    if (*expanded != std::string_view(&kAnyText, 1) && !parse_arn(*expanded)) return Truth::Unknown;
    return truth(arn_matches(*expanded, value));
  };
}

// An operator on values of a type of their own. `compare` gets the request's value, and what the
// policy has.
template <class Parse, class Compare>
Matcher typed(const std::string& operand, Parse parse, Compare compare, const char* what,
              const char* how) {
  const auto expected = parse(operand);
  if (!expected) refuse(operand, what, how);
  return [expected = *expected, parse, compare](std::string_view value, Request&) {
    const auto parsed = parse(value);
    return parsed ? truth(compare(*parsed, expected)) : Truth::Unknown;
  };
}

template <class Compare>
Matcher number(const std::string& operand, const Syntax&) {
  return typed(operand, parse_number, Compare(), "number", "digits, with a point if need be");
}

template <class Compare>
Matcher date(const std::string& operand, const Syntax&) {
  return typed(operand, parse_date, Compare(), "date",
               "it as 2030-12-31T23:59:59Z, or in seconds since 1970");
}

std::optional<bool> parse_truth(std::string_view text) {
  if (equals_ignoring_case("true", text)) return true;
  if (equals_ignoring_case("false", text)) return false;
  return std::nullopt;
}

Matcher boolean(const std::string& operand, const Syntax&) {
  return typed(operand, parse_truth, std::equal_to(), "truth value", "true or false");
}

Matcher binary(const std::string& operand, const Syntax&) {
  return typed(operand, from_base64, std::equal_to(), "base64", "it with padding, on one line");
}

Matcher address(const std::string& operand, const Syntax&) {
  const auto range = parse_address_range(operand);
  if (!range) refuse(operand, "range of IP addresses", "it as 203.0.113.0/24 or 2001:db8::/32");
  return [range](std::string_view value, Request&) {
    const auto address = parse_address(value);
    return address ? truth(range->contains(*address)) : Truth::Unknown;
  };
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
