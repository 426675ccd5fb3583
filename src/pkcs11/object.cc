#include "pkcs11/object.h"

namespace trent::pkcs11 {

CK_OBJECT_HANDLE ObjectTable::add(CK_SLOT_ID slot, const KmsKey& key) {
  std::lock_guard lock(mutex_);
  auto [name, is_new] = kms_keys_.try_emplace({slot, key.key_id}, CK_INVALID_HANDLE);
  if (is_new) name->second = objects_.add(std::make_shared<const Object>(Object{slot, key}));
  return name->second;
}

CK_OBJECT_HANDLE ObjectTable::add(CK_SLOT_ID slot, const BackendObject& object) {
  std::lock_guard lock(mutex_);
  BackendName key{slot, object.generation, object.handle};
  auto [name, is_new] = backend_objects_.try_emplace(key, CK_INVALID_HANDLE);
  if (is_new) name->second = objects_.add(std::make_shared<const Object>(Object{slot, object}));
  return name->second;
}

std::shared_ptr<const Object> ObjectTable::get(CK_SLOT_ID slot, CK_OBJECT_HANDLE handle,
                                               Family family) const {
  auto object = objects_.find(handle);
  require(object && object->slot == slot, bad_handle(family));
  return object;
}

std::optional<CK_OBJECT_HANDLE> ObjectTable::find(CK_SLOT_ID slot, std::uint64_t generation,
                                                  CK_OBJECT_HANDLE backend_handle) const {
  std::lock_guard lock(mutex_);
  auto found = backend_objects_.find({slot, generation, backend_handle});
  if (found == backend_objects_.end()) return std::nullopt;
  return found->second;
}

void ObjectTable::forget_name(const Object& object) {
  if (const KmsKey* key = object.kms_key())
    kms_keys_.erase({object.slot, key->key_id});
  else
    backend_objects_.erase({object.slot, object.backend()->generation, object.backend()->handle});
}

void ObjectTable::remove(CK_OBJECT_HANDLE handle) {
  std::lock_guard lock(mutex_);
  if (auto object = objects_.take(handle)) forget_name(*object);
}

void ObjectTable::remove_owned_by(CK_SESSION_HANDLE session) {
  std::lock_guard lock(mutex_);
  auto owned = objects_.take_if([&](const Object& object) {
    return object.backend() != nullptr && object.backend()->owner == session;
  });
  for (const auto& object : owned) forget_name(*object);
}

}  // namespace trent::pkcs11
