// SPDX-License-Identifier: Apache-2.0
// The PKCS#11 door answers every sequence of calls with return codes: whatever the handles, NULL
// pointers, lengths, templates and mechanisms, it neither crashes nor hangs nor writes past a
// buffer.
#include <algorithm>
#include <random>

#include "pkcs11_seeds.h"

using namespace trent;

namespace {

fuzz::World& world() {
  static fuzz::World world;
  return world;
}

const std::vector<fuzz::Seed>& seeds() {
  static const std::vector<fuzz::Seed> all = fuzz::seeds();
  return all;
}

}  // namespace

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max)
    __attribute__((weak));  // there is none in a plain test

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  fuzz::prove(world(), seeds());
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Program(world(), {data, size}).run();
  return 0;
}

// Now and then a seed takes the place of the input, or goes on where it ends.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max, unsigned int random) {
  std::minstd_rand next(random);
  const Bytes& seed = seeds()[next() % seeds().size()].code;
  switch (next() % 16) {
    case 0:
      size = std::min(seed.size(), max);
      std::copy_n(seed.begin(), size, data);
      break;
    case 1:
    case 2: {
      if (size == 0) break;
      const std::size_t more = std::min(seed.size() - 1, max - size);
      std::copy_n(seed.begin() + 1, more, data + size);
      return size + more;
    }
    default:
      break;
  }
  return LLVMFuzzerMutate(data, size, max);
}
