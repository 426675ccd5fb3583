// SPDX-License-Identifier: Apache-2.0
// What all records in the token have in common: a revision, in JSON text. What else one says is in
// the file of its type (key_record.h, alias_record.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trent::catalog {

using Timestamp = std::chrono::system_clock::time_point;

// Kept in every record: which revision it is, and of what.
struct Revision {
  std::uint64_t number = 1;
  std::string lineage;  // random, chosen when the record was first created, never changes
  std::string nonce;    // random, makes every object in the token differ from every other
  // Nonces of the revision that it replaces, and of a few before that. Empty: the first one, or
  // written by an earlier version of Trent.
  std::vector<std::string> based_on;
  Timestamp made{};  // a moment before it was created; long ago if nobody knows
};

// Members of a record that a later version of Trent knows, as JSON by name: a change keeps them.
// One that must not be passed over comes with another format.
using OtherMembers = std::map<std::string, std::string>;

// A record with a higher number cannot be changed any more: it is damaged.
inline constexpr std::uint64_t kLastRevision = std::uint64_t{1} << 62;

// Names a revision that is not committed (see store.h).
struct Pending {
  std::string nonce;
  Timestamp made;
};

// The present, in whole milliseconds as the records keep it.
Timestamp now();

// The parsers throw std::runtime_error that says what is wrong.
Revision parse_revision(std::string_view text);

std::string marker_text(const std::string& nonce, Timestamp made);
// nullopt: it is a record, or nothing that can be read.
std::optional<Pending> parse_marker(std::string_view text);

}  // namespace trent::catalog
