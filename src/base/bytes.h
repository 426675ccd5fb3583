// SPDX-License-Identifier: Apache-2.0
// Byte strings: plain ones, views, and ones that are wiped when they are released.
#pragma once

#include <openssl/crypto.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trent {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// Wipes every buffer it gives back, also those that a growing vector leaves behind.
template <class T>
struct CleansingAllocator : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = CleansingAllocator<U>;
  };
  CleansingAllocator() noexcept = default;
  template <class U>
  CleansingAllocator(const CleansingAllocator<U>&) noexcept {}
  void deallocate(T* p, std::size_t n) {
    OPENSSL_cleanse(p, n * sizeof(T));
    std::allocator<T>::deallocate(p, n);
  }
};

// For plaintext, key values and PINs.
using SecretBytes = std::vector<std::uint8_t, CleansingAllocator<std::uint8_t>>;
// The same as text. The few characters that a string keeps within itself are not wiped.
using SecretString = std::basic_string<char, std::char_traits<char>, CleansingAllocator<char>>;

inline ByteView as_bytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}
inline std::string_view as_text(ByteView b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

inline void append(Bytes& out, ByteView b) {
  out.insert(out.end(), b.begin(), b.end());
}

// Big-endian, as all integers of the blob format are.
inline void append_u32(Bytes& out, std::uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(v >> shift));
}

}  // namespace trent
