// SPDX-License-Identifier: Apache-2.0
// Text forms of byte strings: Base64, hexadecimal, UTF-8.
#include "base/encoding.h"

#include <algorithm>

#include "check.h"

namespace {

using namespace trent;

Bytes bytes(std::string_view text) {
  ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

// RFC 4648 section 10.
const std::pair<const char*, const char*> kBase64[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};

void hex_is_lower_case_and_reads_both() {
  CHECK_EQ(to_hex(Bytes{0x00, 0x0f, 0xf0, 0xff, 0xab}), "000ff0ffab");
  CHECK_EQ(to_hex({}), "");
  CHECK_EQ(from_hex("000FF0ffaB").value(), (Bytes{0x00, 0x0f, 0xf0, 0xff, 0xab}));
  CHECK_EQ(from_hex("").value(), Bytes{});
}

void other_text_is_no_hex() {
  for (const char* text : {"0", "0g", "g0", "0x00", " 00", "00 ", "0 0", "00\n", "-1", "é0"})
    CHECK(!from_hex(text));
  CHECK(!from_hex(std::string_view("0\0", 2)));
}

void base64_has_the_known_answers() {
  for (auto [plain, encoded] : kBase64) {
    CHECK_EQ(to_base64(as_bytes(plain)), encoded);
    CHECK_EQ(from_base64(encoded).value(), bytes(plain));
    CHECK_EQ(secret_to_base64(as_bytes(plain)), encoded);
    CHECK(std::ranges::equal(secret_from_base64(encoded).value(), as_bytes(plain)));
  }
  CHECK_EQ(to_base64(Bytes{0xfb, 0xef, 0xff}), "++//");
}

void base64_is_one_line_however_long() {
  for (std::size_t size = 0; size < 300; ++size) {
    Bytes in(size);
    for (std::size_t i = 0; i < size; ++i) in[i] = static_cast<std::uint8_t>(i * 7 + size);
    std::string text = to_base64(in);
    CHECK_EQ(text.find('\n'), std::string::npos);
    CHECK_EQ(from_base64(text).value(), in);
  }
}

void only_canonical_base64_is_read() {
  for (const char* text :
       {"Zg", "Zg=", "Zg===", "Z===", "====", "=Zg=", "Z=g=", "Zh==", "Zm9=", "Zm9v\n", " Zg==",
        "Zg==    ", "    ", "Zm 9v===", "Zm9vZg==Zm9v", "-_-_", "Zg==Zg==", "Zm9v----", "\n\n\n="})
    CHECK(!from_base64(text) && !secret_from_base64(text));
  CHECK(!from_base64(std::string_view("Zm9v\0\0\0\0", 8)));
}

// Every text of four characters out of these is either refused or what we would write.
void base64_is_a_bijection() {
  const std::string alphabet = "AZag09+/= \n-";
  std::size_t read = 0;
  for (char a : alphabet)
    for (char b : alphabet)
      for (char c : alphabet)
        for (char d : alphabet) {
          const std::string text{a, b, c, d};
          auto out = from_base64(text);
          if (!out) continue;
          ++read;
          CHECK_EQ(to_base64(*out), text);
        }
  // Without padding 8^4; before "=" only A, 0 and g have no stray bits in use, before "==" A and g.
  CHECK_EQ(read, 8U * 8U * 8U * 8U + 8U * 8U * 3U + 8U * 2U);
}

void utf8_is_what_rfc_3629_says() {
  for (const char* text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "Größe", "値", "a\xc2\x80z"})
    CHECK(is_utf8(text));
  CHECK(is_utf8(std::string_view("\0", 1)));
  for (const char* text : {"\x80",
                           "\xbf",
                           "\xc0\x80",
                           "\xc1\xbf",
                           "\xc2",
                           "\xc2\x7f",
                           "\xc2\xc0",
                           "\xe0\x9f\xbf",
                           "\xe0\xa0",
                           "\xe1\x80",
                           "\xe1\x80\x7f",
                           "\xed\xa0\x80",
                           "\xed\xbf\xbf",
                           "\xf0\x8f\xbf\xbf",
                           "\xf0\x90\x80",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "\xff",
                           "\xfe",
                           "a\xc3",
                           "\xc3z"})
    CHECK(!is_utf8(text));
}

// All sequences of two and three bytes that start with a lead byte, counted.
void utf8_counts_match_the_code_space() {
  std::size_t two = 0;
  std::size_t three = 0;
  for (int a = 0x80; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      const char pair[] = {static_cast<char>(a), static_cast<char>(b)};
      two += is_utf8({pair, 2});
      for (int c = 0x80; a >= 0xe0 && c < 256; ++c) {
        const char triple[] = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)};
        three += is_utf8({triple, 3});
      }
    }
  CHECK_EQ(two, 0x800U - 0x80U);
  CHECK_EQ(three, 0x10000U - 0x800U - 0x800U);  // without the surrogates
}

void quoted_text_is_short_and_printable() {
  CHECK_EQ(quote_for_message("tenant"), "\"tenant\"");
  CHECK_EQ(quote_for_message(""), "\"\"");
  CHECK_EQ(quote_for_message("a\"b\\c"), R"("a\"b\\c")");
  CHECK_EQ(quote_for_message("\x1b[2J\n"), R"("\u001b[2J\n")");
  CHECK_EQ(quote_for_message("Größe"), "\"Größe\"");
  CHECK_EQ(quote_for_message("\xff"
                             "a"),
           "\"a\"");
  CHECK_EQ(quote_for_message(std::string(64, 'x')), '"' + std::string(64, 'x') + '"');
  CHECK_EQ(quote_for_message(std::string(65, 'x')), '"' + std::string(64, 'x') + "...\"");
  // The cut may fall into a character, which is then left out.
  CHECK_EQ(quote_for_message(std::string(63, 'x') + "éé"), '"' + std::string(63, 'x') + "...\"");
}

void printable_text_controls_no_terminal() {
  for (const char* text : {"", "tenant=acme", "Größe 5 €", "a\\b \"c\"", "𝄞"})
    CHECK_EQ(printable(text), text);
  CHECK_EQ(printable("\x1b[2J\a\r\n\t\x7f"), R"(\x1b[2J\x07\x0d\n\t\x7f)");
  CHECK_EQ(printable(std::string_view("a\0b", 3)), R"(a\x00b)");
  CHECK_EQ(printable("\u009b2J"), R"(\u{9b}2J)");              // CSI in one character
  CHECK_EQ(printable("\u202etxt.exe"), R"(\u{202e}txt.exe)");  // shown from right to left
  CHECK_EQ(printable("\u2028\u2066\u061c"), R"(\u{2028}\u{2066}\u{61c})");
  // Not UTF-8: cut short, overlong, a surrogate.
  CHECK_EQ(printable("\xc3"), R"(\xc3)");
  CHECK_EQ(printable("\xe2\x82 \xff"), R"(\xe2\x82 \xff)");
  CHECK_EQ(printable("\xc0\x9b"), R"(\xc0\x9b)");
  CHECK_EQ(printable("\xed\xa0\x80"), R"(\xed\xa0\x80)");
}

}  // namespace

int main() {
  return RUN_TESTS("encoding", TEST(hex_is_lower_case_and_reads_both), TEST(other_text_is_no_hex),
                   TEST(base64_has_the_known_answers), TEST(base64_is_one_line_however_long),
                   TEST(only_canonical_base64_is_read), TEST(base64_is_a_bijection),
                   TEST(utf8_is_what_rfc_3629_says), TEST(utf8_counts_match_the_code_space),
                   TEST(quoted_text_is_short_and_printable),
                   TEST(printable_text_controls_no_terminal));
}
