// SPDX-License-Identifier: Apache-2.0
// cmocka for C++: checks that unwind the stack, and test cases that may throw.
//
// cmocka's own assert_ macros leave a test with longjmp, past every destructor. So a check here
// throws, and the test case hands the failure over to cmocka when its stack is gone:
//
//   static void decrypts_what_it_encrypted() { CHECK_EQ(decrypt(encrypt("a")), "a"); }
//   int main() { return RUN_TESTS("round trip", TEST(decrypts_what_it_encrypted)); }
#pragma once

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>

extern "C" {
#include <cmocka.h>
}

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/error.h"

namespace trent::test {

struct Failure : std::runtime_error {
  using runtime_error::runtime_error;
};

// How a value looks in a failure's message.
template <class T>
std::string show(const T& value) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return '"' + std::string(std::string_view(value)) + '"';
  } else if constexpr (std::is_convertible_v<const T&, ByteView>) {
    return to_hex(value);
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<long long>(value));
  } else {
    std::ostringstream out;
    out << value;
    return out.str();
  }
}

[[noreturn]] inline void fail_at(const char* file, int line, const std::string& what) {
  throw Failure(std::string(file) + ":" + std::to_string(line) + ": " + what);
}

template <class A, class B>
void check_equal(const A& actual, const B& expected, const char* what, const char* file, int line) {
  if (!(actual == expected))
    fail_at(file, line, std::string(what) + " is " + show(actual) + ", expected " + show(expected));
}

template <class F>
void check_error(F&& call, ErrorCode code, const char* what, const char* file, int line) {
  try {
    call();
  } catch (const Error& e) {
    if (e.code() == code) return;
    fail_at(file, line,
            std::string(what) + " threw " + e.what() + ", expected " + error_name(code));
  }
  fail_at(file, line, std::string(what) + " went through, expected " + error_name(code));
}

template <void (*Case)()>
void run_case(void**) {
  char text[4096] = "";
  try {
    Case();
    return;
  } catch (const std::exception& e) {
    std::snprintf(text, sizeof(text), "%s", e.what());
  }
  fail_msg("%s", text);
}

template <void (*Case)()>
CMUnitTest test_case(const char* name) {
  return {name, run_case<Case>, nullptr, nullptr, nullptr};
}

}  // namespace trent::test

#define CHECK(condition) \
  ((condition) ? void() : trent::test::fail_at(__FILE__, __LINE__, #condition " does not hold"))
#define CHECK_EQ(actual, expected) \
  trent::test::check_equal((actual), (expected), #actual, __FILE__, __LINE__)
// The expression must throw a trent::Error with this code, e.g. CHECK_ERROR(NotFound, f(x)).
#define CHECK_ERROR(error_code, ...)                                                              \
  trent::test::check_error([&] { static_cast<void>(__VA_ARGS__); }, trent::ErrorCode::error_code, \
                           #__VA_ARGS__, __FILE__, __LINE__)

#define TEST(function) trent::test::test_case<function>(#function)
// The value for main(): 0 if every case passed.
#define RUN_TESTS(name, ...)                                           \
  ([] {                                                                \
    const CMUnitTest cases[] = {__VA_ARGS__};                          \
    return cmocka_run_group_tests_name(name, cases, nullptr, nullptr); \
  }())
