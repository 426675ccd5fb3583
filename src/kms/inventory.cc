#include "kms/inventory.h"

#include "kms/implementation.h"

namespace trent::kms {

std::vector<KeyMetadata> all_keys(Service& service) {
  hsm::ForkGuard fork;
  Account& account = service.implementation().home();
  std::vector<KeyMetadata> keys;
  for (catalog::KeyRecord& record : account.catalog.keys())
    if (!is_deleted(record))
      keys.push_back(
          metadata({&account, std::make_shared<const catalog::KeyRecord>(std::move(record))}));
  return keys;
}

std::map<std::string, std::vector<std::string>> all_aliases(Service& service) {
  hsm::ForkGuard fork;
  std::map<std::string, std::vector<std::string>> names;
  for (catalog::AliasRecord& alias : live_aliases(service.implementation().home()))
    names[alias.target].push_back(std::move(alias.name));
  return names;
}

}  // namespace trent::kms
