// SPDX-License-Identifier: Apache-2.0
// An encrypted file: what is opened is what would be sealed.
#include <algorithm>

#include "cli/encrypted_file.h"
#include "fuzz.h"

using namespace trent;
using namespace trent::cli;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto reading = [](ByteView bytes) -> ReadBytes {
    return [bytes](std::span<std::uint8_t> room) mutable {
      const std::size_t got = std::min(room.size(), bytes.size());
      std::ranges::copy(bytes.first(got), room.begin());
      bytes = bytes.subspan(got);
      return got;
    };
  };
  // That of tests/data/file-vectors.json, whose files are in the corpus.
  Bytes data_key(kDataKeyBytes);
  for (std::size_t i = 0; i < data_key.size(); ++i) data_key[i] = static_cast<std::uint8_t>(i);
  const Bytes file(data, data + size);
  Bytes opened;
  FileHeader header;
  try {
    const ReadBytes read = reading(file);
    header = FileHeader::read(read);
    open_segments(data_key, read, [&](ByteView bytes) { append(opened, bytes); });
  } catch (const BadFile&) {
    return 0;
  }
  Bytes sealed = header.encoded();
  seal_segments(data_key, reading(opened), [&](ByteView bytes) { append(sealed, bytes); });
  require(sealed == file, "there is one file for a plaintext");
  return 0;
}
