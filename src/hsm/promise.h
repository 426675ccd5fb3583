// SPDX-License-Identifier: Apache-2.0
// Whether a token keeps secret what it was told to. Some take CKA_SENSITIVE and CKA_EXTRACTABLE in
// a template and do not follow it (openCryptoki's soft token, for what it unwraps).
#pragma once

#include "hsm/session.h"

namespace trent::hsm {

enum class Promise {
  Kept,      // as the template says
  SetLater,  // not before C_SetAttributeValue says it again
  Broken,    // not even then
};

// What an object is to be beside CKA_SENSITIVE.
enum class Extractable { No, Yes };

// Tries to read the object and, if that is possible, to make it secret afterwards.
Promise prove_secrecy(const Session& session, CK_OBJECT_HANDLE object, Extractable extractable);

// Says it again, with the object just made, where the token needs that.
void keep_promise(Promise promise, const Session& session, CK_OBJECT_HANDLE object,
                  Extractable extractable);

}  // namespace trent::hsm
