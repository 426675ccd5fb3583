// CreateKey and CreateAlias as one, for doors where a new key has a name from the start.
#pragma once

#include <string>

#include "kms/service.h"

namespace trent::kms {

// Throws as the two do. Nobody ever sees a key that cannot have the name: the alias is created
// before the record that makes the key.
KeyMetadata create_key_with_alias(Service& service, const std::string& alias_name);

}  // namespace trent::kms
