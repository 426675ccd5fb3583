// Keys with a name, for doors where a key is an object with a label: operations of KMS in one.
#pragma once

#include <string>

#include "kms/service.h"

namespace trent::kms {

// CreateKey and CreateAlias: throws as the two do. Nobody ever sees a key that cannot have the
// name: the alias is created before the record that makes the key.
KeyMetadata create_key_with_alias(Service& service, const std::string& alias_name);

// CreateAlias of the new name, unless it is the key's already, and DeleteAlias of the old one if
// that is still the key's (it may be empty). Throws as the two do, and has then changed nothing.
// There are two records, and readers take no lock: for a moment they may see both names, and never
// none.
void rename_key(Service& service, const std::string& key_id, const std::string& old_alias,
                const std::string& new_alias);

}  // namespace trent::kms
