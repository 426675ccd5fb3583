// SPDX-License-Identifier: Apache-2.0
// GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext.
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "key_pairs.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

constexpr const char* kPair = "GenerateDataKeyPair";
constexpr const char* kWithout = "GenerateDataKeyPairWithoutPlaintext";

Service& service() {
  static Service kms(load_config());
  return kms;
}
const std::string& key() {
  static const std::string id = create_key(service());
  return id;
}

Json generate(const char* operation, const std::string& spec) {
  return request(
      service(), operation,
      {{"KeyId", key()}, {"KeyPairSpec", spec}, {"EncryptionContext", {{"tenant", "acme"}}}});
}
std::string opened(const Bytes& blob) {
  return decrypt(service(), blob, {{"tenant", "acme"}});
}

// The public key of a private one, PKCS#8 DER and nothing behind it, as DER.
Bytes public_key_of(const std::string& private_key) {
  const auto* at = reinterpret_cast<const unsigned char*>(private_key.data());
  EVP_PKEY* pair = d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(private_key.size()));
  CHECK(pair != nullptr);
  CHECK_EQ(reinterpret_cast<const char*>(at) - private_key.data(),
           static_cast<std::ptrdiff_t>(private_key.size()));
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(pair, &der);
  Bytes out(der, der + size);
  OPENSSL_free(der);
  EVP_PKEY_free(pair);
  return out;
}

void check_pair(const Json& answer, const std::string& spec) {
  CHECK(answer["KeyId"] == Json(key_arn(key())));
  CHECK(answer["KeyPairSpec"] == Json(spec));
  const Bytes blob = bytes_of(answer["PrivateKeyCiphertextBlob"]);
  CHECK_EQ(blob[2], 3);
  CHECK(public_key_of(opened(blob)) == bytes_of(answer["PublicKey"]));
  // It stays whole when it moves to another key.
  const std::string other = create_key(service());
  const Bytes moved = re_encrypt(service(), blob, other, {{"tenant", "acme"}});
  CHECK(public_key_of(decrypt(service(), moved)) == bytes_of(answer["PublicKey"]));
}

void pairs_fit_together() {
  for (const char* spec : {"RSA_2048", "RSA_3072", "ECC_NIST_P256", "ECC_NIST_P384",
                           "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"}) {
    const Json answer = generate(kPair, spec);
    check_pair(answer, spec);
    CHECK_EQ(opened(bytes_of(answer["PrivateKeyCiphertextBlob"])),
             text_of(answer["PrivateKeyPlaintext"]));
  }
}

void pairs_of_the_token_fit_together() {
  for (const char* spec :
       {"RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"}) {
    const Json answer = generate(kWithout, spec);
    check_pair(answer, spec);
    CHECK(!answer.contains("PrivateKeyPlaintext"));
  }
  // The lengths of the parts of an RSA key differ.
  for (int i = 0; i < 5; ++i) check_pair(generate(kWithout, "RSA_2048"), "RSA_2048");
}

void what_there_is_not() {
  CHECK_ERROR(UnsupportedOperation, generate(kPair, "SM2"));
  CHECK_ERROR(UnsupportedOperation, generate(kWithout, "SM2"));
  // SoftHSM does not wrap it.
  CHECK_ERROR(UnsupportedOperation, generate(kWithout, "ECC_NIST_EDWARDS25519"));
  CHECK_ERROR(Validation, generate(kPair, "RSA_1024"));
  CHECK_ERROR(
      InvalidCiphertext,
      decrypt(service(), bytes_of(generate(kPair, "ECC_NIST_P256")["PrivateKeyCiphertextBlob"])));
  for (const char* operation : {kPair, kWithout})
    CHECK_ERROR(DryRunOperation,
                request(service(), operation,
                        {{"KeyId", key()}, {"KeyPairSpec", "ECC_NIST_P256"}, {"DryRun", true}}));
  const std::string signer = create(service(), "ECC_NIST_P256", "SIGN_VERIFY");
  CHECK_ERROR(InvalidKeyUsage,
              request(service(), kPair, {{"KeyId", signer}, {"KeyPairSpec", "ECC_NIST_P256"}}));
}

void nothing_is_left_behind() {
  generate(kWithout, "ECC_NIST_P256");
  const std::size_t before = RawSession().count();
  for (int i = 0; i < 3; ++i) generate(kWithout, "ECC_NIST_P256");
  CHECK_EQ(RawSession().count(), before);
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("kms data_key_pair", TEST(pairs_fit_together),
                   TEST(pairs_of_the_token_fit_together), TEST(what_there_is_not),
                   TEST(nothing_is_left_behind));
}
