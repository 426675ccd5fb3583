// SPDX-License-Identifier: Apache-2.0
// Public keys as DER SubjectPublicKeyInfo (RFC 5280), and what can be done with one without the
// token: signatures verified, secrets encrypted.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/hash.h"

namespace trent {

enum class SignatureScheme {
  Pkcs1,  // RSASSA-PKCS1-v1_5 (RFC 8017)
  Pss,    // RSASSA-PSS with MGF1 of the same hash and a salt of its length (RFC 8017)
  Ecdsa,  // DER Ecdsa-Sig-Value (RFC 3279)
  Eddsa   // Ed25519 (RFC 8032), over the message itself
};

// Thread-safe.
class PublicKey {
 public:
  // Decoded when it is used first, for that takes longer than most uses.
  explicit PublicKey(Bytes der) : der_(std::move(der)) {}
  PublicKey(const PublicKey&) = delete;
  PublicKey& operator=(const PublicKey&) = delete;

  const Bytes& der() const { return der_; }
  // Whether it can be decoded.
  bool is_valid() const;
  // In the private context, and only for use under OpensslGuard. Null if it cannot be decoded.
  EVP_PKEY* openssl_key() const;

  // Of an RSA key, big-endian without leading zeros. Empty for another.
  Bytes modulus() const;
  Bytes exponent() const;
  // Of an EC key: its curve as a DER OBJECT IDENTIFIER, and the uncompressed point. Empty for
  // another.
  Bytes curve() const;
  Bytes point() const;
  // Of an EC key: the length of a number below the order of its curve, in bytes.
  std::size_t order_size() const;

  // Whether the signature is one of `input`: of a digest of that hash, or of a message (Eddsa).
  bool verifies(SignatureScheme scheme, Hash hash, ByteView input, ByteView signature) const;
  // For a person, as OpenSSL prints it.
  std::string text() const;

  // The longest signature, in bytes.
  std::size_t max_signature() const;
  // What a DER AlgorithmIdentifier (RFC 5280) of such signatures is; not for Eddsa.
  Bytes algorithm_identifier(SignatureScheme scheme, Hash hash) const;
  // RSAES-OAEP with an empty label and MGF1 of the same hash. Throws KMSInternalException if the
  // secret is longer than max_oaep().
  Bytes encrypt_oaep(Hash hash, ByteView secret) const;
  std::size_t max_oaep(Hash hash) const;

 private:
  const Bytes der_;
  mutable std::once_flag decoded_;
  mutable std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_{nullptr, nullptr};
};

// A private key of this process on the curve of an EC key, for one agreement with it.
class EphemeralKey {
 public:
  explicit EphemeralKey(const PublicKey& peer);
  // Uncompressed.
  Bytes point() const;
  // ECDH (SP 800-56A): the x coordinate.
  SecretBytes agree_with(const PublicKey& peer) const;

 private:
  // Not an EVP_PKEY: to make one, or to use it, is left to an engine where the application has made
  // that the default.
  int curve_;  // NID_...
  SecretBytes scalar_;
};

// An ECDSA signature as PKCS#11 has it, r and s one behind the other, as DER; and the other way, in
// two halves of `size` bytes. Throws KMSInternalException if it is none.
Bytes ecdsa_to_der(ByteView raw);
Bytes ecdsa_from_der(ByteView der, std::size_t size);

// The head in front of a digest that is signed with RSASSA-PKCS1-v1_5 (RFC 8017, section 9.2, note
// 1), for SHA-256, SHA-384 and SHA-512.
ByteView digest_info_head(Hash hash);

// ECDSA reads a digest as a number (FIPS 186-4, section 6.4): it is the same one with zero bytes in
// front, and of a digest that is longer than the curve's order only the front counts. So the digest
// of any hash is one of the length that KMS has for the curve; many programs take SHA-256 for all.
Bytes fit_to_curve(ByteView digest, Hash hash_of_curve);

// The DER of what a token tells of a public key. Throws KMSInternalException if it is none.
Bytes rsa_public_key(ByteView modulus, ByteView exponent);
// `curve`: DER OBJECT IDENTIFIER; `point`: uncompressed.
Bytes ec_public_key(ByteView curve, ByteView point);
Bytes ed25519_public_key(ByteView point);
// From the parameters of an EC key of OpenSSL (EVP_PKEY-EC(7)), which name a curve.
Bytes ec_public_key(const OSSL_PARAM* params);

// A curve by its name in OpenSSL or NIST's ("P-256"), as a DER OBJECT IDENTIFIER, empty if there is
// none; and its name in OpenSSL.
Bytes curve_named(const std::string& name);
std::string curve_name(ByteView curve);

// The hash and the digest in a DigestInfo (RFC 8017); nullopt if it is none of SHA-256, SHA-384 or
// SHA-512.
struct DigestInfo {
  Hash hash;
  ByteView digest;
};
std::optional<DigestInfo> parse_digest_info(ByteView info);

// What a certificate (DER) is about; empty if it is none.
Bytes public_key_of_certificate(ByteView certificate);

// The base point of a curve (DER OBJECT IDENTIFIER), uncompressed.
Bytes base_point(ByteView curve);

// A key pair of this process's own, for use elsewhere: an RSA key of so many bits, or one on the
// curve of that name in OpenSSL ("P-256", "ED25519").
struct NewKeyPair {
  SecretBytes private_key;  // PKCS#8 DER (RFC 5958)
  Bytes public_key;         // DER SubjectPublicKeyInfo
};
NewKeyPair generate_rsa_key_pair(unsigned bits);
NewKeyPair generate_curve_key_pair(const char* curve);

// The plaintext of an RSAES-OAEP string that was decrypted without removing its padding, in
// constant time. Empty for whatever is wrong with it (no plaintext is).
SecretBytes remove_oaep(Hash hash, ByteView padded);

}  // namespace trent
