// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4: what a request says of its signature, whether that is within the rules,
// and what the signature has to be.
#pragma once

#include <chrono>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "base/openssl.h"
#include "server/authentication_error.h"
#include "server/message.h"

namespace trent::server {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kTerminator = "aws4_request";

// What a signature is good for.
struct SignatureRules {
  std::string service = "kms";
  std::vector<std::string> regions;
  // Which headers it has to cover, beside those that speak of the signature itself. Without
  // x-amz-target, a request for one operation could be turned into one for another.
  std::vector<std::string> signed_headers = {"host", "x-amz-target"};
  std::chrono::seconds skew = std::chrono::minutes(5);  // of the clocks, in both directions
};

// From the Authorization header, or from the query ("presigned").
struct Signature {
  bool is_in_query = false;
  // The Credential: ACCESS-KEY-ID/DATE/REGION/SERVICE/TERMINATOR.
  std::string access_key_id, date, region, service, terminator;
  std::vector<std::string> signed_headers;
  std::string signature;             // in hexadecimal, if it is one
  std::string time_text;             // when it was made: "20150830T123600Z"
  std::time_t time = 0;              // the same
  std::chrono::seconds lifetime{0};  // of one in the query
  std::string security_token;        // empty: none
  std::string body_hash;             // SHA-256 of the body as it was received, in hexadecimal
};

// The value of a header that comes once, or null. What speaks of the signature, or of what to do,
// must not be there twice, for one reader would take the first, and another one the last: throws
// AuthenticationError.
const std::string* single_header(const Request& request, std::string_view name);

// Whether there is a signature in the query.
bool is_presigned(const Request& request);

// Throws AuthenticationError if there is no signature, or one that nobody can read.
Signature read_signature(const Request& request);

// Throws AuthenticationError unless the signature is for this service and one of its regions, of
// this time, and covers what it has to. Whether it is right is another question.
void check_rules(const Signature& signature, const Request& request, const SignatureRules& rules,
                 std::chrono::system_clock::time_point now);

// The chain from a secret to the key that signs one day's requests to a service in a region. Its
// first step is the only one that the secret takes part in: a token that keeps it does that one.
// That is HMAC-SHA-256 of the date, with this and the secret for the key.
inline constexpr std::string_view kSecretPrefix = "AWS4";
SecretBytes derive_date_key(std::string_view secret, std::string_view date);
SecretBytes derive_signing_key(ByteView date_key, std::string_view region,
                               std::string_view service);

// "20150830T123600Z"
std::string format_signature_time(std::time_t time);
// The names of the headers that it covers, as they are written: "host;x-amz-date".
std::string signed_header_names(const Signature& signature);
// In hexadecimal.
std::string body_hash(const Request& request);

// What is hashed and signed.
std::string canonical_request(const Signature& signature, const Request& request);
// The right signature, in hexadecimal.
std::string sign(ByteView signing_key, const Signature& signature, const Request& request);
// Compares in constant time.
bool is_signed_with(ByteView signing_key, const Signature& signature, const Request& request);

// Errors of what comes before a signature is read, and after.
AuthenticationError missing_authentication(const char* reason);
AuthenticationError wrong_signature();
AuthenticationError wrong_region();

}  // namespace trent::server
