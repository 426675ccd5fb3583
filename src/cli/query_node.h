// SPDX-License-Identifier: Apache-2.0
// A query as a tree. query_parser.cc makes it, query.cc asks it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/query.h"

namespace trent::cli {

struct QueryFunction;

struct QueryNode {
  enum class Kind {
    Current,           // @, and what stands for itself
    Literal,           // `literal`, 'literal'
    Field,             // name
    Index,             // [number]
    Slice,             // [start:stop:step]
    Chain,             // the second of what the first gives: a.b, a[0], a | b
    Projection,        // the second of each element of the first: a[*].b
    ValueProjection,   // of each value of the members of the first: a.*.b
    FilterProjection,  // of each element of the first for which the third is true: a[?c].b
    Flatten,           // a[]
    List,              // [a, b]
    Hash,              // {name: a}
    Or,
    And,
    Not,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Function,   // name(a, b)
    Reference,  // &a
  };

  Kind kind = Kind::Current;
  std::vector<QueryNode> parts{};
  std::string name{};                // of a field
  std::vector<std::string> names{};  // of the members of a hash
  kms::Json literal{};
  std::optional<std::int64_t> numbers[3]{};  // of a slice; of an index, the first
  const QueryFunction* function = nullptr;
};

// Throws QueryError.
QueryNode parse_query(std::string_view expression);

// Asks one query of one document.
class QueryRun {
 public:
  kms::Json evaluate(const QueryNode& node, const kms::Json& value);

 private:
  // What a query does is bounded: some double what they get with every few characters.
  void work(std::size_t amount);
  kms::Json made(kms::Json value);
  kms::Json project(const QueryNode& node, const kms::Json& value);
  kms::Json compare(const QueryNode& node, const kms::Json& value);
  kms::Json call(const QueryNode& node, const kms::Json& value);

  std::size_t work_ = 0;
};

struct QueryFunction {
  std::string_view name;
  std::size_t least;  // arguments
  std::size_t most;
  // Which argument is a reference, &expression. No function has two.
  std::optional<std::size_t> reference;
  // `arguments` has null in the place of the reference, which is in `node`.
  kms::Json (*call)(QueryRun& run, const QueryNode& node, std::span<const kms::Json> arguments);
};

// Null if there is none of this name.
const QueryFunction* find_query_function(std::string_view name);

// Everything is, but null, false, and what is empty.
bool is_true(const kms::Json& value);
// Numbers by their value, and objects whatever the order of their members.
bool is_equal(const kms::Json& a, const kms::Json& b);

}  // namespace trent::cli
