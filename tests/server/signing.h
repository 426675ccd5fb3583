// SPDX-License-Identifier: Apache-2.0
// The client's side, for tests: requests, and their signatures by the functions that check them.
// Whether those are right is for the published cases and for botocore to say.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "server/sigv4.h"

namespace trent::test {

// The time of the published cases, and of all requests here.
inline constexpr const char* kTime = "20150830T123600Z";
inline constexpr std::time_t kTimeInSeconds = 1440938160;
inline const auto kNow = std::chrono::system_clock::from_time_t(kTimeInSeconds);

inline constexpr const char* kAccessKey = "AKIDEXAMPLE";
inline constexpr const char* kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
inline constexpr const char* kScopeRegion = "us-east-1";

inline SecretBytes signing_key(const std::string& secret = kSecret,
                               const std::string& service = "kms",
                               const std::string& region = kScopeRegion,
                               const std::string& date = "20150830") {
  return server::derive_signing_key(server::derive_date_key(secret, date), region, service);
}

// As any client of KMS sends it.
inline server::Request kms_request() {
  return {"POST",
          "/",
          {{"host", "127.0.0.1:8080"},
           {"content-type", "application/x-amz-json-1.1"},
           {"x-amz-target", "TrentService.Decrypt"},
           {"x-amz-date", kTime}},
          "{}"};
}

inline std::string* header(server::Request& request, std::string_view name) {
  const auto found = std::ranges::find(request.headers, name, &server::Header::name);
  return found == request.headers.end() ? nullptr : &found->value;
}

// What stands in the Authorization header.
struct Authorization {
  std::string access_key = kAccessKey;
  std::string date = "20150830";
  std::string region = kScopeRegion;
  std::string service = "kms";
  std::string terminator = "aws4_request";
  std::string signed_headers = "host;x-amz-date;x-amz-target";
  std::string signature = std::string(64, '0');

  std::string credential() const {
    return access_key + "/" + date + "/" + region + "/" + service + "/" + terminator;
  }
  std::string text() const {
    return "AWS4-HMAC-SHA256 Credential=" + credential() + ", SignedHeaders=" + signed_headers +
           ", Signature=" + signature;
  }
};

// With a signature that fits whatever `authorization` says.
inline server::Request signed_in_header(server::Request request, Authorization authorization = {},
                                        const std::string& secret = kSecret) {
  request.headers.push_back({"authorization", authorization.text()});
  const server::Signature signature = server::read_signature(request);
  authorization.signature = server::sign(
      signing_key(secret, authorization.service, authorization.region, authorization.date),
      signature, request);
  request.headers.back().value = authorization.text();
  return request;
}

inline std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) out += c == '/' ? "%2F" : c == ';' ? "%3B" : std::string(1, c);
  return out;
}

// The query form, as `aws4` of npm makes it: the date is in the query.
inline server::Request signed_in_query(server::Request request, Authorization authorization = {},
                                       const std::string& expires = "300",
                                       const std::string& more = "",
                                       const std::string& secret = kSecret) {
  std::erase_if(request.headers, [](const auto& header) { return header.name == "x-amz-date"; });
  if (authorization.signed_headers == Authorization().signed_headers)
    authorization.signed_headers = "host;x-amz-target";
  const std::string target =
      "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + escaped(authorization.credential()) +
      "&X-Amz-Date=" + kTime + "&X-Amz-Expires=" + expires +
      "&X-Amz-SignedHeaders=" + escaped(authorization.signed_headers) + more + "&X-Amz-Signature=";
  request.target = target + authorization.signature;
  const server::Signature signature = server::read_signature(request);
  request.target = target + server::sign(signing_key(secret, authorization.service,
                                                     authorization.region, authorization.date),
                                         signature, request);
  return request;
}

}  // namespace trent::test
