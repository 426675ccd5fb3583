// SPDX-License-Identifier: Apache-2.0
// Hexadecimal, base64, UTF-8, and what of a text may be shown.
#include "base/encoding.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace trent {

std::string to_hex(ByteView bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out(2 * bytes.size(), '\0');
  char* next = out.data();
  for (std::uint8_t b : bytes) {
    *next++ = digits[b >> 4];
    *next++ = digits[b & 15];
  }
  return out;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = OPENSSL_hexchar2int(static_cast<unsigned char>(text[i]));
    int low = OPENSSL_hexchar2int(static_cast<unsigned char>(text[i + 1]));
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return out;
}

namespace {

template <class String>
String encode_base64(ByteView bytes) {
  // EVP_EncodeBlock ends its output with a NUL; a string has room for one after size().
  String out(4 * ((bytes.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                  static_cast<int>(bytes.size()));
  return out;
}

template <class Container>
std::optional<Container> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > (1U << 30)) return std::nullopt;
  Container out(text.size() / 4 * 3);
  if (text.empty()) return out;
  int n = EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                          static_cast<int>(text.size()));
  if (n < 0) return std::nullopt;
  std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  out.resize(static_cast<std::size_t>(n) - padding);
  // EVP_DecodeBlock trims white space and ignores stray bits: accept only what we would write.
  if (std::string_view(encode_base64<SecretString>(out)) != text) return std::nullopt;
  return out;
}

}  // namespace

std::string to_base64(ByteView bytes) {
  return encode_base64<std::string>(bytes);
}
std::optional<Bytes> from_base64(std::string_view text) {
  return decode_base64<Bytes>(text);
}

SecretString secret_to_base64(ByteView bytes) {
  return encode_base64<SecretString>(bytes);
}
std::optional<SecretBytes> secret_from_base64(std::string_view text) {
  return decode_base64<SecretBytes>(text);
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  auto tail = [&](std::uint8_t low, std::uint8_t high) {
    if (i >= text.size()) return false;
    auto b = static_cast<std::uint8_t>(text[i++]);
    return b >= low && b <= high;
  };
  while (i < text.size()) {
    auto b = static_cast<std::uint8_t>(text[i++]);
    if (b < 0x80) continue;
    if (b < 0xc2 || b > 0xf4) return false;
    // The second byte's range depends on the first (RFC 3629 section 4).
    if (b < 0xe0) {
      if (!tail(0x80, 0xbf)) return false;
    } else if (b < 0xf0) {
      if (!tail(b == 0xe0 ? 0xa0 : 0x80, b == 0xed ? 0x9f : 0xbf) || !tail(0x80, 0xbf))
        return false;
    } else {
      if (!tail(b == 0xf0 ? 0x90 : 0x80, b == 0xf4 ? 0x8f : 0xbf) || !tail(0x80, 0xbf) ||
          !tail(0x80, 0xbf))
        return false;
    }
  }
  return true;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<std::uint8_t>(c) & 0xc0) != 0x80;
  }));
}

std::string quote_for_message(std::string_view text) {
  using nlohmann::json;
  constexpr std::size_t kShown = 64;
  std::string out =
      json(text.substr(0, kShown)).dump(-1, ' ', false, json::error_handler_t::ignore);
  if (text.size() > kShown) out.insert(out.size() - 1, "...");
  return out;
}

namespace {

// The length of the well-formed character that `text` begins with; 0 if it begins with none.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(4, text.size()); ++length)
    if (is_utf8(text.substr(0, length))) return length;
  return 0;
}

// Controls, line and paragraph separator, and what changes the writing direction.
bool controls_a_terminal(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

// Of one well-formed character.
char32_t code_point(std::string_view character) {
  auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead;
  char32_t c = lead & (0x7fU >> character.size());
  for (char continuation : character.substr(1))
    c = c << 6 | (static_cast<unsigned char>(continuation) & 0x3fU);
  return c;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t length = character_length(text);
    std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(character.size());
    char32_t c = length == 0 ? 0 : code_point(character);
    char escape[16];
    if (length != 0 && !controls_a_terminal(c)) {
      out += character;
      continue;
    }
    if (character == "\n")
      out += "\\n";
    else if (character == "\t")
      out += "\\t";
    else if (character.size() == 1) {
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned char>(character[0]));
      out += escape;
    } else {
      std::snprintf(escape, sizeof escape, "\\u{%x}", static_cast<unsigned>(c));
      out += escape;
    }
  }
  return out;
}

}  // namespace trent
