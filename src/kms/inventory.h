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

}  // namespace trent::kms
