// SPDX-License-Identifier: Apache-2.0
// The hashes that KMS's algorithms are made of (FIPS 180-4), computed in the private context.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace trent {

enum class Hash { Sha1, Sha224, Sha256, Sha384, Sha512 };

// In bytes.
std::size_t hash_size(Hash hash);

// OpenSSL's first name of it.
const char* hash_name(Hash hash);
// By any of its names in OpenSSL; nullopt if it is none of these.
std::optional<Hash> hash_named(const std::string& name);

// Throws KMSInternalException if OpenSSL does not have it.
Bytes digest(Hash hash, ByteView message);

// A message in parts.
class Hasher {
 public:
  explicit Hasher(Hash hash);
  // Of what was added so far, and of what comes now.
  Hasher(const Hasher& other);
  Hasher& operator=(const Hasher&) = delete;
  Hasher(Hasher&&) = default;
  Hasher& operator=(Hasher&&) = default;
  ~Hasher() = default;
  void add(ByteView part);
  // Once.
  Bytes finish();

 private:
  Hash hash_;
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

// OpenSSL's own, of the private context. Never freed.
const EVP_MD* message_digest(Hash hash);

}  // namespace trent
