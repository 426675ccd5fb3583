// SPDX-License-Identifier: Apache-2.0
// A query, and after a NUL the JSON that it is asked of. It is refused in a sentence or it has an
// answer, the same each time, which is text in every format.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/json.h"
#include "cli/formats.h"
#include "cli/query.h"
#include "fuzz.h"

using trent::cli::Query;
using trent::cli::QueryError;
using trent::fuzz::require;
using trent::kms::Json;

namespace {

void check_refusal(const QueryError& error) {
  const std::string_view sentence = error.what();
  require(sentence.size() > 5 && sentence.size() < 500, "what is wrong is said in a sentence");
}

void print(const Json& json) {
  for (const auto& text : {trent::cli::text_format(json), trent::cli::yaml_format(json)})
    require(trent::is_utf8(text), "what is printed is text");
  try {
    trent::cli::table_format("Title", json, 80);
  } catch (const std::invalid_argument& error) {
    require(std::string_view(error.what()).size() > 5, "why it is no table is said");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t nul = std::min(input.find('\0'), input.size());
  Json document;
  try {
    document = trent::parse_json<Json>(input.substr(std::min(nul + 1, input.size())));
  } catch (const std::runtime_error&) {
    document = Json::parse(
        R"({"Keys": [{"KeyId": "a", "Tags": [1, 2]}, {"KeyId": "b"}], "Truncated": false})");
  }
  try {
    const Query query(input.substr(0, nul));
    const Json answer = query.apply(document);
    require(query.apply(document) == answer, "a query gives the same again");
    if (answer.dump(-1, ' ', false, Json::error_handler_t::replace).size() < 100'000) print(answer);
  } catch (const QueryError& error) {
    check_refusal(error);
  }
  return 0;
}
