// TRENT_DEBUG: a line for every token call, to a file or to standard error.
#pragma once

#include <p11-kit/pkcs11.h>

#include <chrono>
#include <string_view>

namespace trent::hsm {

// True if $TRENT_DEBUG is "stderr" or "file:PATH" (ignored in set-user-ID programs).
bool debug_enabled();

// "<time> <pid>/<thread> C_WrapKey(3, CKM_AES_KEY_WRAP_PAD, 17, 18) CKR_OK 21 us". `arguments` are
// handles, lengths and mechanisms.
void debug_call(std::string_view function, std::string_view arguments, CK_RV rv,
                std::chrono::nanoseconds duration);

}  // namespace trent::hsm
