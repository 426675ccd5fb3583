// SPDX-License-Identifier: Apache-2.0
// A slot: a view of one account of the service.
#include "pkcs11/slot.h"

#include "kms/object_requests.h"

namespace trent::pkcs11 {

Slot::Slot(CK_SLOT_ID id, kms::Service& service)
    : id_(id),
      service_(service),
      account_(service.accounts()[id]),
      configured_{.principal = service.config().principal,
                  .account = account_.id,
                  .region = account_.region},
      caller_(configured_) {}

kms::Caller Slot::caller() {
  std::lock_guard lock(caller_mutex_);
  return caller_;
}

void Slot::set_user(const std::string& name) {
  std::lock_guard lock(caller_mutex_);
  caller_ = configured_;
  if (name.empty()) return;
  caller_.principal = name;
  caller_.authentication = kms::Caller::Authentication::UserName;
}

std::string Slot::label(const std::string& key_id) {
  std::lock_guard lock(labels_mutex_);
  auto age = [&] { return std::chrono::steady_clock::now() - *aliases_read_; };
  if (!aliases_read_ || age() >= service_.config().refresh) {
    aliases_.clear();
    for (kms::KeyAndAliases& key : call(kms::ListEverythingRequest{}).keys)
      if (!key.aliases.empty()) aliases_.emplace(key.metadata.key_id, key.aliases.front());
    // From here on: where reading takes longer than `refresh`, each label would need it otherwise.
    aliases_read_ = std::chrono::steady_clock::now();
  }
  auto found = aliases_.find(key_id);
  if (found == aliases_.end()) return key_id;
  constexpr std::size_t kPrefix = 6;  // "alias/"
  return found->second.substr(kPrefix);
}

void Slot::forget_labels() {
  std::lock_guard lock(labels_mutex_);
  aliases_read_.reset();
}

}  // namespace trent::pkcs11
