// SPDX-License-Identifier: Apache-2.0
// Making a new token: what `trent init` does with SoftHSM.
#pragma once

#include <string>

#include "base/bytes.h"

namespace trent::hsm {

// Initialises the first uninitialised token of `module` (a path) with this label and these PINs,
// as the next user of the module sees it. Throws trent::Error if there is no free token, or it
// fails.
void initialize_token(const std::string& module, const std::string& label, ByteView so_pin,
                      ByteView user_pin);

}  // namespace trent::hsm
