// SPDX-License-Identifier: Apache-2.0
// What an EVP_PKEY of this provider stands for: a KMS key in a token, by name.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "base/public_key.h"
#include "blob/blob.h"
#include "kms/key_spec.h"
#include "kms/service.h"
#include "provider/core.h"

namespace trent::provider {

// OpenSSL's names: of symmetric and HMAC keys, and of key pairs.
inline constexpr const char* kKmsType = "KMS";
inline constexpr const char* kRsaType = "RSA";
inline constexpr const char* kEcType = "EC";
inline constexpr const char* kEd25519Type = "ED25519";

// Of the keys of a spec.
const char* key_type(const kms::KeySpecRow& spec);

// Threads may share it.
struct Key {
  const Core* core;  // the provider's, which OpenSSL keeps as long as there is an EVP_PKEY of it
  // Null in somebody else's public key, on whose curve there is an agreement.
  std::shared_ptr<kms::Service> service{};
  // As the application named it. Operations pass it on, so that an alias means, as in KMS, the key
  // that it points to at the time of the operation. A key pair has its ARN here: its private key is
  // used together with the public key that was loaded.
  std::string id{};
  std::string arn{};  // of the key that `id` named when it was loaded
  // False in a key that was asked for as a public key (-pubin): such a one only encrypts and
  // verifies.
  bool is_private = false;
  const kms::KeySpecRow* spec = nullptr;
  std::shared_ptr<const PublicKey> public_key{};  // of key pairs
  blob::Suite suite = blob::Suite::Direct;        // of what a symmetric key makes
};

// The key that `id` names. Throws the errors of DescribeKey.
Key describe_key(const Core& core, const std::shared_ptr<kms::Service>& service,
                 const std::string& id, bool is_private);

// How a store or a decoder hands a key to keymgmt's load, which makes a copy.
struct KeyReference {
  const Key* key;
};

// Behind the colon of a URI with the scheme kms, in whatever case. "kms://NAME" is "kms:NAME", and
// keeps OpenSSL from trying a file first.
std::string name_in_uri(const std::string& uri);

void hand_out(const Key& key, OSSL_CALLBACK* take, void* taker);

// Throws if it is a pair whose material was never imported: nobody knows its public key.
void require_known_pair(const Key& key);

// `operation` in the third person: "decrypts".
void require_private(const Key& key, const char* operation);

}  // namespace trent::provider
