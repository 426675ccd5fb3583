// The keys of the caller's account all at once, for doors that show them as objects: the List
// operations would go through the token once a page.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kms/service.h"

namespace trent::kms {

std::vector<KeyMetadata> all_keys(Service& service);

// Names of the aliases ("alias/...") by the key id that they name, in alphabetical order.
std::map<std::string, std::vector<std::string>> all_aliases(Service& service);

struct KeyAndAliases {
  KeyMetadata metadata;
  std::vector<std::string> aliases;  // "alias/...", in alphabetical order
};

// What is to be said of the keys, by key id, that a List operation has just listed: the token is
// not listed again for it.
std::map<std::string, KeyAndAliases> listed_keys(Service& service);

}  // namespace trent::kms
