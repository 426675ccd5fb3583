// SPDX-License-Identifier: Apache-2.0
// When nShield's library does not see what another process makes.
#include "hsm/nshield.h"

#include <stdlib.h>

#include <fstream>

#include "check.h"

namespace {

using namespace trent;
using namespace trent::test;

constexpr const char* kVariable = "CKNFAST_ASSUME_SINGLE_PROCESS";
constexpr const char* kModule = "/opt/nfast/toolkits/pkcs11/libcknfast.so";

std::filesystem::path variables;

bool is_well(const std::string& module = kModule) {
  return hsm::nshield_advice(module, variables).empty();
}

void write_variables(const std::string& text) {
  std::ofstream(variables) << text;
}

void of_nshield_only() {
  for (const char* module : {"/usr/lib/softhsm/libsofthsm2.so", "softhsm2", "",
                             "/opt/libcknfast.so/p11.so", "/opt/nfast/my-libcknfast.so"})
    CHECK(is_well(module));
  CHECK(!is_well());
  CHECK(!is_well("libcknfast-debug.so"));
}

void by_the_environment() {
  for (const char* value : {"0", "N"}) {
    setenv(kVariable, value, 1);
    CHECK(is_well());
  }
  for (const char* value : {"1", "", "Y", "00"}) {
    setenv(kVariable, value, 1);
    CHECK(!is_well());
  }
  unsetenv(kVariable);
}

void by_the_file() {
  write_variables("# nShield\nCKNFAST_LOADSHARING=1\nCKNFAST_ASSUME_SINGLE_PROCESS=0\n");
  CHECK(is_well());
  setenv(kVariable, "1", 1);  // which goes before it
  CHECK(!is_well());
  unsetenv(kVariable);
  for (const char* other :
       {"CKNFAST_ASSUME_SINGLE_PROCESS=1\n", "CKNFAST_ASSUME_SINGLE_PROCESS0\n",
        "#CKNFAST_ASSUME_SINGLE_PROCESS=0\n", "NO_CKNFAST_ASSUME_SINGLE_PROCESS=0",
        "CKNFAST_ASSUME_SINGLE_PROCESS=0\nCKNFAST_ASSUME_SINGLE_PROCESS=1\n"}) {
    write_variables(other);
    CHECK(!is_well());
  }
  std::filesystem::remove(variables);
}

void says_what_to_do() {
  const std::string advice = hsm::nshield_advice(kModule, variables);
  for (const std::string& part : {std::string(kVariable), variables.string()})
    CHECK(advice.find(part) != std::string::npos);
}

}  // namespace

int main() {
  std::string path = (std::filesystem::temp_directory_path() / "trent-test-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) return 1;
  variables = std::filesystem::path(path) / "cknfastrc";
  unsetenv(kVariable);
  int failed = RUN_TESTS("nShield's variables", TEST(of_nshield_only), TEST(by_the_environment),
                         TEST(by_the_file), TEST(says_what_to_do));
  std::filesystem::remove_all(path);
  return failed;
}
