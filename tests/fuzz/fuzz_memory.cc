// SPDX-License-Identifier: Apache-2.0
// The file of `trent check --remember` lies where others may write: it is refused with a reason, or
// holds what is written back the same.
#include <stdexcept>

#include "base/bytes.h"
#include "fuzz.h"
#include "kms/remembered.h"

using namespace trent;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const kms::Memory memory = kms::parse_memory(as_text({data, size}));
    const std::string written = kms::to_text(memory);
    const kms::Memory again = kms::parse_memory(written);
    require(kms::to_text(again) == written, "memory is read as it was written");
    for (const auto& [serial, records] : memory)
      require(kms::what_went_back(records, again.at(serial), {}).empty(),
              "nothing went back since a moment ago");
  } catch (const std::runtime_error& error) {
    require(*error.what() != '\0', "reason is given");
  }
  return 0;
}
