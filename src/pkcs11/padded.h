// SPDX-License-Identifier: Apache-2.0
// The fixed-size fields of PKCS#11's info structures.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "pkcs11/cryptoki.h"

namespace trent::pkcs11 {

// Filled up with blanks, and not terminated (PKCS#11 v3.0 section 3.1).
template <std::size_t size>
void fill_padded(CK_UTF8CHAR (&field)[size], std::string_view text) {
  std::size_t n = std::min(text.size(), size);
  std::copy_n(text.begin(), n, &field[0]);
  std::fill(&field[n], &field[0] + size, ' ');
}

// "MAJOR.MINOR..." of the project.
inline CK_VERSION library_version() {
  const char* text = TRENT_VERSION;
  auto number = [](const char* from) {
    return static_cast<unsigned char>(std::strtoul(from, nullptr, 10));
  };
  return {number(text), number(std::strchr(text, '.') + 1)};
}

}  // namespace trent::pkcs11
