// Whether the token keeps data objects (CKO_DATA), which hold the records of keys and aliases: some
// have keys and certificates only.
#pragma once

namespace trent::hsm {

class ChangeLock;
class Token;

// Makes one, reads it back and destroys it; once for a connection. Throws
// UnsupportedOperationException if the token has no such objects. For whoever is about to make the
// first record; reading needs no trial.
void require_data_objects(const ChangeLock&, Token& token);

}  // namespace trent::hsm
