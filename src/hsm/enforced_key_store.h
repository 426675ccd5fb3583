// SPDX-License-Identifier: Apache-2.0
// Making enforced keys, which takes the security officer and the user.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "hsm/enforced_key.h"

namespace trent::hsm {

class ChangeLock;
class Token;

// Makes the two objects of an enforced key, with the name of `ref` but for its id: that is what
// ref.id_of() makes of them. Returns it. Throws UnsupportedOperationException if the token does not
// keep what such a key rests on, and AccessDeniedException if it refuses the PIN. Leaves nothing
// behind if it throws.
//
// The security officer makes the wrapping key; SoftHSM, and the standard, let that be an object
// only that needs no login. So the user makes a private copy, and destroys the first one. Whoever
// has the user's PIN could make a weaker copy in that moment.
Fingerprint make_enforced_key(const ChangeLock& lock, Token& token, const SecretBytes& so_pin,
                              const EnforcedKeyRef& ref);

// First objects of which a killed process has made no copy, or did not destroy them. They protect
// nothing, and anybody can use them.
std::size_t count_left_enforced_keys(Token& token);
std::size_t remove_left_enforced_keys(const ChangeLock& lock, Token& token);

// Trusted keys in the token without the weaknesses that count: others than enforced keys. Whoever
// has the PIN may be able to wrap with them what is under an enforced key, and to read it then.
std::size_t count_other_trusted_keys(Token& token);

}  // namespace trent::hsm
