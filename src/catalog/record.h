// What the token's records say: the metadata of keys and aliases that PKCS#11 has no place for.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blob/blob.h"

namespace trent::catalog {

using blob::KeyMaterialId;
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

// A record with a higher number cannot be changed any more: it is damaged.
inline constexpr std::uint64_t kLastRevision = std::uint64_t{1} << 62;

// Names a revision that is not committed (see store.h).
struct Pending {
  std::string nonce;
  Timestamp made;
};

struct KeyMaterial {
  KeyMaterialId id{};
  Timestamp created;
};

struct KeyRecord {
  Revision revision;
  std::string key_id;  // UUID
  Timestamp created;
  std::string description;
  std::string usage = "ENCRYPT_DECRYPT";
  std::string spec = "SYMMETRIC_DEFAULT";
  std::string origin = "AWS_KMS";
  std::string state = "Enabled";  // Enabled, Disabled, PendingDeletion
  std::optional<Timestamp> deletion;
  std::vector<KeyMaterial> materials;  // oldest first; never empty
  KeyMaterialId current{};             // one of materials

  bool has_material(const KeyMaterialId& id) const;
};

struct AliasRecord {
  Revision revision;
  std::string name;    // "alias/..."
  std::string target;  // key id
  Timestamp created;
  Timestamp updated;
};

// The present, in whole milliseconds as the records keep it.
Timestamp now();

// JSON text, and back. The parsers throw std::runtime_error that says what is wrong.
std::string to_text(const KeyRecord& record);
std::string to_text(const AliasRecord& record);
KeyRecord parse_key_record(std::string_view text);
AliasRecord parse_alias_record(std::string_view text);
Revision parse_revision(std::string_view text);

std::string marker_text(const std::string& nonce, Timestamp made);
// nullopt: it is a record, or nothing that can be read.
std::optional<Pending> parse_marker(std::string_view text);

// CKA_LABEL of a record, and of a key's materials.
std::string key_label(std::string_view key_id);  // trent/key/<key id>
std::string alias_label(std::string_view name);  // trent/alias/<name without "alias/">
std::optional<std::string> key_id_of_label(std::string_view label);
bool is_alias_label(std::string_view label);

}  // namespace trent::catalog
