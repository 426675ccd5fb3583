// SPDX-License-Identifier: Apache-2.0
// The table of object handles.
#include "pkcs11/object.h"

namespace trent::pkcs11 {

CK_OBJECT_HANDLE ObjectTable::add(CK_SLOT_ID slot, const KmsKey& key) {
  const Lock lock(mutex_);
  auto [name, is_new] = kms_keys_.try_emplace({slot, key.key_id, key.part}, CK_INVALID_HANDLE);
  if (is_new) name->second = objects_.add(std::make_shared<const Object>(Object{slot, key}));
  return name->second;
}

CK_OBJECT_HANDLE ObjectTable::insert(const BackendName& name, const BackendObject& object) {
  CK_OBJECT_HANDLE handle = objects_.add(std::make_shared<const Object>(Object{name.slot, object}));
  backend_objects_[name] = handle;
  if (!object.is_on_token()) owned_[object.owner].insert(handle);
  return handle;
}

CK_OBJECT_HANDLE ObjectTable::add_made(CK_SLOT_ID slot, const BackendObject& object) {
  const Lock lock(mutex_);
  BackendName name{slot, object.generation, object.handle};
  auto known = backend_objects_.find(name);
  if (known != backend_objects_.end()) {
    CK_OBJECT_HANDLE handle = known->second;
    auto before = objects_.find(handle);
    // A search of another thread was quicker than the thread that made it.
    if (before && before->backend()->is_on_token() && object.is_on_token()) {
      objects_.replace(handle, std::make_shared<const Object>(Object{slot, object}));
      return handle;
    }
    take(handle);
  }
  return insert(name, object);
}

CK_OBJECT_HANDLE ObjectTable::add_found(CK_SLOT_ID slot, std::uint64_t generation,
                                        CK_OBJECT_HANDLE backend_handle) {
  const Lock lock(mutex_);
  BackendName name{slot, generation, backend_handle};
  auto known = backend_objects_.find(name);
  if (known != backend_objects_.end()) return known->second;
  BackendObject object;
  object.handle = backend_handle;
  object.generation = generation;
  return insert(name, object);
}

std::shared_ptr<const Object> ObjectTable::get(CK_SLOT_ID slot, CK_OBJECT_HANDLE handle,
                                               HandleRole role) const {
  auto object = objects_.find(handle);
  require(object && object->slot == slot, bad_handle(role));
  return object;
}

std::optional<CK_OBJECT_HANDLE> ObjectTable::find(CK_SLOT_ID slot, std::uint64_t generation,
                                                  CK_OBJECT_HANDLE backend_handle) const {
  const Lock lock(mutex_);
  auto found = backend_objects_.find({slot, generation, backend_handle});
  if (found == backend_objects_.end()) return std::nullopt;
  return found->second;
}

void ObjectTable::take(CK_OBJECT_HANDLE handle) {
  auto object = objects_.take(handle);
  if (!object) return;
  if (const KmsKey* key = object->kms_key()) {
    kms_keys_.erase({object->slot, key->key_id, key->part});
    return;
  }
  const BackendObject& backend = *object->backend();
  backend_objects_.erase({object->slot, backend.generation, backend.handle});
  if (auto owned = owned_.find(backend.owner); owned != owned_.end()) owned->second.erase(handle);
}

void ObjectTable::remove(CK_OBJECT_HANDLE handle) {
  const Lock lock(mutex_);
  take(handle);
}

void ObjectTable::remove_owned_by(std::uint64_t session) {
  const Lock lock(mutex_);
  auto owned = owned_.extract(session);
  if (owned.empty()) return;
  for (CK_OBJECT_HANDLE handle : owned.mapped()) take(handle);
}

}  // namespace trent::pkcs11
