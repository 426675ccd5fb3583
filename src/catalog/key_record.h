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

// Of a material that somebody brought, under a key of origin EXTERNAL.
struct Import {
  // It is to be gone from the token, until the same is imported again.
  bool deleted = false;
  std::optional<Timestamp> valid_to{};
  std::string description{};

  bool operator==(const Import&) const = default;
};

struct KeyMaterial {
  KeyMaterialId id{};
  Timestamp created;
  // Of a key pair; else null. The id proves it.
  std::shared_ptr<const PublicKey> public_key = nullptr;
  std::optional<Rotation> rotation{};  // the first one was current from the beginning
  std::optional<Import> import{};

  // Whether it ought to be in the token. An expired one may be there still.
  bool is_kept() const { return !import || !import->deleted; }
  bool has_expired(Timestamp now) const {
    return import && import->valid_to && *import->valid_to <= now;
  }
  bool is_usable(Timestamp now) const { return is_kept() && !has_expired(now); }
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

// Of a multi-Region key: which of the related keys, one in each region, is the primary one. Each of
// them keeps it, and of several that differ, as in the middle of UpdatePrimaryRegion, the one with
// the highest count is right.
struct MultiRegion {
  std::string primary_region;
  std::uint64_t changes = 0;  // how often the primary has changed

  bool operator==(const MultiRegion&) const = default;
};

struct KeyRecord {
  Revision revision;
  std::string key_id;  // UUID, or that of a multi-Region key
  Timestamp created;
  std::string description;
  KeyUsage usage = KeyUsage::EncryptDecrypt;
  KeySpec spec = KeySpec::SymmetricDefault;
  KeyOrigin origin = KeyOrigin::AwsKms;
  KeyState state = KeyState::Enabled;  // as it was set: see state_at()
  std::optional<Timestamp> deletion;
  // In days, of a primary key that is pending replica deletion: it begins when they are gone.
  std::optional<std::int64_t> deletion_window;
  std::vector<KeyMaterial> materials;  // oldest first; empty only of origin EXTERNAL
  KeyMaterialId current{};             // one of materials, if there are any
  // Of origin EXTERNAL: one of materials, which a rotation makes the current one.
  std::optional<KeyMaterialId> staged;
  std::optional<RotationSchedule> rotation;
  std::optional<AdoptedObject> adopted;  // of origin EXTERNAL_KEY_STORE, where the one material is
  std::map<std::string, std::string> tags;
  // JSON; null: the default one. Who does not know it would let everybody in, so a record that has
  // it is of the second format. So is one of origin EXTERNAL, whose material may have expired.
  std::shared_ptr<const std::string> policy;
  // Its material is an enforced key (hsm/enforced_key.h). Who does not know it would take the
  // material for a base key: a record of the second format, too.
  bool enforced = false;
  // There if the id is that of a multi-Region key. Who does not know it would give the key material
  // that the related ones have not: of the second format, too.
  std::optional<MultiRegion> multi_region;
  OtherMembers others;

  // Null if the key has no such material.
  const KeyMaterial* material(const KeyMaterialId& id) const;
  bool has_material(const KeyMaterialId& id) const { return material(id) != nullptr; }
  // Whether the key has this material, and it ought to be in the token.
  bool keeps_material(const KeyMaterialId& id) const {
    const KeyMaterial* found = material(id);
    return found != nullptr && found->is_kept();
  }

  // The state as KMS tells it: imported material expires without anybody changing the record.
  KeyState state_at(Timestamp now) const;

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
