// SPDX-License-Identifier: Apache-2.0
// Where the PIN may come from, and what is said of a bad source.
#include "hsm/pin.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "check.h"

namespace {

using namespace trent;
using namespace trent::test;
using hsm::read_pin;

std::filesystem::path directory;

std::string file_with(const std::string& content) {
  std::string path = (directory / "pin").string();
  std::ofstream(path, std::ios::binary) << content;
  return "file:" + path;
}

std::string text_of(const SecretBytes& pin) {
  return {pin.begin(), pin.end()};
}

void refused(const std::string& source, const std::string& why) {
  try {
    read_pin(source);
  } catch (const Error& error) {
    CHECK_EQ(error.name(), std::string("ValidationException"));
    if (error.message().find(source) == std::string::npos ||
        error.message().find(why) == std::string::npos || error.advice().empty())
      throw Failure(error.what());
    return;
  }
  throw Failure(source + " was taken");
}

void one_line_end_is_taken_off() {
  for (const char* content : {"1234", "1234\n", "1234\r\n"})
    CHECK_EQ(text_of(read_pin(file_with(content))), "1234");
  CHECK_EQ(text_of(read_pin(file_with("12 34 \n"))), "12 34 ");
  CHECK_EQ(text_of(read_pin(file_with("1234\n\n"))), "1234\n");
  CHECK_EQ(text_of(read_pin(file_with(" 1234"))), " 1234");
  CHECK_EQ(text_of(read_pin(file_with("gr\u00fc\u00df\n"))), "gr\u00fc\u00df");
}

void long_pins_are_taken() {
  for (std::size_t length : {33U, 255U, 256U, 1024U, 4095U})
    CHECK_EQ(read_pin(file_with(std::string(length, 'x') + "\n")).size(), length);
  refused(file_with(std::string(4098, 'x')), "longer than a PIN can be");
  refused(file_with(std::string(1 << 20, 'x')), "longer than a PIN can be");
}

void empty_file_is_refused() {
  for (const char* content : {"", "\n", "\r\n"}) refused(file_with(content), "empty");
}

void missing_file_is_refused() {
  refused("file:" + (directory / "none").string(), "No such file");
  refused("file:" + directory.string(), "Is a directory");
}

// Root may read everything: it is somebody else who reads.
void closed_file_is_said_to_be() {
  const std::string source = file_with("1234\n");
  const bool is_root = geteuid() == 0;
  std::filesystem::permissions(source.substr(5), std::filesystem::perms::none);
  if (is_root) {
    CHECK_EQ(seteuid(65534), 0);
    refused(source, "may not look into its directory");
    CHECK_EQ(seteuid(0), 0);
    std::filesystem::permissions(directory, static_cast<std::filesystem::perms>(0755));
    CHECK_EQ(seteuid(65534), 0);
    refused(source,
            "the file belongs to root, has the mode 0000, and this process, of the user nobody,");
    CHECK_EQ(seteuid(0), 0);
  } else {
    refused(source, "has the mode 0000");
  }
  std::filesystem::remove(source.substr(5));
}

void environment_variable_as_it_is() {
  setenv("TRENT_TEST_PIN", "12 34\n", 1);
  CHECK_EQ(text_of(read_pin("env:TRENT_TEST_PIN")), "12 34\n");
  setenv("TRENT_TEST_PIN", "", 1);
  refused("env:TRENT_TEST_PIN", "empty");
  unsetenv("TRENT_TEST_PIN");
  refused("env:TRENT_TEST_PIN", "no such environment variable");
}

void other_sources_are_refused() {
  for (const char* source : {"1234", "", "pass:1234", "FILE:/x"}) refused(source, "neither");
}

}  // namespace

int main() {
  std::string path = (std::filesystem::temp_directory_path() / "trent-test-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) return 1;
  directory = path;
  int failed = RUN_TESTS("PIN sources", TEST(one_line_end_is_taken_off), TEST(long_pins_are_taken),
                         TEST(empty_file_is_refused), TEST(missing_file_is_refused),
                         TEST(closed_file_is_said_to_be), TEST(environment_variable_as_it_is),
                         TEST(other_sources_are_refused));
  std::filesystem::remove_all(directory);
  return failed;
}
