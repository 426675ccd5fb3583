// SPDX-License-Identifier: Apache-2.0
// What KMS's names of algorithms mean (KMS Developer Guide, "Key spec reference").
#include "kms/algorithm.h"

namespace trent::kms {

SigningAlgorithm signing_algorithm(std::string_view name) {
  const Hash hash = name.ends_with("_256")   ? Hash::Sha256
                    : name.ends_with("_384") ? Hash::Sha384
                                             : Hash::Sha512;
  const SignatureScheme scheme = name.starts_with("RSASSA_PKCS1") ? SignatureScheme::Pkcs1
                                 : name.starts_with("RSASSA_PSS") ? SignatureScheme::Pss
                                 : name.starts_with("ECDSA")      ? SignatureScheme::Ecdsa
                                                                  : SignatureScheme::Eddsa;
  return {scheme, hash};
}

std::optional<Hash> oaep_hash(std::string_view encryption_algorithm) {
  if (encryption_algorithm == "RSAES_OAEP_SHA_1") return Hash::Sha1;
  if (encryption_algorithm == "RSAES_OAEP_SHA_256") return Hash::Sha256;
  return std::nullopt;
}

}  // namespace trent::kms
