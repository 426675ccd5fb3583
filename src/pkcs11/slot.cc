// A slot: one token of the configuration, with the KMS keys of its account.
#include "pkcs11/slot.h"

#include "kms/inventory.h"

namespace trent::pkcs11 {

namespace {

// Bare key ids and aliases belong to the caller's account; in this slot that is the slot's own.
Config config_for(std::size_t index, Config config) {
  const std::string& account = config.tokens.at(index).account;
  if (config.principal.find(":" + account + ":") == std::string::npos)
    config.principal = "arn:aws:iam::" + account + ":root";
  return config;
}

}  // namespace

Slot::Slot(CK_SLOT_ID id, const Config& config, std::shared_ptr<hsm::TokenNames> names)
    : id_(id), service_(config_for(id, config), {}, std::move(names)) {}

std::string Slot::label(const std::string& key_id) {
  std::lock_guard lock(labels_mutex_);
  auto age = [&] { return std::chrono::steady_clock::now() - *aliases_read_; };
  if (!aliases_read_ || age() >= service_.config().refresh) {
    aliases_ = kms::all_aliases(service_);
    // From here on: where reading takes longer than `refresh`, each label would need it otherwise.
    aliases_read_ = std::chrono::steady_clock::now();
  }
  auto found = aliases_.find(key_id);
  if (found == aliases_.end()) return key_id;
  constexpr std::size_t kPrefix = 6;  // "alias/"
  return found->second.front().substr(kPrefix);
}

void Slot::forget_labels() {
  std::lock_guard lock(labels_mutex_);
  aliases_read_.reset();
}

}  // namespace trent::pkcs11
