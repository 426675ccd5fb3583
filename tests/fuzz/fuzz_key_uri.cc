// SPDX-License-Identifier: Apache-2.0
// A file that names a key (PEM, KMS KEY URI): what is read from one is what would be written.
#include "fuzz.h"
#include "provider/key_uri.h"

using namespace trent;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in_pem = provider::key_uri_in_pem(std::string(data, data + size));
  const auto uri = provider::read_key_uri(in_pem ? *in_pem : Bytes(data, data + size));
  if (!uri) return 0;
  const auto der = provider::key_uri_in_pem(provider::write_key_uri(*uri));
  require(der.has_value(), "what is written can be read");
  require(provider::read_key_uri(*der) == uri, "and is the same URI");
  return 0;
}
