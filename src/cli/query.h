// SPDX-License-Identifier: Apache-2.0
// --query: JMESPath (https://jmespath.org/specification.html), the language that `aws` takes there.
// All of its grammar and its functions, as the Python library behind `aws` understands them.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "kms/model/json_fwd.h"

namespace trent::cli {

// What is wrong with a query, or why it does not fit what it is asked of.
struct QueryError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct QueryNode;

class Query {
 public:
  // Throws QueryError.
  explicit Query(std::string_view expression);

  // What of `document` it names: null, if nothing. Throws QueryError.
  kms::Json apply(const kms::Json& document) const;

 private:
  std::shared_ptr<const QueryNode> root_;
};

}  // namespace trent::cli
