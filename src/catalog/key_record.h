// SPDX-License-Identifier: Apache-2.0
// What is stored about a key: the metadata that PKCS#11 has no place for.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/public_key.h"
#include "blob/blob.h"
#include "catalog/key_properties.h"
#include "catalog/record.h"

namespace trent::catalog {

using blob::KeyMaterialId;

// How a material became the current one.
struct Rotation {
  Timestamp date;
  RotationType type = RotationType::OnDemand;
};

struct KeyMaterial {
  KeyMaterialId id{};
  Timestamp created;
  // Of a key pair; else null. The id proves it.
  std::shared_ptr<const PublicKey> public_key = nullptr;
  std::optional<Rotation> rotation{};  // the first one was current from the beginning
};

// Of a key that is rotated automatically.
struct RotationSchedule {
  std::int64_t period_days = 0;
  Timestamp next;

  std::chrono::hours period() const { return std::chrono::hours(24) * period_days; }
};

// A key that somebody else made in the token, and who may use it still: it stays as it is, under
// its own name.
struct AdoptedObject {
  std::string xks_key_id;  // by which it was asked for
  std::string label;       // CKA_LABEL, of any bytes
  Bytes id;                // CKA_ID

  bool operator==(const AdoptedObject&) const = default;
};

struct KeyRecord {
  Revision revision;
  std::string key_id;  // UUID
  Timestamp created;
  std::string description;
  KeyUsage usage = KeyUsage::EncryptDecrypt;
  KeySpec spec = KeySpec::SymmetricDefault;
  KeyOrigin origin = KeyOrigin::AwsKms;
  KeyState state = KeyState::Enabled;
  std::optional<Timestamp> deletion;
  std::vector<KeyMaterial> materials;  // oldest first; never empty
  KeyMaterialId current{};             // one of materials
  std::optional<RotationSchedule> rotation;
  std::optional<AdoptedObject> adopted;  // of origin EXTERNAL_KEY_STORE, where the one material is
  std::map<std::string, std::string> tags;
  // JSON; null: the default one. Who does not know it would let everybody in, so a record that has
  // it is of the second format.
  std::shared_ptr<const std::string> policy;
  // Its material is an enforced key (hsm/enforced_key.h). Who does not know it would take the
  // material for a base key: a record of the second format, too.
  bool enforced = false;
  OtherMembers others;

  // Null if the key has no such material.
  const KeyMaterial* material(const KeyMaterialId& id) const;
  bool has_material(const KeyMaterialId& id) const { return material(id) != nullptr; }

  static bool is_label(std::string_view label);
  std::string label() const;
  // Throws std::runtime_error that says what is wrong.
  static KeyRecord parse(std::string_view text);
};

std::string to_text(const KeyRecord& record);

// CKA_LABEL of a key's record, and of its materials: trent/key/<key id>
std::string key_label(std::string_view key_id);
std::optional<std::string> key_id_of_label(std::string_view label);
// CKA_LABEL of a new material of a key that has a record, until the record names it:
// trent/new/<key id>. One that the record does not name was never used.
std::string staged_label(std::string_view key_id);
bool is_staged_label(std::string_view label);
// Of either.
std::optional<std::string> key_id_of_material_label(std::string_view label);

}  // namespace trent::catalog
