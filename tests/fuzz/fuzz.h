// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets share. Each target is one LLVMFuzzerTestOneInput that must come back,
// whatever the input; a broken promise aborts, which is what libFuzzer reports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace trent::fuzz {

inline void require(bool condition, const char* promise) {
  if (condition) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

}  // namespace trent::fuzz
