// SPDX-License-Identifier: Apache-2.0
// Public keys, with private ones of this process on the other side.
#include "base/public_key.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "check.h"

namespace {

using namespace trent;
using namespace trent::test;

struct Pair {
  explicit Pair(const NewKeyPair& made) : public_key(made.public_key) {
    const unsigned char* at = made.private_key.data();
    key = d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(made.private_key.size()));
    CHECK(key != nullptr);
  }
  ~Pair() { EVP_PKEY_free(key); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  EVP_PKEY* key;
  PublicKey public_key;
};

Bytes sign_pss(const Pair& pair, ByteView digest, int salt_length) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(pair.key, nullptr);
  Bytes signature(512);
  std::size_t size = signature.size();
  CHECK(EVP_PKEY_sign_init(context) == 1);
  CHECK(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1);
  CHECK(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1);
  CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_length) == 1);
  CHECK(EVP_PKEY_sign(context, signature.data(), &size, digest.data(), digest.size()) == 1);
  EVP_PKEY_CTX_free(context);
  signature.resize(size);
  return signature;
}

// KMS signs with a salt as long as the hash, and takes no other.
void pss_has_a_salt_of_its_hash() {
  const Pair pair(generate_rsa_key_pair(2048));
  const Bytes of_message = digest(Hash::Sha256, as_bytes("letter"));
  const auto verifies = [&](int salt_length) {
    return pair.public_key.verifies(SignatureScheme::Pss, Hash::Sha256, of_message,
                                    sign_pss(pair, of_message, salt_length));
  };
  CHECK(verifies(32));
  for (const int other : {0, 20, 31, 33, RSA_PSS_SALTLEN_MAX}) CHECK(!verifies(other));
}

// The padding, as the raw RSA operation of a token leaves it.
SecretBytes decrypt_raw(const Pair& pair, ByteView ciphertext) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(pair.key, nullptr);
  SecretBytes padded(512);
  std::size_t size = padded.size();
  CHECK(EVP_PKEY_decrypt_init(context) == 1);
  CHECK(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1);
  CHECK(EVP_PKEY_decrypt(context, padded.data(), &size, ciphertext.data(), ciphertext.size()) == 1);
  EVP_PKEY_CTX_free(context);
  padded.resize(size);
  return padded;
}

void oaep_comes_off_again() {
  const Pair pair(generate_rsa_key_pair(2048));
  for (const Hash hash : {Hash::Sha1, Hash::Sha256}) {
    for (const std::size_t length : {std::size_t{1}, pair.public_key.max_oaep(hash)}) {
      const SecretBytes secret(length, 7);
      const SecretBytes padded = decrypt_raw(pair, pair.public_key.encrypt_oaep(hash, secret));
      CHECK(remove_oaep(hash, padded) == secret);
      for (std::size_t at = 0; at < padded.size(); at += 15) {
        SecretBytes changed = padded;
        changed[at] ^= 1;
        CHECK(remove_oaep(hash, changed).empty());
      }
      CHECK(remove_oaep(hash == Hash::Sha1 ? Hash::Sha256 : Hash::Sha1, padded).empty());
    }
    CHECK_ERROR(KMSInternal, pair.public_key.encrypt_oaep(
                                 hash, SecretBytes(pair.public_key.max_oaep(hash) + 1)));
    CHECK(remove_oaep(hash, {}).empty());
    CHECK(remove_oaep(hash, SecretBytes(20)).empty());
    CHECK(remove_oaep(hash, SecretBytes(256)).empty());
  }
}

void keys_on_curves() {
  for (const auto& [name, size] : {std::pair("P-256", 65U), std::pair("P-384", 97U),
                                   std::pair("P-521", 133U), std::pair("secp256k1", 65U)}) {
    const Pair pair(generate_curve_key_pair(name));
    CHECK_EQ(pair.public_key.point().size(), size);
    // What a token tells of it makes the same DER.
    CHECK(ec_public_key(pair.public_key.curve(), pair.public_key.point()) == pair.public_key.der());
    CHECK(pair.public_key.modulus().empty());
    const EphemeralKey one(pair.public_key);
    const EphemeralKey other(pair.public_key);
    CHECK(one.agree_with(PublicKey(ec_public_key(pair.public_key.curve(), other.point()))) ==
          other.agree_with(PublicKey(ec_public_key(pair.public_key.curve(), one.point()))));
  }
  const Pair edwards(generate_curve_key_pair("ED25519"));
  CHECK(ed25519_public_key(ByteView(edwards.public_key.der()).last(32)) ==
        edwards.public_key.der());
  CHECK(edwards.public_key.curve().empty());
}

void rsa_keys() {
  const Pair pair(generate_rsa_key_pair(3072));
  CHECK_EQ(pair.public_key.modulus().size(), 384U);
  CHECK(rsa_public_key(pair.public_key.modulus(), Bytes{1, 0, 1}) == pair.public_key.der());
  CHECK_EQ(pair.public_key.max_oaep(Hash::Sha1), 342U);
  CHECK_EQ(pair.public_key.max_oaep(Hash::Sha256), 318U);
}

void what_is_no_key() {
  const Bytes good = generate_curve_key_pair("P-256").public_key;
  CHECK(PublicKey(good).is_valid());
  Bytes longer = good;
  longer.push_back(0);
  Bytes off_the_curve = good;
  off_the_curve.back() ^= 1;
  for (const Bytes& bad : {Bytes(), Bytes{0x30}, longer, off_the_curve,
                           Bytes(good.begin(), good.end() - 1), Bytes(8192, 0x30)}) {
    const PublicKey key(bad);
    CHECK(!key.is_valid());
    CHECK(key.point().empty() && key.curve().empty() && key.modulus().empty());
    CHECK_ERROR(KMSInternal, key.verifies(SignatureScheme::Ecdsa, Hash::Sha256, Bytes(32), {}));
    CHECK_ERROR(KMSInternal, key.encrypt_oaep(Hash::Sha1, Bytes(1)));
    CHECK_ERROR(KMSInternal, EphemeralKey{key});
  }
  CHECK_ERROR(KMSInternal, ec_public_key(PublicKey(good).curve(), Bytes(65, 4)));
  CHECK_ERROR(KMSInternal, ec_public_key({}, PublicKey(good).point()));
  CHECK_ERROR(KMSInternal, ed25519_public_key(Bytes(31, 4)));
  // Another kind of key verifies nothing.
  CHECK(!PublicKey(good).verifies(SignatureScheme::Pkcs1, Hash::Sha256, Bytes(32), Bytes(64)));
}

}  // namespace

int main() {
  return RUN_TESTS("base public_key", TEST(pss_has_a_salt_of_its_hash), TEST(oaep_comes_off_again),
                   TEST(keys_on_curves), TEST(rsa_keys), TEST(what_is_no_key));
}
