// SPDX-License-Identifier: Apache-2.0
// JSON that is taken strictly.
#include "base/json.h"

#include <limits>
#include <string>

#include "check.h"

namespace {

using namespace trent;
using nlohmann::json;

std::string fault_of(std::string_view text) {
  try {
    parse_json(text);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return {};
}

void one_value_is_read() {
  CHECK_EQ(parse_json(R"({"a": [1, {"a": 2}, {"a": 3}], "b": {"a": null}})").size(), 2U);
  CHECK_EQ(fault_of("null"), "");
  for (const char* text : {"", "{", "{}{}", "{} x", "[1,]", "{\"a\":}", "\"\xff\"", "nul"})
    CHECK(!fault_of(text).empty());
}

void name_that_is_there_twice_is_a_fault() {
  CHECK_EQ(fault_of(R"({"a":1,"b":2,"a":1})"), R"(it has the name "a" twice)");
  CHECK_EQ(fault_of(R"([{"x":{"a":1,"\u0061":1}}])"), R"(it has the name "a" twice)");
}

void faults_say_where_and_do_not_quote() {
  CHECK_EQ(fault_of(R"({"a":tru})"), "it is not JSON at byte 9");
  CHECK_EQ(fault_of("\"" + std::string(10000, 'x')), "it is not JSON at byte 10002");
}

void nul_is_a_fault() {
  CHECK_EQ(fault_of(std::string_view("{}\0x", 4)), "it holds a NUL");
}

void depth_is_limited() {
  const auto nested = [](std::size_t depth, const char* open, const char* close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open;
    text += "1";
    for (std::size_t i = 0; i < depth; ++i) text += close;
    return text;
  };
  CHECK_EQ(fault_of(nested(64, "[", "]")), "");
  CHECK_EQ(fault_of(nested(65, "[", "]")), "it is nested too deep");
  CHECK_EQ(fault_of(nested(64, "{\"a\":", "}")), "");
  CHECK_EQ(fault_of(nested(65, "{\"a\":", "}")), "it is nested too deep");
  CHECK_EQ(fault_of(std::string(1000000, '[')), "it is nested too deep");
}

template <class F>
bool refused(F f) {
  try {
    f();
  } catch (const std::runtime_error&) {
    return true;
  }
  return false;
}

void numbers_are_whole_and_in_range() {
  CHECK_EQ(whole_number<int>(json(-3)), -3);
  CHECK_EQ(whole_number<std::uint64_t>(json(~std::uint64_t{0})), ~std::uint64_t{0});
  for (const json& value : {json(1.5), json(true), json("1"), json(nullptr), json(1U << 31)})
    CHECK(refused([&] { whole_number<int>(value); }));
  CHECK(refused([&] { whole_number<std::uint64_t>(json(-1)); }));
}

void dates_come_back() {
  for (const std::int64_t date : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1700000000123}})
    CHECK_EQ(to_milliseconds(from_milliseconds(json(date))), date);
  CHECK(refused([] { from_milliseconds(json(std::numeric_limits<std::int64_t>::max())); }));
  CHECK(refused([] { from_milliseconds(json(std::numeric_limits<std::int64_t>::min())); }));
}

}  // namespace

int main() {
  return RUN_TESTS(
      "strict json", TEST(one_value_is_read), TEST(name_that_is_there_twice_is_a_fault),
      TEST(faults_say_where_and_do_not_quote), TEST(nul_is_a_fault), TEST(depth_is_limited),
      TEST(numbers_are_whole_and_in_range), TEST(dates_come_back));
}
