// SPDX-License-Identifier: Apache-2.0
// JSON that is not copied.
#include "base/json_document.h"

#include <string>

#include "check.h"

namespace {

using namespace trent;

bool is_refused(std::string_view text) {
  try {
    const JsonDocument document(text);
  } catch (const std::runtime_error&) {
    return true;
  }
  return false;
}

std::string text_of(std::string_view text) {
  const JsonDocument document(text);
  return std::string(*document.root().get<std::string_view>());
}

void values_are_of_their_types() {
  const JsonDocument document(
      R"( {"null":null,"yes":true,"one":-1,"most":18446744073709551615,"half":0.5,"text":"t",)"
      R"("list":[1,[2,3],{"a":4}],"empty":{}} )");
  const JsonValue& root = document.root();
  CHECK(root.find("null")->is<JsonValue::Null>());
  CHECK(*root.find("yes")->get<bool>());
  CHECK_EQ(*root.find("one")->get<std::int64_t>(), -1);
  CHECK_EQ(*root.find("most")->get<std::uint64_t>(), 18446744073709551615U);
  CHECK_EQ(*root.find("half")->get<double>(), 0.5);
  CHECK_EQ(*root.find("text")->get<std::string_view>(), "t");
  CHECK(root.find("text")->get<double>() == nullptr);
  CHECK(root.find("a") == nullptr);  // deeper
  CHECK(root.find("empty")->children().empty());
  CHECK(root.find("text")->children().empty());
  CHECK(root.find("text")->find("t") == nullptr);
  std::string names;
  for (const JsonValue& member : root.children()) names += std::string(member.name()) + " ";
  CHECK_EQ(names, "null yes one most half text list empty ");
  std::size_t elements = 0;
  for (const JsonValue& element : root.find("list")->children()) {
    ++elements;
    if (element.is<JsonValue::Object>()) CHECK_EQ(*element.find("a")->get<std::int64_t>(), 4);
  }
  CHECK_EQ(elements, 3U);
}

void whole_numbers_keep_all_digits() {
  const auto is_whole = [](std::string_view text) {
    const JsonDocument document(text);
    return document.root().is<std::int64_t>();
  };
  for (const char* text : {"0", "-0", "9223372036854775807", "-9223372036854775808"})
    CHECK(is_whole(text));
  for (const char* text :
       {"0.0", "1e2", "9223372036854775808", "-9223372036854775809", "99999999999999999999"})
    CHECK(!is_whole(text));
}

void strings_are_where_they_were() {
  const std::string text = R"({"name":["text"]})";
  const JsonDocument document(text);
  const JsonValue& member = *document.root().children().begin();
  CHECK(member.name().data() == text.data() + 2);
  CHECK(member.children().begin()->get<std::string_view>()->data() == text.data() + 10);
}

void escapes_are_what_they_stand_for() {
  CHECK_EQ(text_of(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  CHECK_EQ(text_of(R"("\u0041\u00e9\u20AC\ud83d\udD11.")"), "A\u00e9\u20ac\U0001f511.");
  CHECK_EQ(text_of(R"("plain \u0041")"), "plain A");
  CHECK_EQ(text_of(R"("\u0000")"), std::string(1, '\0'));
  // Of every length around that of the parser's buffer, and in more than one string.
  constexpr std::size_t kBuffer = 4096;
  for (std::size_t length = kBuffer - 20; length < kBuffer + 20; ++length) {
    const std::string plain(length, 'x');
    CHECK(text_of("\"\\n" + plain + "\\u00e9\\ud83d\\udd11\"") ==
          "\n" + plain + "\u00e9\U0001f511");
    CHECK(text_of("\"" + plain + "\\/" + plain + "\u20ac\\t\"") ==
          plain + "/" + plain + "\u20ac\t");
  }
  const JsonDocument document(R"({"\u0061":"\u0062","c\/":"d\/d"})");
  CHECK_EQ(*document.root().find("a")->get<std::string_view>(), "b");
  CHECK_EQ(*document.root().find("c/")->get<std::string_view>(), "d/d");
}

void what_is_no_json_is_refused() {
  for (const std::string& text : {std::string(),
                                  std::string(" "),
                                  std::string("{"),
                                  std::string("[1,]"),
                                  std::string("nul"),
                                  std::string("{\"a\":}"),
                                  std::string("{\"a\" 1}"),
                                  std::string("{}{}"),
                                  std::string("{} x"),
                                  std::string("01"),
                                  std::string("1."),
                                  std::string("-"),
                                  std::string("1e400"),
                                  std::string("+1"),
                                  std::string("NaN"),
                                  std::string("'a'"),
                                  std::string("/**/1"),
                                  std::string("\"\n\""),
                                  std::string("\"\\x\""),
                                  std::string("\"\\u12g4\""),
                                  std::string("{}\0x", 4),
                                  std::string("\"\0\"", 3)})
    CHECK(is_refused(text));
  CHECK(!is_refused(" \t\r\n1 \t\r\n"));
  CHECK(!is_refused("\xef\xbb\xbf{}"));  // a byte order mark
  CHECK(is_refused("\xef\xbb\xbf\xef\xbb\xbf{}"));
}

void what_is_no_utf8_is_refused() {
  for (const char* text :
       {"\"\xff\"", "\"\xc0\x80\"", "\"\xe0\x9f\xbf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
        "\"\xe2\x82\"", "\"\\n\xe2\x82\"", "\"\\n\xff\"", "{\"\xff\":1}", R"("\ud800")",
        R"("\udc00")", R"("\ud800\u0041")", R"("\ud800x")"})
    CHECK(is_refused(text));
  CHECK_EQ(text_of("\"\xf4\x8f\xbf\xbf\xed\x9f\xbf\""), "\xf4\x8f\xbf\xbf\xed\x9f\xbf");
}

void name_that_is_there_twice_is_refused() {
  CHECK(is_refused(R"({"a":1,"b":2,"a":1})"));
  CHECK(is_refused(R"([{"x":{"a":1,"\u0061":1}}])"));
  CHECK(!is_refused(R"({"a":{"a":[{"a":1},{"a":1}]},"b":"a"})"));
}

void depth_is_limited() {
  const auto nested = [](std::size_t depth, const std::string& open, const std::string& close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open;
    text += "1";
    for (std::size_t i = 0; i < depth; ++i) text += close;
    return text;
  };
  for (const auto& [open, close] : {std::pair("[", "]"), std::pair("{\"a\":", "}")}) {
    CHECK(!is_refused(nested(64, open, close)));
    CHECK(is_refused(nested(65, open, close)));
    CHECK(is_refused(nested(1000000, open, "")));
  }
}

void many_members_take_no_long_time() {
  std::string text = "{";
  for (int i = 0; i < 200000; ++i) text += "\"" + std::to_string(i) + "\":[],";
  CHECK(!is_refused(text + "\"x\":1}"));
  CHECK(is_refused(text + "\"7\":1}"));
}

}  // namespace

int main() {
  return RUN_TESTS("json document", TEST(values_are_of_their_types),
                   TEST(whole_numbers_keep_all_digits), TEST(strings_are_where_they_were),
                   TEST(escapes_are_what_they_stand_for), TEST(what_is_no_json_is_refused),
                   TEST(what_is_no_utf8_is_refused), TEST(name_that_is_there_twice_is_refused),
                   TEST(depth_is_limited), TEST(many_members_take_no_long_time));
}
