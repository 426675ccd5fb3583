// SPDX-License-Identifier: Apache-2.0
// Import tokens come from the network, and labels of wrapping keys from a token where others can
// write too: each is refused, or says what it says in one way only.
#include <algorithm>

#include "base/bytes.h"
#include "fuzz.h"
#include "kms/import_parameters.h"

using namespace trent;
using namespace trent::kms;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes{data, size};
  if (const auto token = ImportToken::parse(bytes)) {
    require(std::ranges::equal(token->bytes(), bytes), "token is what was read");
    const catalog::Timestamp time = token->valid_to();
    require(ImportToken(time).valid_to() == time, "time is written as it was read");
    require(ImportToken::parse(ImportToken(time).bytes()).has_value(), "new token can be read");
    Bytes other(bytes.begin(), bytes.end());
    other.back() ^= 1;
    require(ImportToken::parse(other)->wrapping_key_id() != token->wrapping_key_id(),
            "another token is of another key");
  }
  if (const auto parameters = ImportParameters::parse(as_text(bytes))) {
    require(parameters->label() == as_text(bytes), "label is written as it was read");
    require(!parameters->key_id.empty() && parameters->key_id.find('/') == std::string::npos,
            "key id is one word");
    require(find_wrapping_algorithm(parameters->algorithm->name) == parameters->algorithm,
            "algorithm is one of Trent's");
  }
  return 0;
}
