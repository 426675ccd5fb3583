// SPDX-License-Identifier: Apache-2.0
// Verify with signatures that are almost right, made with private keys that the test knows: in this
// process, and by the token (public-key-operations), which are to say the same.
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <functional>

#include "base/openssl.h"
#include "base/public_key.h"
#include "key_pairs.h"
#include "kms/key_id.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using Number = std::unique_ptr<BIGNUM, FreeKey>;

Number number(ByteView bytes) {
  return Number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}
Number number(const char* hex) {
  BIGNUM* parsed = nullptr;
  BN_hex2bn(&parsed, hex);
  return Number(parsed);
}
Bytes bytes_of(const BIGNUM* number, std::size_t size) {
  Bytes out(size);
  BN_bn2binpad(number, out.data(), static_cast<int>(size));
  return out;
}
Number sum(const BIGNUM* a, const BIGNUM* b) {
  Number out(BN_new());
  BN_add(out.get(), a, b);
  return out;
}

Service& in_host() {
  static Service kms(load_config());
  return kms;
}
Service& in_token() {
  static Service kms([] {
    Config config = load_config();
    config.public_keys_in_token = true;
    return config;
  }());
  return kms;
}

// A KMS key that verifies what the test signs. There is no private key in the token.
struct Signer {
  std::unique_ptr<EVP_PKEY, FreeKey> key;
  std::string key_id;
  Bytes public_key;

  Signer(catalog::KeySpec spec, const NewKeyPair& pair) : public_key(pair.public_key) {
    const unsigned char* at = pair.private_key.data();
    key.reset(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(pair.private_key.size())));
    catalog::KeyRecord record;
    record.key_id = key_id = kms::new_key_id();
    record.created = catalog::now();
    record.spec = spec;
    record.usage = catalog::KeyUsage::SignVerify;
    record.current = blob::key_material_id(key_id, public_key);
    record.materials = {
        {record.current, record.created, std::make_shared<const PublicKey>(public_key)}};
    kms::Account& account = in_host().home();
    const hsm::ChangeLock lock(account.token);
    lock.look();
    CHECK(account.catalog.create_key(lock, record));
  }

  // EVP_PKEY_sign after `prepare`.
  Bytes sign(ByteView input, const std::function<void(EVP_PKEY_CTX*)>& prepare = {}) const {
    const std::unique_ptr<EVP_PKEY_CTX, FreeKey> context(EVP_PKEY_CTX_new(key.get(), nullptr));
    CHECK_EQ(EVP_PKEY_sign_init(context.get()), 1);
    if (prepare) prepare(context.get());
    Bytes out(1024);
    std::size_t size = out.size();
    CHECK_EQ(EVP_PKEY_sign(context.get(), out.data(), &size, input.data(), input.size()), 1);
    out.resize(size);
    return out;
  }
  // m^d mod n of a whole block.
  Bytes raw(ByteView block) const {
    return sign(block, [](EVP_PKEY_CTX* context) {
      EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING);
    });
  }
};

const Signer& rsa() {
  static const Signer signer(catalog::KeySpec::Rsa2048, generate_rsa_key_pair(2048));
  return signer;
}

constexpr std::string_view kLetter = "letter";

void accepted(const Signer& signer, const char* algorithm, const Bytes& signature,
              std::string_view message = kLetter) {
  for (Service* kms : {&in_host(), &in_token()})
    verify(*kms, signer.key_id, message, algorithm, signature);
}

void refused(const char* what, const Signer& signer, const char* algorithm, const Bytes& signature,
             std::string_view message = kLetter) {
  for (Service* kms : {&in_host(), &in_token()}) {
    const char* where = kms == &in_host() ? " (host): " : " (token): ";
    try {
      verify(*kms, signer.key_id, message, algorithm, signature);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::KMSInvalidSignature) continue;
      throw Failure(std::string(what) + where + error.what());
    }
    throw Failure(std::string(what) + where + "went through");
  }
}

Bytes sha256_of(std::string_view message) {
  return digest(Hash::Sha256, as_bytes(message));
}

// RSASSA-PKCS1-v1_5

constexpr const char* kPkcs1 = "RSASSA_PKCS1_V1_5_SHA_256";
constexpr std::size_t kModulus = 256;

Bytes concat(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const ByteView part : parts) append(out, part);
  return out;
}
Bytes hex(const char* digits) {
  return from_hex(digits).value();
}

// 00 01 FF ... FF 00 and what is behind it, in a block of the modulus's size.
Bytes block_of(ByteView info, std::uint8_t type = 1, std::uint8_t filler = 0xff) {
  Bytes block{0, type};
  block.insert(block.end(), kModulus - 3 - info.size(), filler);
  block.push_back(0);
  append(block, info);
  return block;
}

void pkcs1_has_one_encoding() {
  const Bytes hash = sha256_of(kLetter);
  const Bytes good = concat({digest_info_head(Hash::Sha256), hash});
  accepted(rsa(), kPkcs1, rsa().raw(block_of(good)));
  const auto refuse = [](const char* what, const Bytes& block) {
    CHECK_EQ(block.size(), kModulus);
    refused(what, rsa(), kPkcs1, rsa().raw(block));
  };
  refuse("no NULL", block_of(concat({hex("302f300b06096086480165030402010420"), hash})));
  refuse("the parameters are an empty OCTET STRING",
         block_of(concat({hex("3031300d060960864801650304020104000420"), hash})));
  refuse("the parameters are not empty",
         block_of(concat({hex("3033300f0609608648016503040201050200000420"), hash})));
  refuse("the OID of SHA-512",
         block_of(concat({hex("3031300d060960864801650304020305000420"), hash})));
  refuse("the OID of SHA-1", block_of(concat({hex("3029300906052b0e03021a05000420"), hash})));
  refuse("a bare digest", block_of(hash));
  refuse("a long form of a length",
         block_of(concat({hex("308131300d060960864801650304020105000420"), hash})));
  refuse("an indefinite length",
         block_of(concat({hex("3080300d060960864801650304020105000420"), hash, hex("0000")})));
  refuse("bytes inside the SEQUENCE",
         block_of(concat({hex("3033300d060960864801650304020105000420"), hash, hex("0500")})));
  refuse("bytes behind the DigestInfo", block_of(concat({good, hex("00")})));
  refuse("a digest that is too short",
         block_of(concat({hex("3030300d06096086480165030402010500041f"),
                          ByteView(hash).first(hash.size() - 1)})));
  refuse("a longer digest",
         block_of(concat({hex("3032300d060960864801650304020105000421"), hash, hex("00")})));
  refuse("padding of type 2", block_of(good, 2));
  refuse("padding of type 0", block_of(good, 0, 0));
  Bytes block = block_of(good);
  block[100] = 0xfe;
  refuse("a padding byte that is not FF", block);
  block = block_of(good);
  block[0] = 1;  // still below the modulus only if that is larger: the top byte of ours is >= 80
  refuse("a first byte that is not zero", block);
  block = block_of(good);
  block[block.size() - good.size() - 1] = 0xff;
  refuse("no zero behind the padding", block);
  // Bleichenbacher's forgery is of this form: the padding ends early, and rubbish fills the rest.
  block = concat({hex("0001ffffffffffffffff00"), good});
  block.resize(kModulus, 0x5a);
  refuse("rubbish behind the DigestInfo", block);
  block = concat({hex("0001ff00"), good});
  block.resize(kModulus, 0);
  refuse("zeros behind the DigestInfo", block);
  block = Bytes(kModulus - good.size() - 4, 0);
  append(block, concat({hex("0001ff00"), good}));
  refuse("a padding that is too short", block);
}

// A signature whose first byte is zero, and its message.
std::pair<std::string, Bytes> short_signature(
    const std::function<Bytes(const std::string&)>& sign) {
  for (int i = 0;; ++i) {
    const std::string message = "letter " + std::to_string(i);
    Bytes signature = sign(message);
    if (signature[0] == 0) return {message, signature};
  }
}

void rsa_signatures_have_the_size_of_the_modulus() {
  const auto sign = [](const std::string& message) {
    return rsa().raw(block_of(concat({digest_info_head(Hash::Sha256), sha256_of(message)})));
  };
  const auto [message, signature] = short_signature(sign);
  accepted(rsa(), kPkcs1, signature, message);
  refused("without its leading zero", rsa(), kPkcs1, {signature.begin() + 1, signature.end()},
          message);
  refused("with one more", rsa(), kPkcs1, concat({hex("00"), signature}), message);
  refused("with a zero behind it", rsa(), kPkcs1, concat({signature, hex("00")}), message);
  refused("one byte short", rsa(), kPkcs1, {signature.begin(), signature.end() - 1}, message);
  const Bytes modulus = PublicKey(rsa().public_key).modulus();
  // The same number modulo n; it is short enough for the block, for the signature's first byte is
  // 0.
  const Number above = sum(number(signature).get(), number(modulus).get());
  if (BN_num_bytes(above.get()) == static_cast<int>(kModulus))
    refused("the modulus added", rsa(), kPkcs1, bytes_of(above.get(), kModulus), message);
  for (const char* algorithm : {kPkcs1, "RSASSA_PSS_SHA_256"}) {
    refused("the modulus", rsa(), algorithm, modulus);
    refused("all zeros", rsa(), algorithm, Bytes(kModulus, 0));
    refused("all ones", rsa(), algorithm, Bytes(kModulus, 0xff));
    Bytes one(kModulus, 0);
    one.back() = 1;
    refused("one", rsa(), algorithm, one);
    Bytes minus_one = modulus;
    minus_one.back() ^= 1;  // a modulus is odd
    refused("the modulus less one", rsa(), algorithm, minus_one);
    refused("one zero byte", rsa(), algorithm, Bytes(1, 0));
  }
}

// RSASSA-PSS

Bytes sign_pss(const EVP_MD* hash, const EVP_MD* mgf, int salt, ByteView digest) {
  return rsa().sign(digest, [&](EVP_PKEY_CTX* context) {
    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_signature_md(context, hash);
    EVP_PKEY_CTX_set_rsa_mgf1_md(context, mgf);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt);
  });
}

void pss_has_one_salt_length_and_one_mask() {
  constexpr const char* kPss = "RSASSA_PSS_SHA_256";
  const Bytes hash = sha256_of(kLetter);
  const Bytes good = sign_pss(EVP_sha256(), EVP_sha256(), 32, hash);
  accepted(rsa(), kPss, good);
  for (const int salt : {0, 20, 31, 33, 64, RSA_PSS_SALTLEN_MAX})
    refused("another salt length", rsa(), kPss, sign_pss(EVP_sha256(), EVP_sha256(), salt, hash));
  for (const EVP_MD* mgf : {EVP_sha1(), EVP_sha384(), EVP_sha512()})
    refused("a mask by another hash", rsa(), kPss, sign_pss(EVP_sha256(), mgf, 32, hash));
  refused("of another hash", rsa(), kPss,
          sign_pss(EVP_sha512(), EVP_sha512(), 64, digest(Hash::Sha512, as_bytes(kLetter))));
  refused("with SHA-512", rsa(), "RSASSA_PSS_SHA_512", good);
  refused("as PKCS #1 v1.5", rsa(), kPkcs1, good);
  // The block itself, changed where the masks do not hide it.
  const std::unique_ptr<EVP_PKEY_CTX, FreeKey> context(EVP_PKEY_CTX_new(rsa().key.get(), nullptr));
  CHECK_EQ(EVP_PKEY_encrypt_init(context.get()), 1);
  EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING);
  Bytes block(kModulus);
  std::size_t size = block.size();
  CHECK_EQ(EVP_PKEY_encrypt(context.get(), block.data(), &size, good.data(), good.size()), 1);
  CHECK_EQ(block.back(), 0xbc);
  accepted(rsa(), kPss, rsa().raw(block));
  for (const std::size_t at : {kModulus - 1, kModulus - 2, kModulus - 40, std::size_t{100}}) {
    Bytes changed = block;
    changed[at] ^= 1;
    refused("a changed block", rsa(), kPss, rsa().raw(changed));
  }
}

// ECDSA

struct Curve {
  catalog::KeySpec spec;
  const char* name;
  const char* algorithm;
  Hash hash;
};
constexpr Curve kCurves[] = {
    {catalog::KeySpec::EccNistP256, "P-256", "ECDSA_SHA_256", Hash::Sha256},
    {catalog::KeySpec::EccNistP384, "P-384", "ECDSA_SHA_384", Hash::Sha384},
    {catalog::KeySpec::EccNistP521, "P-521", "ECDSA_SHA_512", Hash::Sha512},
    {catalog::KeySpec::EccSecgP256k1, "secp256k1", "ECDSA_SHA_256", Hash::Sha256}};

Bytes der(std::uint8_t tag, ByteView content) {
  Bytes out{tag};
  if (content.size() >= 0x80) out.push_back(0x81);
  out.push_back(static_cast<std::uint8_t>(content.size()));
  append(out, content);
  return out;
}
Bytes integer(const BIGNUM* value) {
  Bytes content(static_cast<std::size_t>(BN_num_bytes(value)));
  BN_bn2bin(value, content.data());
  if (content.empty() || content[0] >= 0x80) content.insert(content.begin(), 0);
  return der(0x02, content);
}
Bytes sequence(ByteView r, ByteView s) {
  return der(0x30, concat({r, s}));
}

void ecdsa_of_the_curve(const Curve& curve) {
  const Signer signer(curve.spec, generate_curve_key_pair(curve.name));
  const auto refuse = [&](const char* what, const Bytes& signature) {
    refused(what, signer, curve.algorithm, signature);
  };
  const std::size_t size = PublicKey(signer.public_key).order_size();
  const Bytes good = signer.sign(digest(curve.hash, as_bytes(kLetter)));
  accepted(signer, curve.algorithm, good);
  const Bytes both = ecdsa_from_der(good, size);
  const Number r = number(ByteView(both).first(size));
  const Number s = number(ByteView(both).last(size));
  BIGNUM* order = nullptr;
  EVP_PKEY_get_bn_param(signer.key.get(), OSSL_PKEY_PARAM_EC_ORDER, &order);
  const Number n(order);
  const Number zero(BN_new());
  const Bytes r_der = integer(r.get());
  const Bytes s_der = integer(s.get());
  CHECK_EQ(sequence(r_der, s_der), good);

  for (const auto& [what, value] :
       {std::pair<const char*, const BIGNUM*>{"zero", zero.get()}, {"the order", n.get()}}) {
    refuse(what, sequence(integer(value), s_der));
    refuse(what, sequence(r_der, integer(value)));
    refuse(what, sequence(integer(value), integer(value)));
  }
  refuse("r and the order", sequence(integer(sum(r.get(), n.get()).get()), s_der));
  refuse("s and the order", sequence(r_der, integer(sum(s.get(), n.get()).get())));
  refuse("s and twice the order",
         sequence(r_der, integer(sum(s.get(), sum(n.get(), n.get()).get()).get())));
  // Numbers that nobody would add up.
  refuse("a long r", sequence(der(0x02, Bytes(100, 0x11)), s_der));
  // The two's complement of the number.
  const auto negative = [](const BIGNUM* value) {
    Bytes content = bytes_of(value, static_cast<std::size_t>(BN_num_bytes(value)) + 1);
    unsigned carry = 1;
    for (std::size_t i = content.size(); i-- > 0; carry >>= 8) {
      carry += static_cast<std::uint8_t>(~content[i]);
      content[i] = static_cast<std::uint8_t>(carry);
    }
    return der(0x02, content);
  };
  refuse("a negative r", sequence(negative(r.get()), s_der));
  refuse("a negative s", sequence(r_der, negative(s.get())));
  const auto with_zero = [](const BIGNUM* value) {
    return der(0x02, bytes_of(value, static_cast<std::size_t>(BN_num_bytes(value)) + 2));
  };
  refuse("zeros in front of r", sequence(with_zero(r.get()), s_der));
  refuse("zeros in front of s", sequence(r_der, with_zero(s.get())));
  refuse("a number without bytes", sequence(der(0x02, {}), s_der));
  refuse("one number", der(0x30, r_der));
  refuse("no number", der(0x30, {}));
  refuse("three numbers", der(0x30, concat({r_der, s_der, s_der})));
  refuse("a byte within the SEQUENCE", der(0x30, concat({r_der, s_der, hex("00")})));
  refuse("bytes behind it", concat({good, hex("0000")}));
  refuse("itself behind it", concat({good, good}));
  refuse("a SET", der(0x31, concat({r_der, s_der})));
  refuse("an OCTET STRING for r", sequence(der(0x04, ByteView(r_der).subspan(2)), s_der));
  refuse("the raw numbers", both);
  refuse("an indefinite length", concat({hex("3080"), r_der, s_der, hex("0000")}));
  Bytes content = concat({r_der, s_der});
  refuse("a length of two bytes more than it takes",
         concat({Bytes{0x30, 0x82, 0, static_cast<std::uint8_t>(content.size())}, content}));
  refuse("a length of r in the long form",
         sequence(concat({hex("0281"), ByteView(r_der).subspan(1)}), s_der));
  refuse("cut off", {good.begin(), good.end() - 1});
  refuse("s and r", sequence(s_der, r_der));
}

void ecdsa_has_one_encoding_and_numbers_in_range() {
  for (const Curve& curve : kCurves) ecdsa_of_the_curve(curve);
}

// Ed25519 (RFC 8032)

void ed25519_has_numbers_in_range() {
  constexpr const char* kAlgorithm = "ED25519_SHA_512";
  const Signer signer(catalog::KeySpec::EccNistEdwards25519, generate_curve_key_pair("ED25519"));
  Bytes good(64);
  std::size_t size = good.size();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const Bytes message(kLetter.begin(), kLetter.end());
  CHECK(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, signer.key.get()) == 1 &&
        EVP_DigestSign(context, good.data(), &size, message.data(), message.size()) == 1);
  EVP_MD_CTX_free(context);
  accepted(signer, kAlgorithm, good);
  // L, the order of the group; numbers are little-endian.
  const Number order = number("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
  const auto with_s = [&](const BIGNUM* s) {
    Bytes digits = bytes_of(s, 32);
    Bytes changed(good.begin(), good.begin() + 32);
    changed.insert(changed.end(), digits.rbegin(), digits.rend());
    return changed;
  };
  Bytes s(good.rbegin(), good.rbegin() + 32);
  Number above = number(s);
  CHECK_EQ(with_s(above.get()), good);
  for (int i = 0; i < 14; ++i) {  // as often as it fits
    above = sum(above.get(), order.get());
    refused("S and the order", signer, kAlgorithm, with_s(above.get()));
  }
  const Number zero(BN_new());
  refused("S is zero", signer, kAlgorithm, with_s(zero.get()));
  refused("S is the order", signer, kAlgorithm, with_s(order.get()));
  Bytes changed = good;
  changed[63] |= 0xe0;
  refused("the highest bits of S", signer, kAlgorithm, changed);
  changed = good;
  changed[31] ^= 0x80;
  refused("the other sign of R", signer, kAlgorithm, changed);
  // R is the neutral element (1, y), S is zero; and y = 1 written as p + 1.
  for (const char* r : {"0100000000000000000000000000000000000000000000000000000000000000",
                        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"})
    refused("R of a small order", signer, kAlgorithm, concat({hex(r), Bytes(32, 0)}));
  refused("all zeros", signer, kAlgorithm, Bytes(64, 0));
  refused("all ones", signer, kAlgorithm, Bytes(64, 0xff));
  refused("63 bytes", signer, kAlgorithm, {good.begin(), good.end() - 1});
  refused("65 bytes", signer, kAlgorithm, concat({good, hex("00")}));
  refused("R alone", signer, kAlgorithm, {good.begin(), good.begin() + 32});
  refused("another message", signer, kAlgorithm, good, "lettre");
}

void digests_have_the_length_of_their_hash() {
  const Bytes signature(kModulus, 1);
  for (const std::size_t size : {1U, 20U, 31U, 33U, 64U})
    for (const char* algorithm : {kPkcs1, "RSASSA_PSS_SHA_256"})
      for (Service* kms : {&in_host(), &in_token()})
        CHECK_WORDS(
            Validation, std::string("Digest is invalid length for algorithm ") + algorithm + ".",
            verify(*kms, rsa().key_id, std::string(size, 'x'), algorithm, signature, "DIGEST"));
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("kms forgeries", TEST(pkcs1_has_one_encoding),
                   TEST(rsa_signatures_have_the_size_of_the_modulus),
                   TEST(pss_has_one_salt_length_and_one_mask),
                   TEST(ecdsa_has_one_encoding_and_numbers_in_range),
                   TEST(ed25519_has_numbers_in_range), TEST(digests_have_the_length_of_their_hash));
}
