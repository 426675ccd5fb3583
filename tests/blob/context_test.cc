// SPDX-License-Identifier: Apache-2.0
// The encryption context: its JSON form and its canonical bytes.
#include "blob/context.h"

#include "check.h"

namespace {

using namespace trent;
using namespace trent::blob;

std::string canonical(std::string_view json) {
  return to_hex(canonical_context(parse_encryption_context(json)));
}

// Refused as a ValidationException that says `part` and how to correct it, in a few lines at most.
void check_refused(std::string_view json, std::string_view part) {
  try {
    parse_encryption_context(json);
  } catch (const Error& e) {
    CHECK_EQ(e.code(), ErrorCode::Validation);
    if (e.message().find(part) == std::string::npos)
      throw test::Failure("message is " + e.message() + ", expected to find " + std::string(part));
    CHECK(!e.advice().empty());
    CHECK(e.text().size() < 500);
    return;
  }
  throw test::Failure("accepted: " + std::string(json.substr(0, 100)));
}

void context_without_pairs_is_written() {
  CHECK_EQ(canonical("{}"), "00000000");
  CHECK_EQ(canonical(" { \n } "), "00000000");
  check_refused("", "is empty");  // a variable that was not set
}

void pairs_are_counted_and_measured() {
  CHECK_EQ(canonical(R"({"a":"bc"})"), "000000010000000161000000026263");
  CHECK_EQ(canonical(R"({"ab":"c"})"), "000000010000000261620000000163");
  CHECK_EQ(canonical(R"({"":""})"), "000000010000000000000000");
}

void pairs_are_sorted_by_the_bytes_of_their_names() {
  CHECK_EQ(canonical(R"({"b":"2","a":"1"})"), canonical(R"({"a":"1","b":"2"})"));
  // "a" < "a\u0000" < "aa" < "z" < "é" (bytes are unsigned) < U+10000 (not the UTF-16 order)
  CHECK_EQ(canonical(R"({"𐀀":"","ﬀ":"","é":"","z":"","aa":"","a\u0000":"","a":""})"),
           "00000007"
           "000000016100000000"
           "00000002610000000000"
           "00000002616100000000"
           "000000017a00000000"
           "00000002c3a900000000"
           "00000003efac8000000000"
           "00000004f090808000000000");
}

void text_is_taken_as_it_is() {
  CHECK_EQ(canonical(R"({"\u0061\n":"\u00e9\ud83d\ude00"})"),
           "0000000100000002610a00000006c3a9f09f9880");
  // No normalisation: a composed and a decomposed é differ.
  CHECK(canonical("{\"a\":\"\xc3\xa9\"}") != canonical("{\"a\":\"e\xcc\x81\"}"));
}

void what_is_no_object_is_refused() {
  check_refused("[]", "is an array, not a JSON object");
  check_refused(R"("a")", "is a string, not a JSON object");
  check_refused("1", "is a number, not a JSON object");
  check_refused("-1", "is a number, not a JSON object");
  check_refused("1.5", "is a number, not a JSON object");
  check_refused("true", "is a boolean, not a JSON object");
  check_refused("null", "is null, not a JSON object");
}

void values_that_are_no_strings_are_refused() {
  check_refused(R"({"n":1})", R"(has a number as the value of "n")");
  check_refused(R"({"n":-1})", R"(has a number as the value of "n")");
  check_refused(R"({"n":1e3})", R"(has a number as the value of "n")");
  check_refused(R"({"n":true})", R"(has a boolean as the value of "n")");
  check_refused(R"({"n":null})", R"(has null as the value of "n")");
  check_refused(R"({"n":["a"]})", R"(has an array as the value of "n")");
  check_refused(R"({"n":{"a":"b"}})", R"(has an object as the value of "n")");
}

void equal_names_are_refused() {
  check_refused(R"({"a":"1","a":"2"})", R"(has the name "a" twice)");
  check_refused(R"({"a":"1","b":"","a":"1"})", R"(has the name "a" twice)");
  check_refused(R"({"a":"1","\u0061":"1"})", R"(has the name "a" twice)");
}

void what_is_no_json_is_refused() {
  for (const char* text : {"{", "}", "tenant=acme", "{\"a\":\"b\"", "{\"a\":\"b\",}", "{'a':'b'}",
                           "{\"a\":\"b\"} x", "{}{}", "{\"a\"}", "{a:\"b\"}", "{\"a\":\"b\\\"}",
                           "{\"a\":\"\n\"}", "{\"\\ud800\":\"\"}", "{\"\\udc00\":\"\"}", " ", "//"})
    check_refused(text, "is not valid JSON (at byte");
  check_refused(std::string_view("{}\0", 3), "is not valid JSON (at byte");
}

void text_that_is_not_utf8_is_refused() {
  for (const char* bytes : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xc3"}) {
    check_refused("{\"a\":\"" + std::string(bytes) + "\"}", "is not valid UTF-8");
    check_refused("{\"" + std::string(bytes) + "\":\"a\"}", "is not valid UTF-8");
    CHECK_ERROR(Validation, canonical_context({{bytes, "a"}}));
    CHECK_ERROR(Validation, canonical_context({{"a", bytes}}));
  }
}

void nesting_costs_nothing() {
  std::string deep(60000, '[');
  check_refused(deep, "is an array");
  check_refused("{\"a\":" + deep, "has an array as the value");
  std::string objects;
  for (int i = 0; i < 10000; ++i) objects += "{\"a\":";
  check_refused(objects, "has an object as the value");
}

// The canonical form of one pair is 12 bytes and its text.
void limit_is_8192_bytes() {
  const std::string most(kMaxCanonicalContext - 12 - 1, 'v');
  CHECK_EQ(canonical_context({{"k", most}}).size(), kMaxCanonicalContext);
  CHECK_EQ(canonical("{\"k\":\"" + most + "\"}").size(), 2 * kMaxCanonicalContext);
  CHECK_ERROR(Validation, canonical_context({{"kk", most}}));
  CHECK_ERROR(Validation, canonical_context({{"k", most + "v"}}));
  check_refused("{\"k\":\"" + most + "v\"}", "is too large");

  // Many small pairs count as well: 682 of 12 bytes fit, one more does not.
  EncryptionContext many;
  std::string json = "{";
  for (int i = 0; i < 682; ++i) {
    std::string name = std::to_string(1000 + i);
    many[name] = "";
    json += (i == 0 ? "\"" : ",\"") + name + "\":\"\"";
  }
  CHECK_EQ(canonical_context(many).size(), 8188U);
  CHECK_EQ(canonical(json + "}").size(), 2U * 8188U);
  many["2000"] = "";
  CHECK_ERROR(Validation, canonical_context(many));
  check_refused(json + ",\"2000\":\"\"}", "is too large");
}

void largest_context_may_be_escaped_throughout() {
  std::string escaped;
  for (std::size_t i = 0; i < kMaxCanonicalContext - 12; ++i) escaped += "\\u0001";
  CHECK_EQ(canonical("{\"\":\"" + escaped + "\"}").size(), 2 * kMaxCanonicalContext);
}

void huge_input_is_not_echoed() {
  const std::string huge(1 << 20, 'x');
  check_refused("{\"" + huge + "\":1}", "is too large");
  check_refused(std::string(1 << 20, ' ') + "{}", "is too large");
  const std::string name(8000, 'x');
  check_refused("{\"" + name + "\":1}", "has a number as the value of \"xxxx");
  check_refused("{\"" + name + "\":\"\",\"" + name + "\":\"\"}", "is too large");
  const std::string half(4000, 'x');
  check_refused("{\"" + half + "\":\"\",\"" + half + "\":\"\"}", "xxx...\" twice");
}

void control_characters_are_not_echoed() {
  check_refused(R"({"\u001b[2J\u0000":1})", R"("\u001b[2J\u0000")");
}

}  // namespace

int main() {
  return RUN_TESTS("context", TEST(context_without_pairs_is_written),
                   TEST(pairs_are_counted_and_measured),
                   TEST(pairs_are_sorted_by_the_bytes_of_their_names), TEST(text_is_taken_as_it_is),
                   TEST(what_is_no_object_is_refused), TEST(values_that_are_no_strings_are_refused),
                   TEST(equal_names_are_refused), TEST(what_is_no_json_is_refused),
                   TEST(text_that_is_not_utf8_is_refused), TEST(nesting_costs_nothing),
                   TEST(limit_is_8192_bytes), TEST(largest_context_may_be_escaped_throughout),
                   TEST(huge_input_is_not_echoed), TEST(control_characters_are_not_echoed));
}
