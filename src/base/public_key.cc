// SPDX-License-Identifier: Apache-2.0
// Public keys in OpenSSL's private context.
#include "base/public_key.h"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/openssl.h"

namespace trent {

namespace {

template <auto Function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using PublicKeyInfo = std::unique_ptr<X509_PUBKEY, Free<X509_PUBKEY_free>>;
using Decoder = std::unique_ptr<OSSL_DECODER_CTX, Free<OSSL_DECODER_CTX_free>>;
using SecretNumber = std::unique_ptr<BIGNUM, Free<BN_clear_free>>;
using Point = std::unique_ptr<EC_POINT, Free<EC_POINT_clear_free>>;
using Object = std::unique_ptr<ASN1_OBJECT, Free<ASN1_OBJECT_free>>;

Error failure(const char* what) {
  return Error(ErrorCode::KMSInternal, std::string("OpenSSL failed to ") + what + ".",
               "Check the OpenSSL installation.");
}

Error no_key() {
  return Error(ErrorCode::KMSInternal, "The token tells a public key that is none.",
               "`trent check` shows what is wrong.");
}

template <auto Encode, class T>
Bytes encode(T* object) {
  unsigned char* der = nullptr;
  const int size = Encode(object, &der);
  if (size <= 0) throw no_key();
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

// The bits of a public key under the name of its algorithm.
Bytes public_key_info(int algorithm, Object parameters, ByteView bits) {
  const OpensslGuard guard;
  const PublicKeyInfo info(X509_PUBKEY_new());
  auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(bits.data(), bits.size()));
  const int type = parameters ? V_ASN1_OBJECT : V_ASN1_UNDEF;
  if (!info || copy == nullptr ||
      X509_PUBKEY_set0_param(info.get(), OBJ_nid2obj(algorithm), type, parameters.get(), copy,
                             static_cast<int>(bits.size())) != 1) {
    OPENSSL_free(copy);
    throw no_key();
  }
  static_cast<void>(parameters.release());
  Bytes der = encode<i2d_X509_PUBKEY>(info.get());
  if (!PublicKey(der).is_valid()) throw no_key();
  return der;
}

KeyContext context_of(EVP_PKEY* key) {
  KeyContext context(EVP_PKEY_CTX_new_from_pkey(private_libctx(), key, nullptr));
  if (!context) throw failure("use a public key");
  return context;
}

// Ready to verify.
KeyContext verification(EVP_PKEY* key, SignatureScheme scheme, Hash hash) {
  KeyContext context = context_of(key);
  bool ok = EVP_PKEY_verify_init(context.get()) == 1 &&
            EVP_PKEY_CTX_set_signature_md(context.get(), message_digest(hash)) == 1;
  if (scheme != SignatureScheme::Ecdsa) {
    const bool pss = scheme == SignatureScheme::Pss;
    ok = ok && EVP_PKEY_CTX_set_rsa_padding(context.get(),
                                            pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1;
    if (pss)
      ok = ok && EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  if (!ok) context.reset();
  return context;
}

bool verify_digest(EVP_PKEY* key, SignatureScheme scheme, Hash hash, ByteView digest,
                   ByteView signature) {
  const KeyContext context = verification(key, scheme, hash);
  return context && EVP_PKEY_verify(context.get(), signature.data(), signature.size(),
                                    digest.data(), digest.size()) == 1;
}

bool verify_message(EVP_PKEY* key, ByteView message, ByteView signature) {
  const DigestContext context(EVP_MD_CTX_new());
  return context &&
         EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, private_libctx(), nullptr, key,
                                 nullptr) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

// Empty if the key has no such number.
Bytes number_of(EVP_PKEY* key, const char* name) {
  const OpensslGuard guard;
  BIGNUM* found = nullptr;
  if (key == nullptr || EVP_PKEY_get_bn_param(key, name, &found) != 1) return {};
  const Number number(found);
  Bytes out(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), out.data());
  return out;
}

Bytes point_of(EVP_PKEY* key) {
  BIGNUM* x = nullptr;
  BIGNUM* y = nullptr;
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x);
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y);
  const Number own_x(x);
  const Number own_y(y);
  if (!own_x || !own_y) return {};
  const int size = (EVP_PKEY_get_bits(key) + 7) / 8;
  constexpr std::uint8_t kUncompressed = 4;
  Bytes out(1 + 2 * static_cast<std::size_t>(size), kUncompressed);
  if (BN_bn2binpad(x, out.data() + 1, size) != size ||
      BN_bn2binpad(y, out.data() + 1 + size, size) != size)
    return {};
  return out;
}

}  // namespace

EVP_PKEY* PublicKey::openssl_key() const {
  std::call_once(decoded_, [this] {
    const OpensslGuard guard;
    // Not d2i_PUBKEY_ex(), which gives way to an engine that the application has made the default:
    // then the key is of an older kind, which does not tell its point, and is used by the engine.
    EVP_PKEY* key = nullptr;
    const Decoder decoder(OSSL_DECODER_CTX_new_for_pkey(&key, "DER", "SubjectPublicKeyInfo",
                                                        nullptr, EVP_PKEY_PUBLIC_KEY,
                                                        private_libctx(), nullptr));
    const unsigned char* at = der_.data();
    std::size_t left = der_.size();
    const bool is_decoded = decoder && OSSL_DECODER_from_data(decoder.get(), &at, &left) == 1;
    key_ = {key, EVP_PKEY_free};
    if (!is_decoded || left != 0) key_.reset();
  });
  return key_.get();
}

bool PublicKey::is_valid() const {
  return openssl_key() != nullptr;
}

Bytes PublicKey::modulus() const {
  return number_of(openssl_key(), OSSL_PKEY_PARAM_RSA_N);
}

Bytes PublicKey::exponent() const {
  return number_of(openssl_key(), OSSL_PKEY_PARAM_RSA_E);
}

std::size_t PublicKey::order_size() const {
  return number_of(openssl_key(), OSSL_PKEY_PARAM_EC_ORDER).size();
}

Bytes PublicKey::curve() const {
  const OpensslGuard guard;
  std::array<char, 80> name{};
  if (openssl_key() == nullptr ||
      EVP_PKEY_get_utf8_string_param(openssl_key(), OSSL_PKEY_PARAM_GROUP_NAME, name.data(),
                                     name.size(), nullptr) != 1)
    return {};
  const Object object(OBJ_txt2obj(name.data(), 0));
  return object ? encode<i2d_ASN1_OBJECT>(object.get()) : Bytes();
}

Bytes PublicKey::point() const {
  const OpensslGuard guard;
  return openssl_key() == nullptr ? Bytes() : point_of(openssl_key());
}

bool PublicKey::verifies(SignatureScheme scheme, Hash hash, ByteView input,
                         ByteView signature) const {
  const OpensslGuard guard;
  if (openssl_key() == nullptr) throw no_key();
  if (scheme == SignatureScheme::Eddsa) return verify_message(openssl_key(), input, signature);
  return verify_digest(openssl_key(), scheme, hash, input, signature);
}

std::string PublicKey::text() const {
  const OpensslGuard guard;
  if (openssl_key() == nullptr) throw no_key();
  const std::unique_ptr<BIO, Free<BIO_free>> out(BIO_new(BIO_s_mem()));
  const char* start = nullptr;
  if (!out || EVP_PKEY_print_public(out.get(), openssl_key(), 0, nullptr) != 1)
    throw failure("print a public key");
  const long size = BIO_get_mem_data(out.get(), &start);
  return {start, static_cast<std::size_t>(size)};
}

std::size_t PublicKey::max_signature() const {
  if (openssl_key() == nullptr) throw no_key();
  return static_cast<std::size_t>(EVP_PKEY_get_size(openssl_key()));
}

Bytes PublicKey::algorithm_identifier(SignatureScheme scheme, Hash hash) const {
  const OpensslGuard guard;
  if (openssl_key() == nullptr) throw no_key();
  const KeyContext context = verification(openssl_key(), scheme, hash);
  constexpr std::size_t kMax = 128;
  Bytes der(kMax);
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, der.data(), der.size()),
      OSSL_PARAM_construct_end()};
  if (!context || EVP_PKEY_CTX_get_params(context.get(), params) != 1)
    throw failure("name an algorithm");
  der.resize(params[0].return_size);
  return der;
}

std::size_t PublicKey::max_oaep(Hash hash) const {
  const std::size_t size =
      openssl_key() == nullptr ? 0 : static_cast<std::size_t>(EVP_PKEY_get_size(openssl_key()));
  const std::size_t overhead = 2 * hash_size(hash) + 2;
  return size < overhead ? 0 : size - overhead;
}

Bytes PublicKey::encrypt_oaep(Hash hash, ByteView secret) const {
  const OpensslGuard guard;
  if (openssl_key() == nullptr) throw no_key();
  const KeyContext context = context_of(openssl_key());
  Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(openssl_key())));
  std::size_t size = out.size();
  if (EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), message_digest(hash)) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), message_digest(hash)) != 1 ||
      EVP_PKEY_encrypt(context.get(), out.data(), &size, secret.data(), secret.size()) != 1)
    throw failure("encrypt with RSAES-OAEP");
  out.resize(size);
  return out;
}

namespace {

// What arithmetic on a curve takes.
struct Arithmetic {
  explicit Arithmetic(int curve)
      : context(BN_CTX_secure_new_ex(private_libctx())),
        group(EC_GROUP_new_by_curve_name_ex(private_libctx(), nullptr, curve)),
        result(group ? EC_POINT_new(group.get()) : nullptr) {
    if (!context || !result) throw failure("work on a curve");
  }
  // Of this process's own, and wiped.
  static SecretNumber secret(ByteView bytes = {}) {
    SecretNumber number(BN_secure_new());
    if (!number || BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), number.get()) == nullptr)
      throw failure("work on a curve");
    return number;
  }

  std::unique_ptr<BN_CTX, Free<BN_CTX_free>> context;
  std::unique_ptr<EC_GROUP, Free<EC_GROUP_free>> group;
  Point result;
};

SecretBytes bytes_of(const BIGNUM* number, std::size_t size) {
  SecretBytes bytes(size);
  if (BN_bn2binpad(number, bytes.data(), static_cast<int>(size)) < 0)
    throw failure("work on a curve");
  return bytes;
}

int curve_of(ByteView der) {
  const unsigned char* at = der.data();
  const Object curve(d2i_ASN1_OBJECT(nullptr, &at, static_cast<long>(der.size())));
  if (!curve) throw no_key();
  return OBJ_obj2nid(curve.get());
}

Bytes uncompressed(const Arithmetic& on, const EC_POINT* point) {
  unsigned char* octets = nullptr;
  const std::size_t size = EC_POINT_point2buf(on.group.get(), point, POINT_CONVERSION_UNCOMPRESSED,
                                              &octets, on.context.get());
  if (size == 0) throw failure("work on a curve");
  Bytes out(octets, octets + size);
  OPENSSL_free(octets);
  return out;
}

}  // namespace

EphemeralKey::EphemeralKey(const PublicKey& peer) : curve_(curve_of(peer.curve())) {
  const OpensslGuard guard;
  const Arithmetic on(curve_);
  const BIGNUM* order = EC_GROUP_get0_order(on.group.get());
  const SecretNumber scalar = Arithmetic::secret();
  do {
    if (BN_priv_rand_range_ex(scalar.get(), order, 0, on.context.get()) != 1)
      throw failure("make an ephemeral key");
  } while (BN_is_zero(scalar.get()) == 1);
  scalar_ = bytes_of(scalar.get(), static_cast<std::size_t>(BN_num_bytes(order)));
}

Bytes EphemeralKey::point() const {
  const OpensslGuard guard;
  const Arithmetic on(curve_);
  if (EC_POINT_mul(on.group.get(), on.result.get(), Arithmetic::secret(scalar_).get(), nullptr,
                   nullptr, on.context.get()) != 1)
    throw failure("make an ephemeral key");
  return uncompressed(on, on.result.get());
}

Bytes base_point(ByteView curve) {
  const OpensslGuard guard;
  const Arithmetic on(curve_of(curve));
  return uncompressed(on, EC_GROUP_get0_generator(on.group.get()));
}

SecretBytes EphemeralKey::agree_with(const PublicKey& peer) const {
  const OpensslGuard guard;
  const Arithmetic on(curve_);
  const Bytes octets = peer.point();
  const Point theirs(EC_POINT_new(on.group.get()));
  const SecretNumber x = Arithmetic::secret();
  if (!theirs ||
      EC_POINT_oct2point(on.group.get(), theirs.get(), octets.data(), octets.size(),
                         on.context.get()) != 1 ||
      EC_POINT_mul(on.group.get(), on.result.get(), nullptr, theirs.get(),
                   Arithmetic::secret(scalar_).get(), on.context.get()) != 1 ||
      EC_POINT_get_affine_coordinates(on.group.get(), on.result.get(), x.get(), nullptr,
                                      on.context.get()) != 1)
    throw failure("agree on a secret");
  return bytes_of(x.get(), octets.size() / 2);
}

ByteView digest_info_head(Hash hash) {
  static constexpr std::array<std::uint8_t, 19> kSha256{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                                        0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                        0x01, 0x05, 0x00, 0x04, 0x20};
  static constexpr std::array<std::uint8_t, 19> kSha384{0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                                        0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                        0x02, 0x05, 0x00, 0x04, 0x30};
  static constexpr std::array<std::uint8_t, 19> kSha512{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                                        0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                        0x03, 0x05, 0x00, 0x04, 0x40};
  switch (hash) {
    case Hash::Sha256:
      return kSha256;
    case Hash::Sha384:
      return kSha384;
    case Hash::Sha512:
      return kSha512;
    default:
      throw Error(ErrorCode::KMSInternal, "No signature algorithm of KMS has this hash.");
  }
}

std::optional<DigestInfo> parse_digest_info(ByteView info) {
  for (const Hash hash : {Hash::Sha256, Hash::Sha384, Hash::Sha512}) {
    const ByteView head = digest_info_head(hash);
    if (info.size() == head.size() + hash_size(hash) &&
        std::equal(head.begin(), head.end(), info.begin()))
      return DigestInfo{hash, info.subspan(head.size())};
  }
  return std::nullopt;
}

Bytes ecdsa_to_der(ByteView raw) {
  const OpensslGuard guard;
  const std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>> signature(ECDSA_SIG_new());
  const auto half = static_cast<int>(raw.size() / 2);
  BIGNUM* r = BN_bin2bn(raw.data(), half, nullptr);
  BIGNUM* s = BN_bin2bn(raw.data() + half, half, nullptr);
  if (!signature || ECDSA_SIG_set0(signature.get(), r, s) != 1)
    throw failure("write a signature as DER");
  return encode<i2d_ECDSA_SIG>(signature.get());
}

Bytes ecdsa_from_der(ByteView der, std::size_t size) {
  const OpensslGuard guard;
  const unsigned char* at = der.data();
  const std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>> signature(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  Bytes raw(2 * size);
  const auto half = static_cast<int>(size);
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), half) != half ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + half, half) != half)
    throw failure("read a signature");
  return raw;
}

Bytes fit_to_curve(ByteView digest, Hash hash_of_curve) {
  const std::size_t size = hash_size(hash_of_curve);
  const ByteView front = digest.first(std::min(size, digest.size()));
  Bytes fitting(size - front.size());
  append(fitting, front);
  return fitting;
}

Bytes rsa_public_key(ByteView modulus, ByteView exponent) {
  const OpensslGuard guard;
  const Number n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const Number e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
  const std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    throw failure("build a public key");
  const std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>> params(
      OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(private_libctx(), "RSA", nullptr));
  EVP_PKEY* made = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    throw no_key();
  const Key key(made);
  return encode<i2d_PUBKEY>(key.get());
}

Bytes ec_public_key(ByteView curve, ByteView point) {
  const unsigned char* at = curve.data();
  Object object(d2i_ASN1_OBJECT(nullptr, &at, static_cast<long>(curve.size())));
  if (!object) throw no_key();
  return public_key_info(NID_X9_62_id_ecPublicKey, std::move(object), point);
}

Bytes ec_public_key(const OSSL_PARAM* params) {
  const OpensslGuard guard;
  const KeyContext context(EVP_PKEY_CTX_new_from_name(private_libctx(), "EC", nullptr));
  EVP_PKEY* made = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY,
                        const_cast<OSSL_PARAM*>(params)) != 1)  // which only lacks the word
    throw Error(ErrorCode::Validation, "The parameters are no public key on a curve.");
  const Key key(made);
  return encode<i2d_PUBKEY>(key.get());
}

Bytes curve_named(const std::string& name) {
  const int nist = EC_curve_nist2nid(name.c_str());
  const int curve = nist != NID_undef ? nist : OBJ_txt2nid(name.c_str());
  return curve == NID_undef ? Bytes() : encode<i2d_ASN1_OBJECT>(OBJ_nid2obj(curve));
}

std::string curve_name(ByteView curve) {
  const unsigned char* at = curve.data();
  const Object object(d2i_ASN1_OBJECT(nullptr, &at, static_cast<long>(curve.size())));
  return object ? OBJ_nid2sn(OBJ_obj2nid(object.get())) : std::string();
}

Bytes ed25519_public_key(ByteView point) {
  return public_key_info(NID_ED25519, nullptr, point);
}

Bytes public_key_of_certificate(ByteView certificate) {
  const OpensslGuard guard;
  const unsigned char* at = certificate.data();
  const std::unique_ptr<X509, Free<X509_free>> read(
      d2i_X509(nullptr, &at, static_cast<long>(certificate.size())));
  return read ? encode<i2d_X509_PUBKEY>(X509_get_X509_PUBKEY(read.get())) : Bytes();
}

namespace {

NewKeyPair encode_pair(EVP_PKEY* key) {
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, Free<PKCS8_PRIV_KEY_INFO_free>> info(
      key == nullptr ? nullptr : EVP_PKEY2PKCS8(key));
  unsigned char* der = nullptr;
  const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der) : -1;
  if (size <= 0) throw failure("make a key pair");
  NewKeyPair pair{SecretBytes(der, der + size), {}};
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  pair.public_key = encode<i2d_PUBKEY>(key);
  return pair;
}

}  // namespace

NewKeyPair generate_rsa_key_pair(unsigned bits) {
  const OpensslGuard guard;
  const Key key(EVP_PKEY_Q_keygen(private_libctx(), nullptr, "RSA", std::size_t{bits}));
  return encode_pair(key.get());
}

NewKeyPair generate_curve_key_pair(const char* curve) {
  const OpensslGuard guard;
  const Key key(std::string_view(curve) == "ED25519"
                    ? EVP_PKEY_Q_keygen(private_libctx(), nullptr, "ED25519")
                    : EVP_PKEY_Q_keygen(private_libctx(), nullptr, "EC", curve));
  return encode_pair(key.get());
}

// Taking the padding off what a token has decrypted is to be had only under a name that OpenSSL
// calls deprecated.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
SecretBytes remove_oaep(Hash hash, ByteView padded) {
  const OpensslGuard guard;
  SecretBytes out(padded.size());
  const EVP_MD* md = message_digest(hash);
  const int size = RSA_padding_check_PKCS1_OAEP_mgf1(
      out.data(), static_cast<int>(out.size()), padded.data(), static_cast<int>(padded.size()),
      static_cast<int>(padded.size()), nullptr, 0, md, md);
  out.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return out;
}
#pragma GCC diagnostic pop

}  // namespace trent
