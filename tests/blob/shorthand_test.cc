// SPDX-License-Identifier: Apache-2.0
// NAME=VALUE,NAME=VALUE as the AWS CLI reads it.
#include "blob/shorthand.h"

#include "check.h"

namespace {

using namespace trent;
using blob::EncryptionContext;
using blob::parse_shorthand;

void check_parses(std::string_view text, const EncryptionContext& expected) {
  EncryptionContext actual = parse_shorthand(text);
  if (actual == expected) return;
  std::string pairs;
  for (const auto& [name, value] : actual) pairs += "[" + name + "]=[" + value + "] ";
  throw test::Failure(std::string(text) + " gives " + pairs);
}

// Refused with a message that has `part`.
void check_refused(std::string_view text, std::string_view part) {
  try {
    parse_shorthand(text);
  } catch (const Error& error) {
    CHECK_EQ(error.code(), ErrorCode::Validation);
    if (error.text().find(part) != std::string_view::npos) return;
    throw test::Failure(std::string(text) + " is refused with: " + error.what());
  }
  throw test::Failure("accepted: " + std::string(text));
}

void pairs() {
  check_parses("a=b", {{"a", "b"}});
  check_parses("a=b,c=d,e=f", {{"a", "b"}, {"c", "d"}, {"e", "f"}});
  check_parses("aws:s3:arn=arn:aws:s3:::b/k_1.#-x", {{"aws:s3:arn", "arn:aws:s3:::b/k_1.#-x"}});
  check_parses("a=b=c", {{"a", "b=c"}});
  check_parses("a=", {{"a", ""}});
  check_parses("a=,b=", {{"a", ""}, {"b", ""}});
  check_parses("a=\xc3\xa4", {{"a", "\xc3\xa4"}});
}

void white_space_around_names_and_values_is_dropped() {
  check_parses(" a = b c , d = e ", {{"a", "b c"}, {"d", "e"}});
  check_parses("a=' b ' , c=\" d\" ", {{"a", " b "}, {"c", " d"}});
}

void commas_and_quotes() {
  check_parses(R"(a=b\,c,d=e)", {{"a", "b,c"}, {"d", "e"}});
  check_parses(R"(a=b\\c\d)", {{"a", R"(b\\c\d)"}});  // elsewhere a backslash is itself
  check_parses(R"(a="b,c",d='e,"f"')", {{"a", "b,c"}, {"d", "e,\"f\""}});
  check_parses(R"(a="\"\\\n")", {{"a", R"("\\n)"}});
  check_parses(R"(a='it\'s')", {{"a", "it's"}});
  check_parses("a=''", {{"a", ""}});
}

void what_is_no_list_of_pairs_is_refused() {
  check_refused("", "Expected a name");
  check_refused("a", "Expected '='");
  check_refused("=b", "Expected a name");
  check_refused("a b=c", "Expected '='");
  check_refused("a=b,", "Expected a name");
  check_refused("a=b,c", "Expected '='");  // with aws this would be a list of two values
  check_refused("a=b,,c=d", "Expected a name");
  check_refused("a='b", "closing quotation mark");
  check_refused("a='b'c", "comma or the end");
  check_refused("a=b,a=c", "\"a\" occurs twice");
  check_refused("a b", "At character 3");
}

}  // namespace

int main() {
  return RUN_TESTS("shorthand", TEST(pairs), TEST(white_space_around_names_and_values_is_dropped),
                   TEST(commas_and_quotes), TEST(what_is_no_list_of_pairs_is_refused));
}
