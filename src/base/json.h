// SPDX-License-Identifier: Apache-2.0
// JSON from outside, taken strictly: what the library lets pass by default is a fault here.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/encoding.h"

namespace trent {

// One value, whose objects have no name twice, nested at most 64 deep. Throws std::runtime_error
// with the reason.
template <class Json = nlohmann::json>
Json parse_json(std::string_view text) {
  constexpr int kMaxDepth = 64;
  // The parser takes a NUL for the end and would not look at what follows.
  if (text.find('\0') != text.npos) throw std::runtime_error("it holds a NUL");
  std::vector<std::set<typename Json::string_t>> names;  // of each object that is open
  const auto check = [&](int depth, typename Json::parse_event_t event, Json& parsed) {
    using Event = typename Json::parse_event_t;
    if ((event == Event::object_start || event == Event::array_start) && depth >= kMaxDepth)
      throw std::runtime_error("it is nested too deep");
    if (event == Event::object_start) names.emplace_back();
    if (event == Event::object_end) names.pop_back();
    if (event == Event::key) {
      const auto& name = parsed.template get_ref<const typename Json::string_t&>();
      if (!names.back().insert(name).second)
        throw std::runtime_error("it has the name " + quote_for_message(name) + " twice");
    }
    return true;
  };
  try {
    return Json::parse(text, check);
  } catch (const typename Json::parse_error& error) {
    // The library's own sentence quotes the input, however long.
    throw std::runtime_error("it is not JSON at byte " + std::to_string(error.byte));
  } catch (const typename Json::exception& error) {
    throw std::runtime_error(error.what());
  }
}

// What `read` makes of the JSON; that a member is missing or of another type is a
// std::runtime_error, too.
template <class Read>
auto read_json(std::string_view text, Read read) {
  const nlohmann::json json = parse_json(text);
  try {
    return read(json);
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(error.what());
  }
}

// json::get() would take 1.5, true and -1 for a number of any type.
template <class Integer>
Integer whole_number(const nlohmann::json& value) {
  if (value.is_number_unsigned()) {
    auto number = value.get<std::uint64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  } else if (value.is_number_integer()) {
    auto number = value.get<std::int64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  }
  throw std::runtime_error("a number is not a whole one, or out of range");
}

// Points in time as Trent keeps them: milliseconds since 1970.
inline std::int64_t to_milliseconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
inline std::chrono::system_clock::time_point from_milliseconds(const nlohmann::json& value) {
  using Time = std::chrono::system_clock::time_point;
  using std::chrono::milliseconds;
  constexpr auto kLimit = std::chrono::duration_cast<milliseconds>(Time::duration::max());
  const milliseconds since_epoch(whole_number<std::int64_t>(value));
  if (since_epoch > kLimit || since_epoch < -kLimit)
    throw std::runtime_error("a date is out of range");
  return Time(since_epoch);
}

}  // namespace trent
