// SPDX-License-Identifier: Apache-2.0
// Text forms of byte strings.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace trent {

// Lower-case hexadecimal.
std::string to_hex(ByteView bytes);
// nullopt unless `text` is an even number of hexadecimal digits.
std::optional<Bytes> from_hex(std::string_view text);

// RFC 4648 section 4, padded, one line.
std::string to_base64(ByteView bytes);
// nullopt unless `text` is canonical padded base64 (white space is refused too).
std::optional<Bytes> from_base64(std::string_view text);

// The same for secrets.
SecretString secret_to_base64(ByteView bytes);
std::optional<SecretBytes> secret_from_base64(std::string_view text);

// True if `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

// Code points of well-formed UTF-8: what KMS counts where it limits a text.
std::size_t count_characters(std::string_view text);

// Text from outside as a message may show it: in double quotes, control characters escaped, what is
// not UTF-8 left out, and cut after 64 bytes.
std::string quote_for_message(std::string_view text);

// A control character of ASCII.
constexpr bool is_control(char c) {
  return (c >= 0 && c < ' ') || c == 0x7f;
}

// Text that may hold something from outside, as a terminal or a log may get it: what could control
// it (control characters, changes of the writing direction) and what is not UTF-8 is escaped, as
// \n, \x1b or \u{202e}. Everything else stays as it is.
std::string printable(std::string_view text);

}  // namespace trent
