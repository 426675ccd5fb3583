// SPDX-License-Identifier: Apache-2.0
// Imported key material: see import.h.
#include "kms/import.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/error.h"
#include "hsm/base_key_store.h"
#include "kms/import_parameters.h"
#include "kms/material.h"
#include "kms/staging.h"

namespace trent::kms {

namespace {

using catalog::KeyMaterial;
using catalog::KeyRecord;
using hsm::ChangeLock;

Error incorrect(const std::string& message, std::string_view advice) {
  return Error(ErrorCode::IncorrectKeyMaterial, message, advice);
}

KeyMaterial* find(KeyRecord& record, const blob::KeyMaterialId& id) {
  const auto found = std::ranges::find(record.materials, id, &KeyMaterial::id);
  return found == record.materials.end() ? nullptr : &*found;
}

// The material that waits for a rotation and is not there any more waits no longer.
void forget_lost_staged(KeyRecord& record, catalog::Timestamp now) {
  if (!record.staged || record.material(*record.staged)->is_usable(now)) return;
  std::erase_if(record.materials,
                [&](const KeyMaterial& material) { return material.id == record.staged; });
  record.staged.reset();
}

KeyMaterial& add_new(KeyRecord& record, const std::string& arn, const hsm::ImportedId& imported,
                     catalog::Timestamp now) {
  const blob::KeyMaterialId& id = imported.id;
  if (record.materials.empty()) {
    record.current = id;
    return record.materials.emplace_back(KeyMaterial{id, now, imported.public_key});
  }
  if (record.spec != KeySpec::SymmetricDefault)
    throw Error(ErrorCode::UnsupportedOperation,
                arn + " key spec is " + std::string(wire_name(record.spec)) +
                    ", and keys of that spec have one key material.",
                "Import the same again, or make a new key.");
  if (record.staged == id) return *find(record, id);
  if (record.has_material(id))
    throw incorrect(
        "The key material (id: " + to_hex(id) + ") is one of KMS key " + arn + " already.",
        "Import it as EXISTING_KEY_MATERIAL, or bring a new one.");
  forget_lost_staged(record, now);
  if (record.staged)
    throw Error(ErrorCode::KMSInvalidState,
                "New key material (id: " + to_hex(id) + ") cannot be imported into KMS key " + arn +
                    ", because another key material (id: " + to_hex(*record.staged) +
                    ") is pending rotation.",
                "Rotate the key (RotateKeyOnDemand), or delete that material.");
  record.staged = id;
  return record.materials.emplace_back(KeyMaterial{id, now});
}

KeyMaterial& find_existing(KeyRecord& record, const blob::KeyMaterialId& id,
                           const ImportWish& wish) {
  if (wish.id && *wish.id != to_hex(id))
    throw incorrect("The key material's id is " + to_hex(id) + ", and not " + *wish.id + ".",
                    "Bring the material of that id.");
  KeyMaterial* material = find(record, id);
  if (material == nullptr)
    throw incorrect("The key material (id: " + to_hex(id) + ") was never imported into this key.",
                    "Bring the same material again; new one for the next rotation is imported with "
                    "the type NEW_KEY_MATERIAL.");
  return *material;
}

// What the import makes of the record.
void add_import(KeyRecord& record, const std::string& arn, const hsm::ImportedId& imported,
                const ImportWish& wish) {
  const auto now = catalog::now();
  const KeyState before = record.state_at(now);
  if (catalog::is_pending_deletion(before)) throw pending_deletion(arn);
  const bool is_new = wish.is_new.value_or(record.materials.empty());
  KeyMaterial& material =
      is_new ? add_new(record, arn, imported, now) : find_existing(record, imported.id, wish);
  if (!material.import) material.import.emplace();
  material.import->deleted = false;
  material.import->valid_to = wish.valid_to;
  if (wish.description) material.import->description = *wish.description;
  // The last one that was missing makes the key usable.
  if (before == KeyState::PendingImport) record.state = KeyState::Enabled;
}

bool same_import(const KeyMaterial* one, const KeyMaterial* other) {
  if (one == nullptr || other == nullptr) return one == other;
  return one->import == other->import;
}

Error changed_meanwhile(const std::string& arn) {
  return Error(ErrorCode::KMSInternal, "Another program changed " + arn + " meanwhile.",
               "Try again.");
}

void change(const ChangeLock& lock, Account& account, const std::string& key_id,
            const std::function<void(KeyRecord& record)>& how) {
  const bool found = account.catalog.change_key(lock, key_id, [&](KeyRecord& record) {
    if (is_deleted(record)) throw no_such_key(account, key_id);
    how(record);
  });
  if (!found) throw no_such_key(account, key_id);
}

}  // namespace

void require_external(const KeyRecord& record, const std::string& key_arn) {
  if (record.origin != KeyOrigin::External)
    throw Error(ErrorCode::UnsupportedOperation,
                key_arn + " origin is " + std::string(wire_name(record.origin)) +
                    " which is not valid for this operation.",
                "Make a key for imported material: `trent create-key --origin EXTERNAL`.");
}

void require_importable(KeySpec spec) {
  // Their public key cannot be found out from the private one in a token.
  const hsm::KeyPairKind* pair = key_spec(spec).key_pair;
  if (pair != nullptr && pair->type == hsm::kEdwardsKey)
    throw Error(ErrorCode::UnsupportedOperation,
                "Key material of spec " + std::string(wire_name(spec)) + " cannot be imported.",
                "Make the pair in the token (leave Origin out).");
}

hsm::ImportedId import_material(const ChangeLock& lock, const Key& key,
                                const hsm::WrappedMaterial& material, const ImportWish& wish,
                                hsm::HostImport host) {
  Account& account = *key.account;
  const std::string arn = key.arn();
  const std::string& key_id = key.record->key_id;
  const hsm::ImportedKind wanted = imported_kind(*key.record);
  hsm::ImportedId imported = hsm::imported_id(account.token, material, wanted, host);
  const blob::KeyMaterialId& id = imported.id;
  // Before anything is put into the token.
  KeyRecord tried = *key.record;
  add_import(tried, arn, imported, wish);
  // Its place is taken, so nobody would know of what is left of it.
  const auto& staged = key.record->staged;
  if (staged && !tried.has_material(*staged))
    delete_material(lock, account, key_id, *staged,
                    [](const KeyMaterial& lost) { return !lost.is_usable(catalog::now()); });
  // One that has expired may be there still.
  const bool there = has_material_object(account.token, *key.record, imported);
  if (!there)
    hsm::import_key(account.token, material, wanted, host, catalog::staged_label(key_id), imported);
  try {
    change(lock, account, key_id, [&](KeyRecord& record) {
      // What was found in the token, or put there, goes with what was seen of the record.
      if (!same_import(record.material(id), key.record->material(id))) throw changed_meanwhile(arn);
      add_import(record, arn, imported, wish);
    });
  } catch (const Error&) {
    if (!there) withdraw_staged(lock, account, key_id, id);
    throw;
  }
  if (!there && !name_material(account, *key.record, id)) {
    change(lock, account, key_id, [&](KeyRecord& record) {
      if (KeyMaterial* lost = find(record, id)) lost->import->deleted = true;
    });
    throw changed_meanwhile(arn);
  }
  return imported;
}

bool delete_material(const ChangeLock& lock, Account& account, const std::string& key_id,
                     const blob::KeyMaterialId& id,
                     const std::function<bool(const KeyMaterial& material)>& condition) {
  bool holds = false;
  const bool found = account.catalog.change_key(lock, key_id, [&](KeyRecord& record) {
    KeyMaterial* material = find(record, id);
    holds = material != nullptr && material->import && condition(*material);
    if (!holds) return;
    material->import->deleted = true;
    material->import->valid_to.reset();
  });
  if (!found || !holds) return false;
  destroy_material(account, key_id, id);
  return true;
}

std::size_t remove_expired_parameters(const ChangeLock& lock, Account& account) {
  lock.look();
  std::size_t removed = 0;
  const auto now = catalog::now();
  for (const hsm::ObjectName& name :
       hsm::list_import_keys(account.token, ImportParameters::kPrefix)) {
    const auto parameters = ImportParameters::parse(name.label);
    if (!parameters || parameters->valid_to > now) continue;
    hsm::destroy_key(account.token, name.label, name.id);
    ++removed;
  }
  return removed;
}

}  // namespace trent::kms
