// SPDX-License-Identifier: Apache-2.0
// A request, as text: its first line is "METHOD TARGET", then come "name:value" lines, an empty one
// and the body. It is let in only with the right signature over its host, operation and date, and
// whatever it says, the answer repeats none of it.
#include <algorithm>

#include "base/encoding.h"
#include "fuzz.h"
#include "server/sigv4.h"

using namespace trent;
using namespace trent::server;
using fuzz::require;

namespace {

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

Request parse(std::string_view text) {
  const std::string_view first = take_line(text);
  const std::size_t space = std::min(first.find(' '), first.size());
  Request request;
  request.method = first.substr(0, space);
  request.target = first.substr(std::min(space + 1, first.size()));
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    const std::size_t colon = std::min(line.find(':'), line.size());
    request.headers.push_back({std::string(line.substr(0, colon)),
                               std::string(line.substr(std::min(colon + 1, line.size())))});
  }
  request.body = text;
  return request;
}

// The day of the seeds.
const auto kNow = std::chrono::system_clock::from_time_t(1440938160);
const std::string kKey = "AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

bool is_signed(const Signature& signature, std::string_view name) {
  return std::ranges::find(signature.signed_headers, name) != signature.signed_headers.end();
}

// Of a request that follows the rules: the right signature is taken, and no other.
void check_comparison(Signature signature, const Request& request) {
  const SecretBytes key = derive_signing_key(hmac_sha256(as_bytes(kKey), as_bytes(signature.date)),
                                             signature.region, signature.service);
  const std::string right = sign(key, signature, request);
  require(is_signed_with(key, signature, request) == (signature.signature == right),
          "only the right signature is taken");
  signature.signature = right;
  require(is_signed_with(key, signature, request), "the right signature is taken");
  signature.signature[0] ^= 1;
  require(!is_signed_with(key, signature, request), "a wrong signature is not taken");
  Request other = request;
  other.body += '.';
  Signature of_other = signature;
  of_other.body_hash = to_hex(sha256({as_bytes(other.body)}));
  of_other.signature = right;
  require(!is_signed_with(key, of_other, other), "the body counts");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Request request = parse(as_text({data, size}));
  SignatureRules rules;
  rules.regions = {"us-east-1"};
  try {
    const Signature signature = read_signature(request);
    check_rules(signature, request, rules, kNow);
    require(is_signed(signature, "host") && is_signed(signature, "x-amz-target"),
            "host and operation are signed");
    require(
        signature.is_in_query || is_signed(signature, "x-amz-date") || is_signed(signature, "date"),
        "the date is signed");
    require(signature.region == "us-east-1" && signature.service == "kms", "scope is ours");
    check_comparison(signature, request);
  } catch (const AuthenticationError& error) {
    require(!error.message().empty() && error.message().size() < 400, "message is short");
    const std::string_view reason = error.reason();
    require(reason == "missing" || reason == "malformed" || reason == "scope" || reason == "skew" ||
                reason == "signature",
            "reason is known");
  }
  return 0;
}
