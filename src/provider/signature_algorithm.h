// SPDX-License-Identifier: Apache-2.0
// From what OpenSSL says of a signature (hash, padding) to KMS's algorithms.
#pragma once

#include <openssl/core.h>

#include <optional>
#include <string>

#include "base/hash.h"
#include "provider/key.h"

namespace trent::provider {

struct SignatureSettings {
  std::optional<Hash> hash{};
  bool pss = false;
  std::optional<Hash> mgf1_hash{};  // of PSS; without one, `hash`
  int salt_length = -1;             // of PSS: RSA_PSS_SALTLEN_..., or bytes
};

// Takes a parameter of EVP_SIGNATURE-RSA(7) and the like: digest, padding, salt length. False if it
// is none; throws if KMS has no such signatures.
bool set_signature_param(const Key& key, SignatureSettings& settings, const OSSL_PARAM& param);

// Throws UnsupportedOperationException if KMS has no signatures or MACs with keys of that spec.
void require_signing_key(const Key& key);

// The hash that the parameter names. Throws if KMS has no signatures with it.
Hash hash_of(const Key& key, const OSSL_PARAM& param);

// KMS takes the message itself for Ed25519 and HMAC, and no longer one than 4096 bytes. Throws if
// `more` are too many after so many.
void require_message_fits(std::size_t before, std::size_t more);

// The padding as OpenSSL asks for it; throws if the application's buffer is not fit.
void get_signature_params(const Key& key, const SignatureSettings& settings, OSSL_PARAM params[]);

// KMS's name: SigningAlgorithm of Sign, or MacAlgorithm of GenerateMac. Throws
// UnsupportedOperationException if KMS has no such signatures with keys of that spec.
std::string kms_algorithm(const Key& key, const SignatureSettings& settings);

// The digest as KMS takes it for the key's algorithm: ECDSA signs those of all hashes.
Bytes kms_digest(const Key& key, ByteView digest);

// A DER AlgorithmIdentifier (RFC 5280), as certificates and CMS have it for such signatures.
Bytes algorithm_identifier(const Key& key, const SignatureSettings& settings);

}  // namespace trent::provider
