// SPDX-License-Identifier: Apache-2.0
// For query.py: asks the query in each line of standard input, [expression, document], and prints
// the result as JSON, or "! " and the reason.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/query.h"

using trent::kms::Json;

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const Json input = Json::parse(line);
    try {
      const auto& expression = input[0].get_ref<const Json::string_t&>();
      const Json result = trent::cli::Query(expression).apply(input[1]);
      std::cout << std::string_view(result.dump()) << std::endl;
    } catch (const trent::cli::QueryError& error) {
      std::cout << "! " << error.what() << std::endl;
    }
  }
}
