// SPDX-License-Identifier: Apache-2.0
// Hashes by OpenSSL, each fetched once.
#include "base/hash.h"

#include <openssl/evp.h>

#include <array>

#include "base/error.h"
#include "base/openssl.h"

namespace trent {

namespace {

struct Row {
  const char* name;
  std::size_t size;
};
constexpr std::array<Row, 5> kRows{
    {{"SHA1", 20}, {"SHA2-224", 28}, {"SHA2-256", 32}, {"SHA2-384", 48}, {"SHA2-512", 64}}};

Error missing(const char* name) {
  return Error(ErrorCode::KMSInternal, std::string("OpenSSL has no ") + name + ".",
               "Check the OpenSSL installation.");
}

}  // namespace

std::size_t hash_size(Hash hash) {
  return kRows[static_cast<std::size_t>(hash)].size;
}

const char* hash_name(Hash hash) {
  return kRows[static_cast<std::size_t>(hash)].name;
}

const EVP_MD* message_digest(Hash hash) {
  static const std::array<const EVP_MD*, kRows.size()> fetched = [] {
    const OpensslGuard guard;
    std::array<const EVP_MD*, kRows.size()> all{};
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = EVP_MD_fetch(private_libctx(), kRows[i].name, nullptr);
    return all;
  }();
  const auto index = static_cast<std::size_t>(hash);
  if (fetched[index] == nullptr) throw missing(kRows[index].name);
  return fetched[index];
}

std::optional<Hash> hash_named(const std::string& name) {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (EVP_MD_is_a(message_digest(static_cast<Hash>(i)), name.c_str()) == 1)
      return static_cast<Hash>(i);
  return std::nullopt;
}

Hasher::Hasher(Hash hash) : hash_(hash), context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  const OpensslGuard guard;
  if (!context_ || EVP_DigestInit_ex2(context_.get(), message_digest(hash), nullptr) != 1)
    throw missing(kRows[static_cast<std::size_t>(hash)].name);
}

Hasher::Hasher(const Hasher& other)
    : hash_(other.hash_), context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  if (!context_ || EVP_MD_CTX_copy_ex(context_.get(), other.context_.get()) != 1)
    throw missing(kRows[static_cast<std::size_t>(hash_)].name);
}

void Hasher::add(ByteView part) {
  const OpensslGuard guard;
  if (EVP_DigestUpdate(context_.get(), part.data(), part.size()) != 1)
    throw missing(kRows[static_cast<std::size_t>(hash_)].name);
}

Bytes Hasher::finish() {
  const OpensslGuard guard;
  Bytes out(hash_size(hash_));
  if (EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) != 1)
    throw missing(kRows[static_cast<std::size_t>(hash_)].name);
  return out;
}

Bytes digest(Hash hash, ByteView message) {
  Bytes out(hash_size(hash));
  const OpensslGuard guard;
  if (EVP_Digest(message.data(), message.size(), out.data(), nullptr, message_digest(hash),
                 nullptr) != 1)
    throw missing(kRows[static_cast<std::size_t>(hash)].name);
  return out;
}

}  // namespace trent
