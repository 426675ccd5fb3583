// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4: the cases that AWS has published, each of the rules, and what the client
// is told.
#include "server/sigv4.h"

#include <functional>

#include "check.h"
#include "signing.h"

namespace {

using namespace trent;
using namespace trent::server;
using namespace std::chrono_literals;
using test::Authorization;
using test::kms_request;
using test::kNow;

// Of aws-sig-v4-test-suite: service "service", AKIDEXAMPLE, 2015-08-30. A line that continues a
// header is one more value there, as old parsers of HTTP had it.
struct Published {
  const char* name;
  const char* method;
  const char* target;
  std::vector<Header> headers;  // between host and x-amz-date
  const char* body;
  const char* signed_headers;
  const char* signature;
};

constexpr const char* kToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPf"
    "IeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7W"
    "Z0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8F"
    "DrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
constexpr const char* kPlain = "host;x-amz-date";
constexpr const char* kWithHeader = "host;my-header1;x-amz-date";
constexpr const char* kUnreserved =
    "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const std::vector<Published> kPublished = {
    {"get-header-key-duplicate",
     "GET",
     "/",
     {{"my-header1", "value2"}, {"my-header1", "value2"}, {"my-header1", "value1"}},
     "",
     kWithHeader,
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-multiline",
     "GET",
     "/",
     {{"my-header1", "value1"}, {"my-header1", "  value2"}, {"my-header1", "     value3"}},
     "",
     kWithHeader,
     "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790"},
    {"get-header-value-order",
     "GET",
     "/",
     {{"my-header1", "value4"},
      {"my-header1", "value1"},
      {"my-header1", "value3"},
      {"my-header1", "value2"}},
     "",
     kWithHeader,
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-value-trim",
     "GET",
     "/",
     {{"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}},
     "",
     "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-unreserved",
     "GET",
     kUnreserved,
     {},
     "",
     kPlain,
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-utf8",
     "GET",
     "/ሴ",
     {},
     "",
     kPlain,
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-vanilla",
     "GET",
     "/",
     {},
     "",
     kPlain,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-empty-query-key",
     "GET",
     "/?Param1=value1",
     {},
     "",
     kPlain,
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-query",
     "GET",
     "/",
     {},
     "",
     kPlain,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-query-order-key",
     "GET",
     "/?Param1=value2&Param1=Value1",
     {},
     "",
     kPlain,
     "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/?Param2=value2&Param1=value1",
     {},
     "",
     kPlain,
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-order-value",
     "GET",
     "/?Param1=value2&Param1=value1",
     {},
     "",
     kPlain,
     "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
    {"get-vanilla-query-unreserved",
     "GET",
     "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
     "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {},
     "",
     kPlain,
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-utf8-query",
     "GET",
     "/?ሴ=bar",
     {},
     "",
     kPlain,
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"normalize-path/get-relative",
     "GET",
     "/example/..",
     {},
     "",
     kPlain,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"normalize-path/get-relative-relative",
     "GET",
     "/example1/example2/../..",
     {},
     "",
     kPlain,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"normalize-path/get-slash",
     "GET",
     "//",
     {},
     "",
     kPlain,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"normalize-path/get-slash-dot-slash",
     "GET",
     "/./",
     {},
     "",
     kPlain,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"normalize-path/get-slash-pointless-dot",
     "GET",
     "/./example",
     {},
     "",
     kPlain,
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"normalize-path/get-slashes",
     "GET",
     "//example//",
     {},
     "",
     kPlain,
     "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {"normalize-path/get-space",
     "GET",
     "/example space/",
     {},
     "",
     kPlain,
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"post-header-key-case",
     "POST",
     "/",
     {},
     "",
     kPlain,
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-header-key-sort",
     "POST",
     "/",
     {{"my-header1", "value1"}},
     "",
     kWithHeader,
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case",
     "POST",
     "/",
     {{"my-header1", "VALUE1"}},
     "",
     kWithHeader,
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-sts-token/post-sts-header-before",
     "POST",
     "/",
     {{"x-amz-security-token", kToken}},
     "",
     "host;x-amz-date;x-amz-security-token",
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
    {"post-vanilla",
     "POST",
     "/",
     {},
     "",
     kPlain,
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-vanilla-empty-query-value",
     "POST",
     "/?Param1=value1",
     {},
     "",
     kPlain,
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-vanilla-query",
     "POST",
     "/?Param1=value1",
     {},
     "",
     kPlain,
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     {{"content-type", "application/x-www-form-urlencoded"}},
     "Param1=value1",
     "content-type;host;x-amz-date",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"post-x-www-form-urlencoded-parameters",
     "POST",
     "/",
     {{"content-type", "application/x-www-form-urlencoded; charset=utf8"}},
     "Param1=value1",
     "content-type;host;x-amz-date",
     "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
};

Request request_of(const Published& published) {
  Request request{published.method, published.target, {}, published.body};
  request.headers.push_back({"host", "example.amazonaws.com"});
  request.headers.insert(request.headers.end(), published.headers.begin(), published.headers.end());
  request.headers.push_back({"x-amz-date", test::kTime});
  Authorization authorization;
  authorization.service = "service";
  authorization.signed_headers = published.signed_headers;
  authorization.signature = published.signature;
  request.headers.push_back({"authorization", authorization.text()});
  return request;
}

SignatureRules published_rules() {
  return {.service = "service", .regions = {test::kScopeRegion}, .signed_headers = {"host"}};
}
SignatureRules kms_rules() {
  return {.regions = {test::kScopeRegion}};
}

// As the server does it, for one key.
void verify(const Request& request, const SignatureRules& rules = kms_rules(),
            std::chrono::system_clock::time_point now = kNow) {
  const Signature signature = read_signature(request);
  check_rules(signature, request, rules, now);
  if (!is_signed_with(
          test::signing_key(test::kSecret, signature.service, signature.region, signature.date),
          signature, request))
    throw wrong_signature();
}

bool verifies(const Request& request, const SignatureRules& rules) {
  try {
    verify(request, rules);
    return true;
  } catch (const AuthenticationError&) {
    return false;
  }
}

struct Refusal {
  std::string name, reason, message;
};

Refusal refusal_of(const Request& request, std::chrono::system_clock::time_point now = kNow,
                   const SignatureRules& rules = kms_rules()) {
  try {
    verify(request, rules, now);
  } catch (const AuthenticationError& error) {
    return {error.name(), error.reason(), error.message()};
  }
  throw test::Failure("accepted");
}

constexpr const char* kIncomplete = "IncompleteSignatureException";
constexpr const char* kInvalid = "InvalidSignatureException";
constexpr const char* kMismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details.";

#define CHECK_REFUSED(refusal, expected_name, expected_reason, expected_message) \
  do {                                                                           \
    const Refusal told = (refusal);                                              \
    CHECK_EQ(told.message, std::string(expected_message));                       \
    CHECK_EQ(told.name, std::string(expected_name));                             \
    CHECK_EQ(told.reason, std::string(expected_reason));                         \
  } while (false)

void published_cases() {
  CHECK_EQ(kPublished.size(), 30U);
  for (const Published& published : kPublished) {
    const Request request = request_of(published);
    const Signature signature = read_signature(request);
    const std::string ours = sign(test::signing_key(test::kSecret, "service"), signature, request);
    if (ours != published.signature)
      throw test::Failure(std::string(published.name) + ": " + ours + " of\n" +
                          canonical_request(signature, request));
    CHECK(verifies(request, published_rules()));
  }
}

// AWS's text of one of them, word for word.
void canonical_form_is_the_published_one() {
  const Request request = request_of(kPublished.at(3));
  CHECK_EQ(canonical_request(read_signature(request), request),
           "GET\n/\n\nhost:example.amazonaws.com\nmy-header1:value1\nmy-header2:\"a b c\"\n"
           "x-amz-date:20150830T123600Z\n\nhost;my-header1;my-header2;x-amz-date\n"
           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

void each_change_of_a_published_case_is_refused() {
  const std::vector<std::pair<const char*, std::function<void(Request&)>>> changes = {
      {"method", [](Request& r) { r.method = r.method == "GET" ? "POST" : "GET"; }},
      {"path", [](Request& r) { r.target.insert(0, "/new"); }},
      {"query", [](Request& r) { r.target += r.target.find('?') == r.target.npos ? "?a" : "&a"; }},
      {"host", [](Request& r) { test::header(r, "host")->append("x"); }},
      {"date", [](Request& r) { *test::header(r, "x-amz-date") = "20150830T123601Z"; }},
      {"body", [](Request& r) { r.body += 'x'; }},
      {"signature",
       [](Request& r) {
         char& last = test::header(r, "authorization")->back();
         last = last == '0' ? '1' : '0';
       }},
      {"length of the signature", [](Request& r) { test::header(r, "authorization")->pop_back(); }},
      {"access key's region",
       [](Request& r) {
         std::string& text = *test::header(r, "authorization");
         text.replace(text.find("us-east-1"), 9, "us-east-2");
       }},
      {"first further header",
       [](Request& r) { r.headers.at(r.headers.size() == 3 ? 0 : 1).value += "y"; }},
      {"order of headers",
       [](Request& r) {
         if (r.headers.size() > 4 && r.headers[1].name == r.headers[2].name &&
             r.headers[2].value != r.headers[3].value)
           std::swap(r.headers[2].value, r.headers[3].value);
         else
           r.headers.erase(r.headers.begin());
       }},
  };
  SignatureRules rules = published_rules();
  rules.regions.emplace_back("us-east-2");
  for (const Published& published : kPublished)
    for (const auto& [what, change] : changes) {
      Request request = request_of(published);
      change(request);
      if (verifies(request, rules))
        throw test::Failure(std::string(published.name) + " with another " + what);
    }
}

void query_order_and_values_count() {
  Request request = request_of(kPublished.at(9));
  request.target = "/?Param1=Value1&Param1=value2";  // sorted, it is the same
  CHECK(verifies(request, published_rules()));
  for (const char* target : {"/?Param1=value2&Param1=value1", "/?Param1=value2",
                             "/?Param1=value2&Param1=Value1&Param1=Value1",
                             "/?param1=value2&Param1=Value1", "/?Param1=value2%26Param1=Value1"}) {
    request.target = target;
    CHECK(!verifies(request, published_rules()));
  }
}

void escapes_in_the_query_are_what_they_stand_for() {
  Request request = request_of(kPublished.at(13));
  request.target = "/?%E1%88%B4=ba%72";
  CHECK(verifies(request, published_rules()));
  request.target = "/?%e1%88%b4=bar";
  CHECK(verifies(request, published_rules()));
  request.target = "/?%25E1%2588%25B4=bar";
  CHECK(!verifies(request, published_rules()));
  for (const char* target : {"/?%", "/?%4", "/?%zz=%", "/?&&", "/?=", "/?a=b=c"}) {
    request.target = target;
    CHECK(!verifies(request, published_rules()));
  }
}

void another_key_is_refused() {
  const Request request = test::signed_in_header(kms_request());
  const Signature signature = read_signature(request);
  CHECK(is_signed_with(test::signing_key(), signature, request));
  CHECK(!is_signed_with(test::signing_key("x"), signature, request));
  CHECK(!is_signed_with(test::signing_key(test::kSecret, "s3"), signature, request));
  CHECK(!is_signed_with(test::signing_key(test::kSecret, "kms", "eu-west-1"), signature, request));
  CHECK(!is_signed_with(test::signing_key(test::kSecret, "kms", test::kScopeRegion, "20150829"),
                        signature, request));
}

void requests_of_kms_are_accepted() {
  verify(test::signed_in_header(kms_request()));
  verify(test::signed_in_query(kms_request()));
  // Without white space; content-type, which JS v2 leaves out, and what npm's JS v3 adds.
  Request request = kms_request();
  request.headers.push_back({"amz-sdk-request", "attempt=1; max=3"});
  request.headers.push_back({"accept-encoding", ""});
  request.headers.push_back({"x-amz-content-sha256", to_hex(sha256({as_bytes("{}")}))});
  Authorization authorization;
  authorization.signed_headers =
      "accept-encoding;amz-sdk-request;host;x-amz-content-sha256;x-amz-date;x-amz-target";
  request = test::signed_in_header(request, authorization);
  verify(request);
  std::string& text = *test::header(request, "authorization");
  while (text.find(", ") != text.npos) text.erase(text.find(", ") + 1, 1);
  verify(request);
  while (text.find(",S") != text.npos) text.replace(text.find(",S"), 1, " ,\t");
  verify(request);
}

void empty_header_is_not_an_absent_one() {
  Request request = kms_request();
  request.headers.push_back({"accept", ""});
  Authorization authorization;
  authorization.signed_headers = "accept;host;x-amz-date;x-amz-target";
  request = test::signed_in_header(request, authorization);
  verify(request);
  std::erase_if(request.headers, [](const Header& header) { return header.name == "accept"; });
  CHECK_REFUSED(refusal_of(request), kInvalid, "signature", kMismatch);
}

void absent_signed_header_is_refused() {
  Authorization authorization;
  authorization.signed_headers = "accept;host;x-amz-date;x-amz-target";
  CHECK_REFUSED(refusal_of(test::signed_in_header(kms_request(), authorization)), kInvalid,
                "signature", kMismatch);
}

void what_has_to_be_signed() {
  Authorization authorization;
  const auto unsigned_header = [&](const std::string& name, const std::string& value,
                                   const std::string& signed_headers) {
    Request request = kms_request();
    if (!value.empty()) request.headers.push_back({name, value});
    authorization.signed_headers = signed_headers;
    const Refusal refused = refusal_of(test::signed_in_header(request, authorization));
    CHECK_REFUSED(refused, kInvalid, "malformed",
                  "'" + name + "' must be a 'SignedHeader' in the AWS Authorization.");
  };
  unsigned_header("host", "", "x-amz-date;x-amz-target");
  unsigned_header("x-amz-target", "", "content-type;host;x-amz-date");
  unsigned_header("x-amz-date", "", "content-type;host;x-amz-target");
  unsigned_header("x-amz-security-token", "abc", "host;x-amz-date;x-amz-target");
  unsigned_header("x-amz-content-sha256", to_hex(sha256({as_bytes("{}")})),
                  "host;x-amz-date;x-amz-target");

  // In the query, the date is signed anyway.
  authorization.signed_headers = "host";
  CHECK_REFUSED(refusal_of(test::signed_in_query(kms_request(), authorization)), kInvalid,
                "malformed", "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.");
  authorization.signed_headers = "x-amz-target";
  CHECK_REFUSED(refusal_of(test::signed_in_query(kms_request(), authorization)), kInvalid,
                "malformed", "'host' must be a 'SignedHeader' in the AWS Authorization.");
}

void target_cannot_be_exchanged() {
  for (Request request :
       {test::signed_in_header(kms_request()), test::signed_in_query(kms_request())}) {
    *test::header(request, "x-amz-target") = "TrentService.DescribeKey";
    CHECK_REFUSED(refusal_of(request), kInvalid, "signature", kMismatch);
  }
}

void content_hash_must_be_that_of_the_body() {
  for (const std::string& hash :
       {std::string("UNSIGNED-PAYLOAD"), std::string("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        std::string("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), std::string(),
        to_hex(sha256({as_bytes("{ }")}))}) {
    Request request = kms_request();
    request.headers.push_back({"x-amz-content-sha256", hash});
    Authorization authorization;
    authorization.signed_headers = "host;x-amz-content-sha256;x-amz-date;x-amz-target";
    CHECK_REFUSED(refusal_of(test::signed_in_header(request, authorization)), kInvalid, "signature",
                  "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
}

void repeated_headers() {
  const auto twice = [](const std::string& name, const std::string& value) {
    Request request = test::signed_in_header(kms_request());
    request.headers.push_back({name, value});
    return refusal_of(request);
  };
  constexpr const char* kRepeated = "A header that must come once is repeated.";
  CHECK_REFUSED(twice("authorization", Authorization().text()), kIncomplete, "malformed",
                kRepeated);
  CHECK_REFUSED(twice("x-amz-date", test::kTime), kIncomplete, "malformed", kRepeated);
  CHECK_REFUSED(twice("x-amz-target", "TrentService.Encrypt"), kIncomplete, "malformed", kRepeated);
  CHECK_REFUSED(twice("host", "other"), kIncomplete, "malformed", kRepeated);
}

void x_amz_date_goes_before_date() {
  Request request = kms_request();
  request.headers.push_back({"date", "20990101T000000Z"});
  verify(test::signed_in_header(request));

  std::erase_if(request.headers, [](const Header& header) { return header.name == "x-amz-date"; });
  *test::header(request, "date") = test::kTime;
  Authorization authorization;
  authorization.signed_headers = "date;host;x-amz-target";
  verify(test::signed_in_header(request, authorization));
  authorization.signed_headers = "host;x-amz-target";
  CHECK_REFUSED(refusal_of(test::signed_in_header(request, authorization)), kInvalid, "malformed",
                "'date' must be a 'SignedHeader' in the AWS Authorization.");
}

void dates_that_are_none() {
  for (const char* date :
       {"", "20150830", "2015-08-30T12:36:00Z", "20150830T123600", "20150830T123600z",
        "20150830T123600ZZ", "20150230T123600Z", "20151330T123600Z", "20150830T243600Z",
        "20150830T126000Z", "20150830T123660Z", "0150830T1236000Z", "20150830 123600Z",
        "Sun, 30 Aug 2015 12:36:00 GMT", "1440938160"}) {
    Request request = test::signed_in_header(kms_request());
    *test::header(request, "x-amz-date") = date;
    CHECK_REFUSED(refusal_of(request), kIncomplete, "malformed",
                  "Date must be in ISO-8601 'basic format'.");
  }
}

void dates_at_the_ends_of_the_calendar() {
  for (const char* date : {"00000101T000000Z", "99991231T235959Z", "20150831T000000Z"}) {
    Request request = test::signed_in_header(kms_request());
    *test::header(request, "x-amz-date") = date;
    CHECK_REFUSED(refusal_of(request), kInvalid, "scope",
                  "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                  "from HTTP.");
  }
}

void scope() {
  Authorization authorization;
  authorization.date = "20150829";
  CHECK_REFUSED(refusal_of(test::signed_in_header(kms_request(), authorization)), kInvalid, "scope",
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                "from HTTP.");
  authorization = {};
  authorization.region = "eu-west-1";
  CHECK_REFUSED(refusal_of(test::signed_in_header(kms_request(), authorization)), kInvalid, "scope",
                "Credential should be scoped to a valid region.");
  authorization = {};
  authorization.service = "s3";
  CHECK_REFUSED(refusal_of(test::signed_in_header(kms_request(), authorization)), kInvalid, "scope",
                "Credential should be scoped to correct service: 'kms'.");
  authorization = {};
  authorization.terminator = "aws5_request";
  CHECK_REFUSED(refusal_of(test::signed_in_header(kms_request(), authorization)), kInvalid, "scope",
                "Credential should be scoped with a valid terminator: 'aws4_request'.");
}

void skew() {
  const Request request = test::signed_in_header(kms_request());
  verify(request, kms_rules(), kNow + 300s);
  verify(request, kms_rules(), kNow - 300s);
  CHECK_REFUSED(refusal_of(request, kNow + 301s), kInvalid, "skew",
                "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
                "(20150830T124101Z - 5 min.)");
  CHECK_REFUSED(refusal_of(request, kNow - 301s), kInvalid, "skew",
                "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z "
                "(20150830T123059Z + 5 min.)");
  SignatureRules rules = kms_rules();
  rules.skew = 90s;
  verify(request, rules, kNow + 90s);
  CHECK_REFUSED(refusal_of(request, kNow + 91s, rules), kInvalid, "skew",
                "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
                "(20150830T123731Z - 90 sec.)");
}

void presigned_requests_say_how_long_they_last() {
  const Request request = test::signed_in_query(kms_request(), {}, "60");
  verify(request, kms_rules(), kNow + 60s);
  verify(request, kms_rules(), kNow - 300s);
  CHECK_REFUSED(refusal_of(request, kNow + 61s), kInvalid, "skew",
                "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
                "(20150830T123701Z - 1 min.)");
  CHECK_EQ(refusal_of(request, kNow - 301s).reason, "skew");
  verify(test::signed_in_query(kms_request(), {}, "604800"), kms_rules(), kNow + 604800s);
  for (const char* expires : {"0", "-1", "604801", "1.5", "60s", "+60", "99999999999999999999"})
    CHECK_REFUSED(refusal_of([&] {
                    Request changed = request;
                    changed.target.replace(changed.target.find("Expires=60"), 10,
                                           "Expires=" + std::string(expires));
                    return changed;
                  }()),
                  kIncomplete, "malformed",
                  "X-Amz-Expires must be a number of seconds from 1 to 604800.");
}

void each_change_of_a_presigned_request_is_refused() {
  const Request request = test::signed_in_query(kms_request(), {}, "300", "&extra=1");
  verify(request);
  const std::pair<const char*, const char*> changes[] = {
      {"Expires=300", "Expires=301"}, {"123600Z", "123601Z"},  {"extra=1", "extra=2"},
      {"extra=1", "extra=1&more"},    {"AKIDEXAMPLE", "AKID"}, {"/?X", "/a?X"},
  };
  for (const auto& [from, to] : changes) {
    Request changed = request;
    changed.target.replace(changed.target.find(from), std::string_view(from).size(), to);
    CHECK_REFUSED(refusal_of(changed), kInvalid, "signature", kMismatch);
  }
  Request changed = request;
  changed.body += ' ';
  CHECK_REFUSED(refusal_of(changed), kInvalid, "signature", kMismatch);
  changed = request;
  changed.method = "GET";
  CHECK_REFUSED(refusal_of(changed), kInvalid, "signature", kMismatch);
}

void presigned_requests_that_lack_something() {
  const Request request = test::signed_in_query(kms_request());
  for (const char* name : {"Algorithm", "Credential", "Date", "Expires", "SignedHeaders"}) {
    Request changed = request;
    changed.target.replace(changed.target.find("X-Amz-" + std::string(name) + "="), 6, "Y-Amz-");
    CHECK_REFUSED(refusal_of(changed), kIncomplete, "malformed",
                  "AWS query-string parameters must include 'X-Amz-" + std::string(name) + "'.");
  }
  Request changed = request;
  changed.target.replace(changed.target.find("AWS4-"), 5, "AWS3-");
  CHECK_REFUSED(refusal_of(changed), kIncomplete, "malformed",
                "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\".");
  changed = request;
  changed.target += "&X-Amz-Date=20150830T123600Z";
  CHECK_REFUSED(refusal_of(changed), kIncomplete, "malformed",
                "An element of the signature is repeated.");
  changed = request;
  changed.target += "&X-Amz-Signature=" + std::string(64, '0');
  CHECK_EQ(refusal_of(changed).message, "An element of the signature is repeated.");
  changed = request;
  changed.headers.push_back({"authorization", Authorization().text()});
  CHECK_REFUSED(refusal_of(changed), kIncomplete, "malformed",
                "A request is signed in its Authorization header or in its query, not both.");
  changed = request;
  changed.headers.push_back({"x-amz-security-token", "abc"});
  CHECK_REFUSED(refusal_of(changed), kIncomplete, "malformed",
                "The security token must be in the query, where the signature is.");
}

void security_token_is_read_where_the_signature_is() {
  Request request = kms_request();
  CHECK_EQ(read_signature(test::signed_in_header(request)).security_token, "");
  CHECK_EQ(read_signature(test::signed_in_query(request, {}, "300", "&X-Amz-Security-Token=a%2Fb"))
               .security_token,
           "a/b");
  request.headers.push_back({"x-amz-security-token", "a/b"});
  Authorization authorization;
  authorization.signed_headers = "host;x-amz-date;x-amz-security-token;x-amz-target";
  request = test::signed_in_header(request, authorization);
  CHECK_EQ(read_signature(request).security_token, "a/b");
  verify(request);
  *test::header(request, "x-amz-security-token") = "c";
  CHECK_REFUSED(refusal_of(request), kInvalid, "signature", kMismatch);
}

Refusal refusal_of_authorization(const std::string& text, bool with_date = true) {
  Request request = kms_request();
  if (!with_date) request.headers.pop_back();
  request.headers.push_back({"authorization", text});
  return refusal_of(request);
}

void authorization_headers_that_lack_something() {
  CHECK_REFUSED(refusal_of(kms_request()), "MissingAuthenticationTokenException", "missing",
                "Missing Authentication Token");
  CHECK_REFUSED(
      refusal_of_authorization("AWS4-HMAC-SHA256", false), kIncomplete, "malformed",
      "Authorization header requires 'Credential' parameter. Authorization header requires "
      "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  CHECK_REFUSED(refusal_of_authorization("AWS4-HMAC-SHA256 Credential=a, SignedHeaders="),
                kIncomplete, "malformed",
                "Authorization header requires 'Signature' parameter. Authorization header "
                "requires 'SignedHeaders' parameter.");
  CHECK_REFUSED(refusal_of_authorization("AWS4-HMAC-SHA256 Credential=a,credential"), kIncomplete,
                "malformed",
                "Not a valid key=value pair (missing equal-sign) in Authorization header.");
  CHECK_REFUSED(refusal_of_authorization("AWS4-HMAC-SHA256 Signature=a, Signature=b"), kIncomplete,
                "malformed", "An element of the signature is repeated.");
  for (const char* text : {"AWS4-HMAC-SHA256,Credential=a", "AWS4-HMAC-SHA1 x=y", "Basic abc", "",
                           "AWS4-ECDSA-P256-SHA256 x=y", "aws4-hmac-sha256 x=y"})
    CHECK_REFUSED(refusal_of_authorization(text), kIncomplete, "malformed",
                  "Unsupported AWS 'algorithm': it must be 'AWS4-HMAC-SHA256'.");
}

void elements_that_are_malformed() {
  Authorization authorization;
  for (const char* key : {"a/b", "", "a/b/c"}) {
    authorization = {};
    authorization.access_key = key;
    if (authorization.access_key.empty()) authorization.terminator += "/";
    CHECK_REFUSED(refusal_of_authorization(authorization.text()), kIncomplete, "malformed",
                  "Credential must have exactly 5 slash-delimited elements, e.g. "
                  "keyid/date/region/service/term.");
  }
  for (const char* list :
       {"x-amz-date;host;x-amz-target", "host;host;x-amz-date;x-amz-target", "Host;x-amz-date",
        ";host;x-amz-date", "host;;x-amz-date", "host;x-amz-date;"}) {
    authorization = {};
    authorization.signed_headers = list;
    CHECK_REFUSED(refusal_of_authorization(authorization.text()), kIncomplete, "malformed",
                  "SignedHeaders must be a sorted list of names in lower case.");
  }
}

// What a client sends ends up neither in an answer nor in a log.
void nothing_is_echoed() {
  const std::string marker = "s3cr3t";
  std::vector<std::string> texts = {"AWS4-HMAC-SHA256 " + marker, marker,
                                    "AWS4-HMAC-SHA256 " + marker + "=" + marker};
  for (std::string Authorization::*member :
       {&Authorization::access_key, &Authorization::date, &Authorization::region,
        &Authorization::service, &Authorization::terminator, &Authorization::signed_headers,
        &Authorization::signature}) {
    Authorization authorization;
    authorization.*member += marker;
    texts.push_back(authorization.text());
  }
  for (const std::string& text : texts)
    CHECK(refusal_of_authorization(text).message.find(marker) == std::string::npos);
}

// A value that holds line breaks, were it ever to get here, is no other request's canonical form.
void headers_cannot_become_lines() {
  Request request = kms_request();
  *test::header(request, "host") = "a\nx-amz-date:" + std::string(test::kTime);
  request = test::signed_in_header(request);
  const std::string canonical = canonical_request(read_signature(request), request);
  CHECK_EQ(std::ranges::count(canonical, '\n'), 8);
}

}  // namespace

int main() {
  return RUN_TESTS(
      "server sigv4", TEST(published_cases), TEST(canonical_form_is_the_published_one),
      TEST(each_change_of_a_published_case_is_refused), TEST(query_order_and_values_count),
      TEST(escapes_in_the_query_are_what_they_stand_for), TEST(another_key_is_refused),
      TEST(requests_of_kms_are_accepted), TEST(empty_header_is_not_an_absent_one),
      TEST(absent_signed_header_is_refused), TEST(what_has_to_be_signed),
      TEST(target_cannot_be_exchanged), TEST(content_hash_must_be_that_of_the_body),
      TEST(repeated_headers), TEST(x_amz_date_goes_before_date), TEST(dates_that_are_none),
      TEST(dates_at_the_ends_of_the_calendar), TEST(scope), TEST(skew),
      TEST(presigned_requests_say_how_long_they_last),
      TEST(each_change_of_a_presigned_request_is_refused),
      TEST(presigned_requests_that_lack_something),
      TEST(security_token_is_read_where_the_signature_is),
      TEST(authorization_headers_that_lack_something), TEST(elements_that_are_malformed),
      TEST(nothing_is_echoed), TEST(headers_cannot_become_lines));
}
