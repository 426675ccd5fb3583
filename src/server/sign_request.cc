// SPDX-License-Identifier: Apache-2.0
// A request with the signature of an access key.
#include "server/sign_request.h"

#include <algorithm>
#include <cstdlib>

#include "base/encoding.h"
#include "base/error.h"
#include "server/sigv4.h"

namespace trent::server {

namespace {

// Empty is a variable that a script has not set.
std::string environment(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  // It becomes a part of a header.
  if (std::ranges::any_of(text, [](char c) { return is_control(c) || c == ' '; }))
    throw Error(ErrorCode::Validation, std::string(name) + " has white space in it.",
                "Set it anew, to what `trent credential create` or AWS gave you.")
        .in_configuration();
  return text;
}

}  // namespace

std::optional<AccessKey> access_key_of_environment() {
  AccessKey key{.id = environment("AWS_ACCESS_KEY_ID"), .secret = {}, .session_token = {}};
  const char* secret = std::getenv("AWS_SECRET_ACCESS_KEY");
  if (secret != nullptr) key.secret = secret;
  if (key.id.empty() && key.secret.empty()) return std::nullopt;
  if (key.id.empty() || key.secret.empty())
    throw Error(ErrorCode::Validation,
                std::string("Of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, only ") +
                    (key.id.empty() ? "the second" : "the first") + " is set.",
                "Set both, or neither to send requests without a signature.")
        .in_configuration();
  key.session_token = environment("AWS_SESSION_TOKEN");
  for (const char* name : {"AWS_DEFAULT_REGION", "AWS_REGION"})
    if (std::string region = environment(name); !region.empty()) key.region = std::move(region);
  return key;
}

void sign_request(Request& request, const AccessKey& key, std::time_t now) {
  Signature signature;
  signature.access_key_id = key.id;
  signature.time = now;
  signature.time_text = format_signature_time(now);
  signature.date = signature.time_text.substr(0, signature.time_text.find('T'));
  signature.region = key.region;
  signature.service = SignatureRules().service;
  signature.terminator = kTerminator;
  signature.security_token = key.session_token;
  signature.body_hash = body_hash(request);
  request.headers.push_back({"x-amz-date", signature.time_text});
  if (!key.session_token.empty())
    request.headers.push_back({"x-amz-security-token", key.session_token});
  for (const Header& header : request.headers) signature.signed_headers.push_back(header.name);
  std::ranges::sort(signature.signed_headers);

  const SecretBytes date_key = derive_date_key(key.secret, signature.date);
  const SecretBytes signing_key = derive_signing_key(date_key, signature.region, signature.service);
  request.headers.push_back(
      {"authorization", std::string(kAlgorithm) + " Credential=" + key.id + "/" + signature.date +
                            "/" + signature.region + "/" + signature.service + "/" +
                            signature.terminator +
                            ", SignedHeaders=" + signed_header_names(signature) +
                            ", Signature=" + sign(signing_key, signature, request)});
}

}  // namespace trent::server
