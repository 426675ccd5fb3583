// SPDX-License-Identifier: Apache-2.0
// Encrypted files against tests/data/file-vectors.json, which a second implementation made. What is
// refused, tests/cli/encrypted_file.sh shows.
#include "cli/encrypted_file.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "check.h"

namespace {

using namespace trent;
using namespace trent::cli;

// Gives `bytes`, at most `step` of them each time it is asked for more.
ReadBytes reading(ByteView bytes) {
  return [bytes](std::span<std::uint8_t> room) mutable {
    const std::size_t size = std::min(room.size(), bytes.size());
    std::ranges::copy(bytes.first(size), room.begin());
    bytes = bytes.subspan(size);
    return size;
  };
}

struct Vectors {
  Bytes data_key;
  Bytes encrypted_data_key;
  nlohmann::json vectors;

  static Vectors load() {
    std::ifstream file(std::string(std::getenv("TRENT_SOURCE")) + "/tests/data/file-vectors.json");
    const nlohmann::json json = nlohmann::json::parse(file);
    return {*from_hex(json.at("dataKey").get<std::string>()),
            *from_hex(json.at("encryptedDataKey").get<std::string>()), json.at("vectors")};
  }
};

Bytes plaintext_of(std::size_t size) {
  Bytes plaintext(size);
  for (std::size_t i = 0; i < size; ++i) plaintext[i] = static_cast<std::uint8_t>(i % 251);
  return plaintext;
}

void they_are_written() {
  const Vectors all = Vectors::load();
  CHECK(all.vectors.size() >= 8);
  for (const auto& vector : all.vectors) {
    const Bytes plaintext = plaintext_of(vector.at("plaintextBytes"));
    Bytes file = FileHeader{all.encrypted_data_key, commit_to(all.data_key)}.encoded();
    seal_segments(all.data_key, reading(plaintext), [&](ByteView bytes) { append(file, bytes); });
    CHECK_EQ(file.size(), vector.at("fileBytes").get<std::size_t>());
    CHECK_EQ(to_hex(sha256({file})), vector.at("fileSha256").get<std::string>());
    if (vector.contains("file")) CHECK_EQ(to_hex(file), vector["file"].get<std::string>());
  }
}

void they_are_read() {
  const Vectors all = Vectors::load();
  for (const auto& vector : all.vectors) {
    const Bytes plaintext = plaintext_of(vector.at("plaintextBytes"));
    Bytes file = FileHeader{all.encrypted_data_key, commit_to(all.data_key)}.encoded();
    seal_segments(all.data_key, reading(plaintext), [&](ByteView bytes) { append(file, bytes); });
    const ReadBytes read = reading(file);
    const FileHeader header = FileHeader::read(read);
    CHECK(header.encrypted_data_key == all.encrypted_data_key);
    CHECK(header.commitment == commit_to(all.data_key));
    Bytes opened;
    open_segments(all.data_key, read, [&](ByteView bytes) { append(opened, bytes); });
    CHECK(opened == plaintext);
  }
}

}  // namespace

int main() {
  return RUN_TESTS("encrypted_file", TEST(they_are_written), TEST(they_are_read));
}
