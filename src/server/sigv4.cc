// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4: parsing, the rules, and the canonical form that is signed.
#include "server/sigv4.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>
#include <utility>

#include "base/encoding.h"
#include "base/utc.h"

namespace trent::server {

namespace {

using std::chrono::seconds;

constexpr seconds kLongestLifetime{604800};

AuthenticationError incomplete(std::string message) {
  return {"IncompleteSignatureException", std::move(message), "malformed"};
}

AuthenticationError invalid(std::string message, const char* reason) {
  return {"InvalidSignatureException", std::move(message), reason};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// What is before the separator, and after it. Without one, all is before.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == text.npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// RFC 3986. A "%" that begins no escape stands for itself.
std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); i++) {
    const auto byte = text[i] == '%' ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    const bool is_escape = byte && byte->size() == 1;
    out += is_escape ? static_cast<char>(byte->front()) : text[i];
    if (is_escape) i += 2;
  }
  return out;
}

std::string percent_encoded(std::string_view text, std::string_view kept = "") {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (kUnreserved.find(c) != kUnreserved.npos || kept.find(c) != kept.npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

struct Parameter {
  std::string name, value;
};

// Without escapes.
std::vector<Parameter> query_parameters(const Request& request) {
  std::vector<Parameter> out;
  for (std::string_view part : split(cut(request.target, '?').second, '&')) {
    if (part.empty()) continue;
    const auto [name, value] = cut(part, '=');
    out.push_back({percent_decoded(name), percent_decoded(value)});
  }
  return out;
}

// "20150830T123600Z"; nullopt if it is no such time.
std::optional<std::time_t> parse_time(std::string_view text) {
  constexpr std::string_view kForm = "ddddddddTddddddZ";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i++)
    if (kForm[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != kForm[i]) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + length, value);
    return value;
  };
  namespace chrono = std::chrono;
  const chrono::year_month_day day(chrono::year(number(0, 4)),
                                   chrono::month(static_cast<unsigned>(number(4, 2))),
                                   chrono::day(static_cast<unsigned>(number(6, 2))));
  const int hour = number(9, 2);
  const int minute = number(11, 2);
  const int second = number(13, 2);
  if (!day.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  // Not a time of the system's clock, whose nanoseconds end in 2262.
  const chrono::sys_seconds midnight = chrono::sys_days(day);
  return midnight.time_since_epoch().count() + (hour * 60 + minute) * 60 + second;
}

std::string format_span(seconds span) {
  if (span.count() % 60 == 0) return std::to_string(span.count() / 60) + " min.";
  return std::to_string(span.count()) + " sec.";
}

void read_time(std::string_view text, Signature& out) {
  const auto time = parse_time(text);
  if (!time) throw incomplete("Date must be in ISO-8601 'basic format'.");
  out.time_text = text;
  out.time = *time;
}

void read_credential(std::string_view text, Signature& out) {
  const auto parts = split(text, '/');
  if (parts.size() != 5)
    throw incomplete(
        "Credential must have exactly 5 slash-delimited elements, e.g. "
        "keyid/date/region/service/term.");
  out.access_key_id = parts[0];
  out.date = parts[1];
  out.region = parts[2];
  out.service = parts[3];
  out.terminator = parts[4];
}

void read_signed_headers(std::string_view text, Signature& out) {
  for (std::string_view name : split(text, ';')) {
    // In order, so that none is there twice and there is one way only to write them.
    if (name.empty() || (!out.signed_headers.empty() && out.signed_headers.back() >= name) ||
        std::ranges::any_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }))
      throw incomplete("SignedHeaders must be a sorted list of names in lower case.");
    out.signed_headers.emplace_back(name);
  }
}

// One element of the Authorization header or of the query, each of which comes once.
struct Element {
  std::string_view name;
  std::optional<std::string> value = {};

  void take(std::string_view text) {
    if (value) throw incomplete("An element of the signature is repeated.");
    value = text;
  }
  bool is_missing() const { return !value || value->empty(); }
};

bool is_signature(const std::string& authorization) {
  return authorization.starts_with(kAlgorithm) &&
         (authorization.size() == kAlgorithm.size() || authorization[kAlgorithm.size()] == ' ');
}

Signature from_header(const Request& request, std::string_view authorization) {
  Element credential{"Credential"};
  Element signed_headers{"SignedHeaders"};
  Element signature{"Signature"};
  authorization.remove_prefix(kAlgorithm.size());
  for (std::string_view part : split(authorization, ',')) {
    part = trim(part);
    if (part.empty()) continue;
    if (part.find('=') == part.npos)
      throw incomplete("Not a valid key=value pair (missing equal-sign) in Authorization header.");
    const auto [name, value] = cut(part, '=');
    for (Element* element : {&credential, &signed_headers, &signature})
      if (element->name == name) element->take(value);
  }
  const std::string* date = single_header(request, "x-amz-date");
  if (date == nullptr) date = single_header(request, "date");

  std::string missing;
  for (const Element* element : {&credential, &signature, &signed_headers})
    if (element->is_missing())
      missing += "Authorization header requires '" + std::string(element->name) + "' parameter. ";
  if (date == nullptr)
    missing +=
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  if (!missing.empty()) {
    missing.pop_back();
    throw incomplete(missing);
  }

  Signature out;
  read_credential(*credential.value, out);
  read_signed_headers(*signed_headers.value, out);
  out.signature = *signature.value;
  read_time(*date, out);
  if (const std::string* token = single_header(request, "x-amz-security-token"))
    out.security_token = *token;
  return out;
}

Signature from_query(const Request& request) {
  Element algorithm{"X-Amz-Algorithm"};
  Element credential{"X-Amz-Credential"};
  Element signature{"X-Amz-Signature"};
  Element signed_headers{"X-Amz-SignedHeaders"};
  Element date{"X-Amz-Date"};
  Element expires{"X-Amz-Expires"};
  Element token{"X-Amz-Security-Token"};
  for (const Parameter& parameter : query_parameters(request))
    for (Element* element :
         {&algorithm, &credential, &signature, &signed_headers, &date, &expires, &token})
      if (element->name == parameter.name) element->take(parameter.value);

  std::string missing;
  for (const Element* element :
       {&algorithm, &credential, &signature, &signed_headers, &date, &expires})
    if (element->is_missing())
      missing += "AWS query-string parameters must include '" + std::string(element->name) + "'. ";
  if (!missing.empty()) {
    missing.pop_back();
    throw incomplete(missing);
  }
  if (*algorithm.value != kAlgorithm)
    throw incomplete("X-Amz-Algorithm only supports \"" + std::string(kAlgorithm) + "\".");

  Signature out;
  out.is_in_query = true;
  read_credential(*credential.value, out);
  read_signed_headers(*signed_headers.value, out);
  out.signature = *signature.value;
  read_time(*date.value, out);
  long lifetime = 0;
  const char* end = expires.value->data() + expires.value->size();
  const auto [rest, error] = std::from_chars(expires.value->data(), end, lifetime);
  if (error != std::errc() || rest != end || lifetime < 1 || seconds(lifetime) > kLongestLifetime)
    throw incomplete("X-Amz-Expires must be a number of seconds from 1 to " +
                     std::to_string(kLongestLifetime.count()) + ".");
  out.lifetime = seconds(lifetime);
  out.security_token = token.value.value_or("");
  // One in a header would be neither looked at nor, perhaps, signed.
  if (single_header(request, "x-amz-security-token") != nullptr)
    throw incomplete("The security token must be in the query, where the signature is.");
  return out;
}

void check_scope(const Signature& signature, const SignatureRules& rules) {
  if (signature.date != std::string_view(signature.time_text).substr(0, 8))
    throw invalid(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.",
        "scope");
  if (std::ranges::find(rules.regions, signature.region) == rules.regions.end())
    throw wrong_region();
  if (signature.service != rules.service)
    throw invalid("Credential should be scoped to correct service: '" + rules.service + "'.",
                  "scope");
  if (signature.terminator != kTerminator)
    throw invalid(
        "Credential should be scoped with a valid terminator: '" + std::string(kTerminator) + "'.",
        "scope");
}

void check_time(const Signature& signature, seconds skew, std::time_t now) {
  // A presigned request says itself how long it is good for.
  const seconds age = signature.is_in_query ? signature.lifetime : skew;
  if (signature.time < now - age.count())
    throw invalid("Signature expired: " + signature.time_text + " is now earlier than " +
                      format_signature_time(now - age.count()) + " (" + format_signature_time(now) +
                      " - " + format_span(age) + ")",
                  "skew");
  if (signature.time > now + skew.count())
    throw invalid("Signature not yet current: " + signature.time_text + " is still later than " +
                      format_signature_time(now + skew.count()) + " (" +
                      format_signature_time(now) + " + " + format_span(skew) + ")",
                  "skew");
}

void check_coverage(const Signature& signature, const Request& request,
                    const SignatureRules& rules) {
  const auto require_signed = [&](std::string_view name) {
    if (std::ranges::find(signature.signed_headers, name) != signature.signed_headers.end()) return;
    throw invalid("'" + std::string(name) + "' must be a 'SignedHeader' in the AWS Authorization.",
                  "malformed");
  };
  for (const std::string& name : rules.signed_headers) {
    require_signed(name);
    single_header(request, name);
  }
  if (!signature.is_in_query)
    require_signed(request.header("x-amz-date") != nullptr ? "x-amz-date" : "date");
  for (const char* name : {"x-amz-security-token", "x-amz-content-sha256"})
    if (single_header(request, name) != nullptr) require_signed(name);
  // Also UNSIGNED-PAYLOAD and STREAMING-..., which no client of KMS needs.
  const std::string* hash = request.header("x-amz-content-sha256");
  if (hash != nullptr && *hash != signature.body_hash)
    throw invalid("The provided 'x-amz-content-sha256' header does not match what was computed.",
                  "signature");
  // A header of which only the name is signed could be added on the way.
  for (const std::string& name : signature.signed_headers)
    if (request.header(name) == nullptr) throw wrong_signature();
}

// Without dot segments and empty ones, as all services but S3 have it. What was escaped in it is
// escaped once more.
std::string canonical_path(std::string_view path) {
  std::vector<std::string_view> segments;
  for (std::string_view segment : split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment != "..")
      segments.push_back(segment);
    else if (!segments.empty())
      segments.pop_back();
  }
  std::string out;
  for (std::string_view segment : segments) out.append("/").append(segment);
  if (out.empty() || path.ends_with('/')) out += '/';
  return percent_encoded(out, "/");
}

std::string canonical_query(const Signature& signature, const Request& request) {
  std::vector<Parameter> parameters;
  for (const Parameter& parameter : query_parameters(request))
    if (!signature.is_in_query || parameter.name != "X-Amz-Signature")
      parameters.push_back({percent_encoded(parameter.name), percent_encoded(parameter.value)});
  std::ranges::sort(parameters, {}, [](const Parameter& parameter) {
    return std::tie(parameter.name, parameter.value);
  });
  std::string out;
  for (const Parameter& parameter : parameters)
    out += (out.empty() ? "" : "&") + parameter.name + "=" + parameter.value;
  return out;
}

// Repeated headers are joined, and runs of white space become one space: no value can look like a
// line of its own.
void append_header(std::string& out, const std::string& name, const Request& request) {
  out += name;
  char separator = ':';
  for (const Header& header : request.headers) {
    if (header.name != name) continue;
    out += separator;
    separator = ',';
    bool after_space = false;
    for (char c : trim(header.value)) {
      const bool space = is_space(c);
      if (!(space && after_space)) out += space ? ' ' : c;
      after_space = space;
    }
  }
  out += '\n';
}

}  // namespace

AuthenticationError wrong_signature() {
  return invalid(
      "The request signature we calculated does not match the signature you provided. Check your "
      "AWS Secret Access Key and signing method. Consult the service documentation for details.",
      "signature");
}

AuthenticationError wrong_region() {
  return invalid("Credential should be scoped to a valid region.", "scope");
}

AuthenticationError missing_authentication(const char* reason) {
  return {"MissingAuthenticationTokenException", "Missing Authentication Token", reason};
}

const std::string* single_header(const Request& request, std::string_view name) {
  const std::string* found = nullptr;
  for (const Header& header : request.headers) {
    if (header.name != name) continue;
    if (found != nullptr) throw incomplete("A header that must come once is repeated.");
    found = &header.value;
  }
  return found;
}

bool is_presigned(const Request& request) {
  if (request.target.find('?') == std::string::npos) return false;
  return std::ranges::any_of(query_parameters(request), [](const Parameter& parameter) {
    return parameter.name == "X-Amz-Signature";
  });
}

Signature read_signature(const Request& request) {
  const std::string* authorization = single_header(request, "authorization");
  const bool presigned = is_presigned(request);
  if (authorization != nullptr && presigned)
    throw incomplete("A request is signed in its Authorization header or in its query, not both.");
  if (authorization == nullptr && !presigned) throw missing_authentication("missing");
  if (!presigned && !is_signature(*authorization))
    throw incomplete("Unsupported AWS 'algorithm': it must be '" + std::string(kAlgorithm) + "'.");
  Signature signature = presigned ? from_query(request) : from_header(request, *authorization);
  signature.body_hash = body_hash(request);
  return signature;
}

void check_rules(const Signature& signature, const Request& request, const SignatureRules& rules,
                 std::chrono::system_clock::time_point now) {
  check_scope(signature, rules);
  check_time(signature, rules.skew, std::chrono::system_clock::to_time_t(now));
  check_coverage(signature, request, rules);
}

SecretBytes derive_date_key(std::string_view secret, std::string_view date) {
  SecretString key(kSecretPrefix);
  key += secret;
  return hmac_sha256(as_bytes(key), as_bytes(date));
}

SecretBytes derive_signing_key(ByteView date_key, std::string_view region,
                               std::string_view service) {
  const SecretBytes region_key = hmac_sha256(date_key, as_bytes(region));
  const SecretBytes service_key = hmac_sha256(region_key, as_bytes(service));
  return hmac_sha256(service_key, as_bytes(kTerminator));
}

std::string format_signature_time(std::time_t time) {
  return format_utc(time, "%Y%m%dT%H%M%SZ");
}

std::string signed_header_names(const Signature& signature) {
  std::string names;
  for (const std::string& name : signature.signed_headers)
    names.append(names.empty() ? "" : ";").append(name);
  return names;
}

std::string body_hash(const Request& request) {
  return to_hex(sha256({as_bytes(request.body)}));
}

std::string canonical_request(const Signature& signature, const Request& request) {
  std::string out;
  out.reserve(1024);
  out += request.method + "\n";
  out += canonical_path(cut(request.target, '?').first) + "\n";
  out += canonical_query(signature, request) + "\n";
  for (const std::string& name : signature.signed_headers) append_header(out, name, request);
  return out + "\n" + signed_header_names(signature) + "\n" + signature.body_hash;
}

std::string sign(ByteView signing_key, const Signature& signature, const Request& request) {
  const std::string canonical = canonical_request(signature, request);
  std::string text;
  text.reserve(256);
  text.append(kAlgorithm).append("\n").append(signature.time_text).append("\n");
  text.append(signature.date).append("/").append(signature.region).append("/");
  text.append(signature.service).append("/").append(signature.terminator).append("\n");
  text += to_hex(sha256({as_bytes(canonical)}));
  return to_hex(hmac_sha256(signing_key, as_bytes(text)));
}

bool is_signed_with(ByteView signing_key, const Signature& signature, const Request& request) {
  const std::string right = sign(signing_key, signature, request);
  return signature.signature.size() == right.size() &&
         CRYPTO_memcmp(signature.signature.data(), right.data(), right.size()) == 0;
}

}  // namespace trent::server
