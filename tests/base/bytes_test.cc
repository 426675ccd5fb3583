// SPDX-License-Identifier: Apache-2.0
// Byte strings, and that secret ones are wiped when they are freed.
#include "base/bytes.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "check.h"

// Watches one block of memory on its way back to the heap.
namespace {

const void* watched = nullptr;
std::size_t watched_size = 0;
bool released = false;
bool clean = false;

void release(void* p) noexcept {
  if (p != nullptr && p == watched) {
    const auto* bytes = static_cast<const std::uint8_t*>(p);
    clean = std::all_of(bytes, bytes + watched_size, [](std::uint8_t b) { return b == 0; });
    released = true;
    watched = nullptr;
  }
  std::free(p);  // NOLINT(cppcoreguidelines-no-malloc)
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* p = std::malloc(size)) return p;  // NOLINT(cppcoreguidelines-no-malloc)
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
  release(p);
}
void operator delete(void* p, std::size_t) noexcept {
  release(p);
}

namespace {

using namespace trent;

template <class Container>
void watch(const Container& bytes) {
  watched = bytes.data();
  watched_size = bytes.size();
  released = clean = false;
}

void secrets_are_wiped_when_released() {
  {
    SecretBytes secret(64, 0x5a);
    watch(secret);
  }
  CHECK(released);
  CHECK(clean);
}

void secrets_are_wiped_when_a_vector_grows() {
  SecretBytes secret(64, 0x5a);
  watch(secret);
  secret.resize(100000);
  CHECK(released);
  CHECK(clean);
  CHECK_EQ(secret[63], 0x5a);
}

// Or the two tests above would show nothing.
void plain_bytes_are_not_wiped() {
  {
    Bytes plain(64, 0x5a);
    watch(plain);
  }
  CHECK(released);
  CHECK(!clean);
}

void integers_are_big_endian() {
  Bytes out;
  append_u32(out, 0x01020304);
  append_u32(out, 0xfffffffe);
  CHECK_EQ(out, (Bytes{1, 2, 3, 4, 0xff, 0xff, 0xff, 0xfe}));
}

void text_and_bytes_are_two_views_of_one_thing() {
  const std::string_view text("a\0\xff", 3);
  CHECK_EQ(as_bytes(text).size(), 3U);
  CHECK_EQ(as_bytes(text)[2], 0xff);
  CHECK_EQ(as_text(as_bytes(text)), text);
}

}  // namespace

int main() {
  return RUN_TESTS("bytes", TEST(secrets_are_wiped_when_released),
                   TEST(secrets_are_wiped_when_a_vector_grows), TEST(plain_bytes_are_not_wiped),
                   TEST(integers_are_big_endian), TEST(text_and_bytes_are_two_views_of_one_thing));
}
