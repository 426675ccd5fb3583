#include "kms/inventory.h"

#include "kms/implementation.h"

namespace trent::kms {

std::vector<KeyMetadata> all_keys(Service& service) {
  hsm::ForkGuard fork;
  Account& account = service.implementation().home();
  std::vector<KeyMetadata> keys;
  for (const auto& record : account.catalog.list()->keys)
    if (!is_deleted(*record)) keys.push_back(metadata({&account, record}));
  return keys;
}

std::map<std::string, std::vector<std::string>> all_aliases(Service& service) {
  hsm::ForkGuard fork;
  std::map<std::string, std::vector<std::string>> names;
  auto listing = service.implementation().home().catalog.list();
  const DeletedTargets deleted(listing);
  for (const auto& alias : listing->aliases)
    if (!deleted.has(*alias)) names[alias->target].push_back(alias->name);
  return names;
}

std::map<std::string, KeyAndAliases> listed_keys(Service& service) {
  hsm::ForkGuard fork;
  Account& account = service.implementation().home();
  auto listing = account.catalog.list(true);
  std::map<std::string, KeyAndAliases> keys;
  for (const auto& record : listing->keys)
    if (!is_deleted(*record)) keys[record->key_id].metadata = metadata({&account, record});
  for (const auto& alias : listing->aliases)
    if (auto key = keys.find(alias->target); key != keys.end())
      key->second.aliases.push_back(alias->name);
  return keys;
}

}  // namespace trent::kms
