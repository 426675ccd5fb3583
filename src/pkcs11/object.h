// SPDX-License-Identifier: Apache-2.0
// What an object handle names.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>

#include "base/thread_safety.h"
#include "pkcs11/failure.h"
#include "pkcs11/handles.h"

namespace trent::pkcs11 {

// A key pair is two objects.
enum class KeyPart { Secret, Private, Public };

struct KmsKey {
  std::string key_id;
  KeyPart part = KeyPart::Secret;
};

// An object of the application's in the backend token.
struct BackendObject {
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  std::uint64_t generation = 0;  // of the backend module; the handle means nothing in another
  std::uint64_t owner = 0;       // id of the session (ours) that it dies with; 0: a token object
  std::size_t length = 0;        // of a secret that was unwrapped here; 0: ask the token

  bool is_on_token() const { return owner == 0; }
};

struct Object {
  CK_SLOT_ID slot = 0;
  std::variant<KmsKey, BackendObject> what;

  const KmsKey* kms_key() const { return std::get_if<KmsKey>(&what); }
  const BackendObject* backend() const { return std::get_if<BackendObject>(&what); }
};

// Thread-safe. The same object has the same handle for as long as it is known.
class ObjectTable {
 public:
  CK_OBJECT_HANDLE add(CK_SLOT_ID slot, const KmsKey& key);
  // An object that the backend has just made: what else had its number there is gone.
  CK_OBJECT_HANDLE add_made(CK_SLOT_ID slot, const BackendObject& object);
  // A token object that a search came upon.
  CK_OBJECT_HANDLE add_found(CK_SLOT_ID slot, std::uint64_t generation,
                             CK_OBJECT_HANDLE backend_handle);

  // Throws bad_handle() unless it is one of this slot's.
  std::shared_ptr<const Object> get(CK_SLOT_ID slot, CK_OBJECT_HANDLE handle,
                                    HandleRole role) const;
  // Our handle for an object of the backend; nullopt if it has none yet.
  std::optional<CK_OBJECT_HANDLE> find(CK_SLOT_ID slot, std::uint64_t generation,
                                       CK_OBJECT_HANDLE backend_handle) const;

  void remove(CK_OBJECT_HANDLE handle);
  void remove_owned_by(std::uint64_t session);

 private:
  using KmsName = std::tuple<CK_SLOT_ID, std::string, KeyPart>;
  struct BackendName {
    CK_SLOT_ID slot;
    std::uint64_t generation;
    CK_OBJECT_HANDLE handle;
    // NOLINTNEXTLINE(modernize-use-nullptr): a mistake of clang-tidy 14 about <=>
    auto operator<=>(const BackendName&) const = default;
  };
  CK_OBJECT_HANDLE insert(const BackendName& name, const BackendObject& object) REQUIRES(mutex_);
  void take(CK_OBJECT_HANDLE handle) REQUIRES(mutex_);

  mutable Mutex mutex_;  // taken before the map's own
  HandleMap<const Object> objects_;
  std::map<KmsName, CK_OBJECT_HANDLE> kms_keys_ GUARDED_BY(mutex_);
  std::map<BackendName, CK_OBJECT_HANDLE> backend_objects_ GUARDED_BY(mutex_);
  std::unordered_map<std::uint64_t, std::unordered_set<CK_OBJECT_HANDLE>> owned_ GUARDED_BY(mutex_);
};

}  // namespace trent::pkcs11
