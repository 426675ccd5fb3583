// SPDX-License-Identifier: Apache-2.0
// A key that was found, and what follows from its record.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "blob/blob.h"
#include "catalog/key_record.h"
#include "kms/account.h"
#include "kms/requests.h"

namespace trent::kms {

using catalog::KeyState;
using catalog::wire_name;

struct Key {
  Account* account = nullptr;
  std::shared_ptr<const catalog::KeyRecord> record;

  std::string arn() const { return account->key_arn(record->key_id); }
};

// Of a key pair.
inline const PublicKey& public_key_of(const Key& key) {
  return *key.record->material(key.record->current)->public_key;
}

// The answer where there is no such key.
Error no_such_key(const Account& account, const std::string& key_id,
                  std::string_view advice = "`trent list-keys` shows the keys that there are.");
// The answer where its deletion is in the way.
Error pending_deletion(const std::string& key_arn);

// The answer where imported material is missing.
Error pending_import(const std::string& key_arn);

// What others see of the key's state, now.
KeyState state_of(const catalog::KeyRecord& record);

// True once the waiting period of a deletion is over: the key is as good as gone.
bool is_deleted(const catalog::KeyRecord& record);

// Tells the aliases of deleted keys, which are as good as gone. One whose key is missing is not:
// the key may come back.
class DeletedTargets {
 public:
  explicit DeletedTargets(std::shared_ptr<const catalog::Listing> listing);
  bool has(const catalog::AliasRecord& alias) const { return keys_.contains(alias.target); }

 private:
  std::shared_ptr<const catalog::Listing> listing_;
  std::set<std::string_view> keys_;
};

// State, usage and algorithm, in the order in which KMS checks them. `operation` is what KMS calls
// it in messages ("Encrypt", "ReEncryptTo").
void require_enabled(const catalog::KeyRecord& record, const std::string& key_arn);
inline void require_enabled(const Key& key) {
  require_enabled(*key.record, key.arn());
}
void require_usable(const Key& key, std::string_view operation, catalog::KeyUsage usage,
                    std::string_view algorithm);

// ExpirationModel
inline constexpr const char* kExpires = "KEY_MATERIAL_EXPIRES";
inline constexpr const char* kDoesNotExpire = "KEY_MATERIAL_DOES_NOT_EXPIRE";

KeyMetadata metadata(const Key& key);

}  // namespace trent::kms
