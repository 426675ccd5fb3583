// SPDX-License-Identifier: Apache-2.0
// Key generation: `openssl genpkey`, EVP_PKEY_keygen(). It is KMS's CreateKey: the key stays in the
// token, under the name of the parameter kms-alias.
#pragma once

#include <openssl/core.h>

namespace trent::provider {

class Provider;

// `type` is one of those of key.h; nullptr, and an error on the queue, if `selection` has no key.
void* start_generation(Provider& provider, const char* type, int selection);
const OSSL_PARAM* settable_generation_params(void* generation, void* provctx);
int set_generation_params(void* generation, const OSSL_PARAM params[]);
// A new Key for OpenSSL to own.
void* generate(void* generation, OSSL_CALLBACK* progress, void* argument);
void free_generation(void* generation);

}  // namespace trent::provider
