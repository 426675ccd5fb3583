// The AWS CLI's shorthand for maps: name=value,name2="a value, quoted".
#pragma once

#include <string_view>

#include "blob/context.h"

namespace trent::cli {

// Throws UsageError that says where the text departs from the syntax.
blob::EncryptionContext parse_shorthand(std::string_view text);

}  // namespace trent::cli
