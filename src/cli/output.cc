// SPDX-License-Identifier: Apache-2.0
// Standard output: text, JSON or raw bytes.
#include "cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/file.h"
#include "base/utc.h"
#include "cli/errors.h"

namespace trent::cli {

namespace {

// 1700000000.123 -> 2023-11-14T22:13:20.123000+00:00, as Python's datetime writes it.
std::string iso8601(double epoch_seconds) {
  auto milliseconds = std::llround(epoch_seconds * 1000);
  std::string out = format_utc(milliseconds / 1000, "%FT%T");
  if (auto fraction = milliseconds % 1000; fraction != 0) {
    std::string digits = std::to_string(1000 + fraction);
    out += "." + digits.substr(1) + "000";
  }
  return out + "+00:00";
}

// In the KMS API every number in a member of such a name is a timestamp.
bool is_time(std::string_view name) {
  return name.ends_with("Date") || name.ends_with("ValidTo");
}

}  // namespace

void dates_to_iso8601(kms::Json& json) {
  for (auto& [name, value] : json.items()) {
    if (value.is_structured())
      dates_to_iso8601(value);
    else if (value.is_number() && is_time(name))
      value = iso8601(value.get<double>());
  }
}

void write_output(ByteView bytes, const char* fault) {
  if (write_all(STDOUT_FILENO, bytes)) return;
  if (errno == EPIPE) throw ClosedPipe("Nobody reads the output.");
  const int reason = errno;
  throw Failure(std::string(fault) + " to standard output: " + std::strerror(reason));
}

SecretString json_text(kms::Json json) {
  dates_to_iso8601(json);
  return indented(json);
}

SecretString indented(const kms::Json& json) {
  SecretString text = json.dump(4, ' ', false, kms::Json::error_handler_t::replace);
  text.push_back('\n');
  return text;
}

std::string text_line(const std::vector<std::string_view>& fields) {
  std::string line;
  for (std::string_view field : fields)
    line += (line.empty() ? "" : "\t") + (field.empty() ? "-" : printable(field));
  return line + '\n';
}

bool output_is_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}

std::size_t terminal_width() {
  constexpr std::size_t kUsual = 80;
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : kUsual;
}

SecretString for_terminal(std::string_view text) {
  SecretString out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\n\t"), text.size());
    out += std::string_view(printable(text.substr(0, end)));
    text.remove_prefix(end);
    if (text.empty()) break;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

bool is_printable(ByteView bytes) {
  if (!is_utf8(as_text(bytes))) return false;
  std::uint8_t previous = 0;
  return std::ranges::none_of(bytes, [&](std::uint8_t b) {
    bool c1 = previous == 0xc2 && b < 0xa0;  // U+0080..U+009F are control characters too
    previous = b;
    return (is_control(static_cast<char>(b)) && b != '\n' && b != '\t') || c1;
  });
}

}  // namespace trent::cli
