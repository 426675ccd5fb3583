// SPDX-License-Identifier: Apache-2.0
// The AWS CLI's shorthand for maps: name=value,name2="a value, quoted".
#pragma once

#include <string_view>

#include "blob/context.h"

namespace trent::blob {

// Throws ValidationException that says where the text departs from the syntax.
EncryptionContext parse_shorthand(std::string_view text);

// What a person writes: shorthand, or what parse_encryption_context() takes. Throws
// ValidationException, for text without anything in it too.
EncryptionContext parse_context_text(std::string_view text);

}  // namespace trent::blob
