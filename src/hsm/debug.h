// SPDX-License-Identifier: Apache-2.0
// A line of the log for a token call.
#pragma once

#include <p11-kit/pkcs11.h>

#include <chrono>
#include <string_view>

#include "process/log.h"

namespace trent::hsm {

// "C_WrapKey(3, CKM_AES_KEY_WRAP_PAD, 17, 18) CKR_OK 21.0 us". `arguments` are handles, lengths and
// mechanisms.
void debug_call(std::string_view function, std::string_view arguments, CK_RV rv,
                std::chrono::nanoseconds duration);

}  // namespace trent::hsm
