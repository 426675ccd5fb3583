// SPDX-License-Identifier: Apache-2.0
// The format of an encrypted file, docs/file-format.md: a header with the ciphertext of a data key,
// and segments that AES-256-GCM seals, each with its number and whether it is the last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>

#include "base/bytes.h"
#include "base/openssl.h"

namespace trent::cli {

inline constexpr std::size_t kDataKeyBytes = 32;
inline constexpr std::size_t kSegmentBytes = 65536;
inline constexpr std::size_t kTagBytes = 16;

// It is no encrypted file, or not the one that was written; the text says which, and what to do.
struct BadFile : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Fills `room` as far as there are bytes left, and says how many.
using ReadBytes = std::function<std::size_t(std::span<std::uint8_t> room)>;
using WriteBytes = std::function<void(ByteView)>;

struct FileHeader {
  Bytes encrypted_data_key;  // the CiphertextBlob of GenerateDataKey: 1 to 6144 bytes
  Sha256 commitment{};       // to the data key

  Bytes encoded() const;
  // Throws BadFile.
  static FileHeader read(const ReadBytes& read);
};

// The commitment of a file with this data key of kDataKeyBytes.
Sha256 commit_to(ByteView data_key);

// What follows the header. Segments are written when all their bytes are read; those of opened
// files are what was sealed, in that order, from the beginning on. Not before open_segments()
// returns it is known that nothing is missing at the end. Throws BadFile, and whatever `read` and
// `write` throw.
void seal_segments(ByteView data_key, const ReadBytes& read, const WriteBytes& write);
void open_segments(ByteView data_key, const ReadBytes& read, const WriteBytes& write);

}  // namespace trent::cli
