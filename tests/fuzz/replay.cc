// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over the files of its corpus, where there is no libFuzzer: every build with
// tests proves that what was found once stays fixed.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz.h"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) __attribute__((weak));

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  if (LLVMFuzzerInitialize != nullptr) LLVMFuzzerInitialize(&argc, &argv);
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    std::printf("ok %d - %s\n", ++count, entry.path().filename().c_str());
    std::fflush(stdout);  // the next one may abort
  }
  std::printf("1..%d\n", count);
  return count > 0 ? 0 : 1;
}
