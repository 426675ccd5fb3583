// The JSON of records, for the files that read and write one type.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "catalog/record.h"

namespace trent::catalog {

// A whole number: json::get() would take 1.5, true and -1 for one of any type.
template <class Integer>
Integer integer(const nlohmann::json& value) {
  if (value.is_number_unsigned()) {
    auto number = value.get<std::uint64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  } else if (value.is_number_integer()) {
    auto number = value.get<std::int64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  }
  throw std::runtime_error("a number is not a whole one, or out of range");
}

// Since 1970. Throws if it is out of range.
Timestamp timestamp(const nlohmann::json& value);
std::int64_t milliseconds(Timestamp time);

// The members that every record begins with, and back.
nlohmann::json revision_members(const Revision& revision);
Revision revision_of(const nlohmann::json& record);

// Any fault of the JSON as one kind of exception, with the library's reason.
template <class Read>
auto read_json(std::string_view text, Read read) {
  try {
    // The parser takes a NUL for the end and would not look at what follows.
    if (text.find('\0') != text.npos) throw std::runtime_error("it holds a NUL");
    return read(nlohmann::json::parse(text));
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(error.what());
  }
}

}  // namespace trent::catalog
