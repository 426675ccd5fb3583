// SPDX-License-Identifier: Apache-2.0
// Whether the token keeps data objects (CKO_DATA), which hold the records of keys and aliases: some
// have keys and certificates only.
#pragma once

#include <cstddef>

namespace trent::hsm {

class ChangeLock;
class Token;

// Makes one, reads it back and destroys it; once for a connection. Throws
// UnsupportedOperationException if the token has no such objects. For whoever is about to make the
// first record; reading needs no trial.
void require_data_objects(const ChangeLock&, Token& token);

// Destroys what trials that were killed have left, and says how many objects that were. Waits to
// see that nobody is in the middle of one.
std::size_t remove_left_trials(Token& token);

}  // namespace trent::hsm
