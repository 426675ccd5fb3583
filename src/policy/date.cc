// SPDX-License-Identifier: Apache-2.0
// Reading dates.
#include "policy/date.h"

#include <charconv>
#include <chrono>

namespace trent::policy {

namespace {

// Takes from the beginning of a text what a date is made of.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view digits() {
    const std::string_view taken = rest_.substr(0, rest_.find_first_not_of("0123456789"));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // Of so many digits, up to `limit`.
  std::optional<int> number(std::size_t size, int limit) {
    const std::string_view taken = digits();
    int value = 0;
    if (taken.size() != size) return std::nullopt;
    std::from_chars(taken.data(), taken.data() + size, value);
    return value <= limit ? std::optional(value) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

std::optional<Date> parse_seconds(std::string_view text) {
  Date date;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, date.seconds);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return date;
}

// Z, +hh:mm or -hh:mm, in seconds.
std::optional<int> read_offset(Reader& reader) {
  if (reader.take('Z')) return 0;
  const bool west = reader.take('-');
  if (!west && !reader.take('+')) return std::nullopt;
  const auto hours = reader.number(2, 23);
  if (!hours || !reader.take(':')) return std::nullopt;
  const auto minutes = reader.number(2, 59);
  if (!minutes) return std::nullopt;
  return (west ? -1 : 1) * (*hours * 3600 + *minutes * 60);
}

std::optional<std::int32_t> read_fraction(Reader& reader) {
  constexpr std::size_t kDigits = 9;
  const std::string_view digits = reader.digits();
  if (digits.empty() || digits.size() > kDigits) return std::nullopt;
  std::int32_t nanoseconds = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), nanoseconds);
  for (std::size_t i = digits.size(); i < kDigits; ++i) nanoseconds *= 10;
  return nanoseconds;
}

// hh:mm[:ss[.s]] and the time zone, added to `date`.
bool add_time(Reader& reader, Date& date) {
  const auto hour = reader.number(2, 23);
  if (!hour || !reader.take(':')) return false;
  const auto minute = reader.number(2, 59);
  if (!minute) return false;
  date.seconds += *hour * 3600 + *minute * 60;
  if (reader.take(':')) {
    const auto second = reader.number(2, 59);
    if (!second) return false;
    date.seconds += *second;
    if (reader.take('.')) {
      const auto nanoseconds = read_fraction(reader);
      if (!nanoseconds) return false;
      date.nanoseconds = *nanoseconds;
    }
  }
  const auto offset = read_offset(reader);
  if (!offset) return false;
  date.seconds -= *offset;
  return true;
}

}  // namespace

std::optional<Date> parse_date(std::string_view text) {
  if (text.find_first_not_of("0123456789", text.starts_with('-') ? 1 : 0) == text.npos)
    return parse_seconds(text);
  Reader reader(text);
  const auto year = reader.number(4, 9999);
  if (!year || !reader.take('-')) return std::nullopt;
  const auto month = reader.number(2, 12);
  std::optional<int> day = 1;
  const bool has_day = reader.take('-');
  if (has_day) day = reader.number(2, 31);
  if (!month || !day) return std::nullopt;
  const std::chrono::year_month_day calendar(std::chrono::year(*year),
                                             std::chrono::month(static_cast<unsigned>(*month)),
                                             std::chrono::day(static_cast<unsigned>(*day)));
  if (!calendar.ok()) return std::nullopt;
  Date date;
  date.seconds = std::chrono::sys_days(calendar).time_since_epoch() / std::chrono::seconds(1);
  if (has_day && reader.take('T') && !add_time(reader, date)) return std::nullopt;
  return reader.at_end() ? std::optional(date) : std::nullopt;
}

}  // namespace trent::policy
