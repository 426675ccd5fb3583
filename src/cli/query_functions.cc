// SPDX-License-Identifier: Apache-2.0
// The functions of queries.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "cli/query_node.h"

namespace trent::cli {

namespace {

using kms::Json;
using Text = Json::string_t;
using Arguments = std::span<const Json>;

constexpr std::size_t kAnyNumber = std::numeric_limits<std::size_t>::max();

std::string_view type_name(const Json& value) {
  return value.is_number() ? "number" : value.type_name();
}

[[noreturn]] void refuse(const QueryNode& node, const Json& value, std::string_view wanted) {
  throw QueryError("the function " + std::string(node.function->name) + "() takes " +
                   std::string(wanted) + ", and gets a value of the type " +
                   std::string(type_name(value)));
}

const Text& text(const QueryNode& node, const Json& value) {
  if (!value.is_string()) refuse(node, value, "a string");
  return value.get_ref<const Text&>();
}
const Json& number(const QueryNode& node, const Json& value) {
  if (!value.is_number()) refuse(node, value, "a number");
  return value;
}
const Json& array(const QueryNode& node, const Json& value) {
  if (!value.is_array()) refuse(node, value, "an array");
  return value;
}
const Json& object(const QueryNode& node, const Json& value) {
  if (!value.is_object()) refuse(node, value, "an object");
  return value;
}

// What has an order among itself: numbers only, or strings only.
void require_comparable(const QueryNode& node, std::span<const Json> values) {
  for (const Json& value : values)
    if ((!value.is_number() && !value.is_string()) ||
        value.is_string() != values.front().is_string())
      refuse(node, value, "numbers only, or strings only");
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

Json abs(QueryRun&, const QueryNode& node, Arguments arguments) {
  const Json& value = number(node, arguments[0]);
  if (value.is_number_float()) return std::fabs(value.get<double>());
  if (value.is_number_unsigned()) return value;
  const auto whole = value.get<std::int64_t>();
  return whole < 0 ? Json(std::uint64_t{0} - static_cast<std::uint64_t>(whole)) : Json(whole);
}

Json rounded(const QueryNode& node, const Json& value, double (*round)(double)) {
  if (!number(node, value).is_number_float()) return value;
  const double whole = round(value.get<double>());
  constexpr double kLimit = 9e18;  // what a whole number can hold
  return std::fabs(whole) < kLimit ? Json(static_cast<std::int64_t>(whole)) : Json(whole);
}

Json sum_of(const QueryNode& node, const Json& list) {
  std::int64_t whole = 0;
  double all = 0;
  bool is_whole = true;
  for (const Json& value : array(node, list)) {
    all += number(node, value).get<double>();
    is_whole = is_whole && !value.is_number_float() && std::fabs(all) < 9e15;
    if (is_whole) whole += value.get<std::int64_t>();
  }
  return is_whole ? Json(whole) : Json(all);
}

Json avg(QueryRun&, const QueryNode& node, Arguments arguments) {
  const Json sum = sum_of(node, arguments[0]);
  if (arguments[0].empty()) return {};
  return sum.get<double>() / static_cast<double>(arguments[0].size());
}

Json contains(QueryRun&, const QueryNode& node, Arguments arguments) {
  const Json& subject = arguments[0];
  if (subject.is_array())
    return std::ranges::any_of(subject,
                               [&](const Json& each) { return is_equal(each, arguments[1]); });
  return text(node, subject).find(text(node, arguments[1])) != Text::npos;
}

Json join(QueryRun&, const QueryNode& node, Arguments arguments) {
  const Text& glue = text(node, arguments[0]);
  Text out;
  bool first = true;
  for (const Json& each : array(node, arguments[1])) {
    if (!std::exchange(first, false)) out += glue;
    out += text(node, each);
  }
  return out;
}

Json keys(QueryRun&, const QueryNode& node, Arguments arguments) {
  Json out = Json::array();
  for (const auto& [name, value] : object(node, arguments[0]).items()) out.push_back(Text(name));
  return out;
}

Json values(QueryRun&, const QueryNode& node, Arguments arguments) {
  Json out = Json::array();
  for (const Json& value : object(node, arguments[0])) out.push_back(value);
  return out;
}

Json length(QueryRun&, const QueryNode& node, Arguments arguments) {
  const Json& value = arguments[0];
  if (value.is_structured()) return value.size();
  if (!value.is_string()) refuse(node, value, "a string, an array or an object");
  return static_cast<std::uint64_t>(
      std::ranges::count_if(text(node, value), [](char c) { return !is_continuation(c); }));
}

Json map(QueryRun& run, const QueryNode& node, Arguments arguments) {
  Json out = Json::array();
  for (const Json& each : array(node, arguments[1]))
    out.push_back(run.evaluate(node.parts[0].parts[0], each));
  return out;
}

// By what each element is compared: itself, or what the reference names in it.
std::vector<Json> ranks(QueryRun& run, const QueryNode& node, const Json& list) {
  std::vector<Json> out;
  for (const Json& each : array(node, list))
    out.push_back(node.function->reference ? run.evaluate(node.parts[1].parts[0], each) : each);
  require_comparable(node, out);
  return out;
}

template <bool Largest>
Json extreme(QueryRun& run, const QueryNode& node, Arguments arguments) {
  const std::vector<Json> by = ranks(run, node, arguments[0]);
  if (by.empty()) return {};
  const auto best = Largest ? std::ranges::max_element(by) : std::ranges::min_element(by);
  return arguments[0][static_cast<std::size_t>(best - by.begin())];
}

Json sort(QueryRun& run, const QueryNode& node, Arguments arguments) {
  const std::vector<Json> by = ranks(run, node, arguments[0]);
  std::vector<std::size_t> order(by.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return by[a] < by[b]; });
  Json out = Json::array();
  for (const std::size_t i : order) out.push_back(arguments[0][i]);
  return out;
}

Json merge(QueryRun&, const QueryNode& node, Arguments arguments) {
  Json out = Json::object();
  for (const Json& each : arguments)
    for (const auto& [name, value] : object(node, each).items()) out[Text(name)] = value;
  return out;
}

Json not_null(QueryRun&, const QueryNode&, Arguments arguments) {
  const auto found = std::ranges::find_if_not(arguments, &Json::is_null);
  return found == arguments.end() ? Json() : *found;
}

Json reverse(QueryRun&, const QueryNode& node, Arguments arguments) {
  const Json& value = arguments[0];
  if (value.is_array()) {
    Json out = Json::array();
    for (auto each = value.rbegin(); each != value.rend(); ++each) out.push_back(*each);
    return out;
  }
  if (!value.is_string()) refuse(node, value, "a string or an array");
  const Text& from = text(node, value);
  Text out;
  for (std::size_t end = from.size(); end > 0;) {
    std::size_t start = end - 1;
    while (start > 0 && is_continuation(from[start])) --start;
    out.append(from, start, end - start);
    end = start;
  }
  return out;
}

Json to_array(QueryRun&, const QueryNode&, Arguments arguments) {
  return arguments[0].is_array() ? arguments[0] : Json::array({arguments[0]});
}

Json to_number(QueryRun&, const QueryNode&, Arguments arguments) {
  const Json& value = arguments[0];
  if (value.is_number()) return value;
  if (!value.is_string()) return {};
  const Text& digits = value.get_ref<const Text&>();
  const char* const end = digits.data() + digits.size();
  std::int64_t whole = 0;
  if (const auto result = std::from_chars(digits.data(), end, whole);
      result.ec == std::errc() && result.ptr == end)
    return whole;
  double real = 0;
  const auto result = std::from_chars(digits.data(), end, real);
  return result.ec == std::errc() && result.ptr == end && std::isfinite(real) ? Json(real) : Json();
}

Json to_string(QueryRun&, const QueryNode&, Arguments arguments) {
  if (arguments[0].is_string()) return arguments[0];
  return arguments[0].dump(-1, ' ', true, Json::error_handler_t::replace);
}

Json type(QueryRun&, const QueryNode&, Arguments arguments) {
  return Text(type_name(arguments[0]));
}

constexpr QueryFunction kFunctions[] = {
    {"abs", 1, 1, {}, abs},
    {"avg", 1, 1, {}, avg},
    {"ceil",
     1,
     1,
     {},
     [](QueryRun&, const QueryNode& node, Arguments a) { return rounded(node, a[0], std::ceil); }},
    {"contains", 2, 2, {}, contains},
    {"ends_with",
     2,
     2,
     {},
     [](QueryRun&, const QueryNode& node, Arguments a) {
       return Json(text(node, a[0]).ends_with(text(node, a[1])));
     }},
    {"floor",
     1,
     1,
     {},
     [](QueryRun&, const QueryNode& node, Arguments a) { return rounded(node, a[0], std::floor); }},
    {"join", 2, 2, {}, join},
    {"keys", 1, 1, {}, keys},
    {"length", 1, 1, {}, length},
    {"map", 2, 2, 0, map},
    {"max", 1, 1, {}, extreme<true>},
    {"max_by", 2, 2, 1, extreme<true>},
    {"merge", 0, kAnyNumber, {}, merge},
    {"min", 1, 1, {}, extreme<false>},
    {"min_by", 2, 2, 1, extreme<false>},
    {"not_null", 1, kAnyNumber, {}, not_null},
    {"reverse", 1, 1, {}, reverse},
    {"sort", 1, 1, {}, sort},
    {"sort_by", 2, 2, 1, sort},
    {"starts_with",
     2,
     2,
     {},
     [](QueryRun&, const QueryNode& node, Arguments a) {
       return Json(text(node, a[0]).starts_with(text(node, a[1])));
     }},
    {"sum",
     1,
     1,
     {},
     [](QueryRun&, const QueryNode& node, Arguments a) { return sum_of(node, a[0]); }},
    {"to_array", 1, 1, {}, to_array},
    {"to_number", 1, 1, {}, to_number},
    {"to_string", 1, 1, {}, to_string},
    {"type", 1, 1, {}, type},
    {"values", 1, 1, {}, values},
};

}  // namespace

const QueryFunction* find_query_function(std::string_view name) {
  const auto found = std::ranges::find(kFunctions, name, &QueryFunction::name);
  return found == std::end(kFunctions) ? nullptr : found;
}

}  // namespace trent::cli
