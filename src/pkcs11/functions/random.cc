// SPDX-License-Identifier: Apache-2.0
// The token's random number generator.
#include "pkcs11/functions/functions.h"
#include "pkcs11/functions/operations.h"

namespace trent::pkcs11 {

CK_RV seed_random(Session& session, CK_BYTE_PTR seed, CK_ULONG seed_len) {
  return session.call<&CK_FUNCTION_LIST::C_SeedRandom>(checked_data(seed, seed_len), seed_len);
}

CK_RV generate_random(Session& session, CK_BYTE_PTR random, CK_ULONG random_len) {
  return session.call<&CK_FUNCTION_LIST::C_GenerateRandom>(checked_data(random, random_len),
                                                           random_len);
}

}  // namespace trent::pkcs11
