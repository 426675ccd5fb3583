// SPDX-License-Identifier: Apache-2.0
// The chain of audit records: the last member of each says which chain it is in, its number there,
// and the SHA-256 of the line before it, so that none can be changed or taken out unseen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trent::audit {

// How far a chain has come.
struct Chain {
  std::string id;              // a UUID
  std::uint64_t sequence = 0;  // of its last record; 0: it has none yet
  std::string hash;            // of that record's line, in hexadecimal
};

// One that has no record yet.
Chain new_chain();

// Adds a record (the text of a JSON object) to the chain. Its line is the record without the last
// brace, and then what is returned. `lost` is how many could not be written before it.
std::string link(Chain& chain, std::string_view record, std::uint64_t lost);
// The same, and returns the line, without the line break.
std::string add(Chain& chain, std::string_view record, std::uint64_t lost);

// What a line says of its place.
struct Place {
  std::string chain;
  std::uint64_t sequence = 0;
  std::string previous;  // what it says is the hash of the line before it
  std::uint64_t lost = 0;
};

// Throws std::runtime_error, with the reason, if it is no line of a chain.
Place read_place(std::string_view line);

// In hexadecimal.
std::string hash_of(std::string_view line);

}  // namespace trent::audit
