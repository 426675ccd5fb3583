// SPDX-License-Identifier: Apache-2.0
// What a query gives.
#include "cli/query.h"

#include <algorithm>

#include "cli/query_node.h"

namespace trent::cli {

namespace {

using kms::Json;
using Kind = QueryNode::Kind;

// Far above what an answer of KMS needs.
constexpr std::size_t kMaxWork = 1'000'000;

std::size_t size_of(const Json& value) {
  std::size_t size = 1;
  if (value.is_string()) size += value.get_ref<const Json::string_t&>().size() / 16;
  if (value.is_structured())
    for (const Json& inner : value) size += size_of(inner);
  return size;
}

// As Python's list[start:stop:step].
Json slice(const Json& list, const QueryNode& node) {
  const std::int64_t size = static_cast<std::int64_t>(list.size());
  const std::int64_t step = node.numbers[2].value_or(1);
  if (step == 0) throw QueryError("the step of a slice is 0");
  const std::int64_t least = step > 0 ? 0 : -1;
  const std::int64_t most = step > 0 ? size : size - 1;
  const auto end = [&](const std::optional<std::int64_t>& given, std::int64_t otherwise) {
    if (!given) return otherwise;
    return std::clamp(*given < 0 ? *given + size : *given, least, most);
  };
  const std::int64_t start = end(node.numbers[0], step > 0 ? least : most);
  const std::int64_t stop = end(node.numbers[1], step > 0 ? most : least);
  Json out = Json::array();
  // No addition that could overflow: steps may be as large as numbers get.
  for (std::int64_t i = start; step > 0 ? i < stop : i > stop; i += step) {
    out.push_back(list[static_cast<std::size_t>(i)]);
    if (step > 0 ? step >= stop - i : step <= stop - i) break;
  }
  return out;
}

Json element(const Json& list, std::int64_t index) {
  const auto size = static_cast<std::int64_t>(list.size());
  if (index < 0) index += size;
  return index < 0 || index >= size ? Json() : list[static_cast<std::size_t>(index)];
}

}  // namespace

bool is_true(const Json& value) {
  if (value.is_string()) return !value.get_ref<const Json::string_t&>().empty();
  if (value.is_structured()) return !value.empty();
  return !value.is_null() && value != Json(false);
}

bool is_equal(const Json& a, const Json& b) {
  if (a.is_object() && b.is_object())
    return a.size() == b.size() && std::ranges::all_of(a.items(), [&](const auto& member) {
             const auto other = b.find(member.key());
             return other != b.end() && is_equal(member.value(), *other);
           });
  if (a.is_array() && b.is_array()) return std::ranges::equal(a, b, is_equal);
  return a == b;
}

void QueryRun::work(std::size_t amount) {
  work_ += amount;
  if (work_ > kMaxWork) throw QueryError("it makes too much of what it is asked of");
}

Json QueryRun::made(Json value) {
  work(size_of(value));
  return value;
}

Json QueryRun::project(const QueryNode& node, const Json& value) {
  const Json base = evaluate(node.parts[0], value);
  if (node.kind == Kind::ValueProjection ? !base.is_object() : !base.is_array()) return {};
  Json out = Json::array();
  for (const Json& each : base) {
    if (node.kind == Kind::FilterProjection && !is_true(evaluate(node.parts[2], each))) continue;
    Json found = evaluate(node.parts[1], each);
    if (!found.is_null()) out.push_back(std::move(found));
  }
  return made(std::move(out));
}

Json QueryRun::compare(const QueryNode& node, const Json& value) {
  const Json left = evaluate(node.parts[0], value);
  const Json right = evaluate(node.parts[1], value);
  if (node.kind == Kind::Equal) return is_equal(left, right);
  if (node.kind == Kind::Unequal) return !is_equal(left, right);
  // The specification orders numbers only, the library behind `aws` also texts.
  const bool have_order =
      (left.is_number() && right.is_number()) || (left.is_string() && right.is_string());
  if (!have_order) return {};
  switch (node.kind) {
    case Kind::Less:
      return left < right;
    case Kind::LessOrEqual:
      return left <= right;
    case Kind::Greater:
      return left > right;
    default:
      return left >= right;
  }
}

Json QueryRun::call(const QueryNode& node, const Json& value) {
  std::vector<Json> arguments;
  for (const QueryNode& part : node.parts)
    arguments.push_back(part.kind == Kind::Reference ? Json() : evaluate(part, value));
  return made(node.function->call(*this, node, arguments));
}

Json QueryRun::evaluate(const QueryNode& node, const Json& value) {
  work(1);
  switch (node.kind) {
    case Kind::Current:
      return value;
    case Kind::Literal:
      return node.literal;
    case Kind::Field: {
      if (!value.is_object()) return {};
      const auto found = value.find(node.name.c_str());
      return found == value.end() ? Json() : *found;
    }
    case Kind::Index:
      return value.is_array() ? element(value, *node.numbers[0]) : Json();
    case Kind::Slice:
      return value.is_array() ? slice(value, node) : Json();
    case Kind::Chain:
      return evaluate(node.parts[1], evaluate(node.parts[0], value));
    case Kind::Projection:
    case Kind::ValueProjection:
    case Kind::FilterProjection:
      return project(node, value);
    case Kind::Flatten: {
      const Json base = evaluate(node.parts[0], value);
      if (!base.is_array()) return {};
      Json out = Json::array();
      for (const Json& each : base) {
        if (each.is_array())
          out.insert(out.end(), each.begin(), each.end());
        else
          out.push_back(each);
      }
      return out;
    }
    case Kind::List: {
      if (value.is_null()) return {};
      Json out = Json::array();
      for (const QueryNode& part : node.parts) out.push_back(evaluate(part, value));
      return made(std::move(out));
    }
    case Kind::Hash: {
      if (value.is_null()) return {};
      Json out = Json::object();
      for (std::size_t i = 0; i < node.parts.size(); ++i)
        out[Json::string_t(node.names[i])] = evaluate(node.parts[i], value);
      return made(std::move(out));
    }
    case Kind::Or:
    case Kind::And: {
      Json left = evaluate(node.parts[0], value);
      return is_true(left) == (node.kind == Kind::Or) ? left : evaluate(node.parts[1], value);
    }
    case Kind::Not:
      return !is_true(evaluate(node.parts[0], value));
    case Kind::Function:
      return call(node, value);
    case Kind::Reference:  // only functions have it
      return {};
    default:
      return compare(node, value);
  }
}

Query::Query(std::string_view expression)
    : root_(std::make_shared<const QueryNode>(parse_query(expression))) {}

Json Query::apply(const Json& document) const {
  return QueryRun().evaluate(*root_, document);
}

}  // namespace trent::cli
