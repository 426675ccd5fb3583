// SPDX-License-Identifier: Apache-2.0
// Encrypt, Decrypt and ReEncrypt with RSA keys. With REENCRYPT_MATRIX=PATH the matrix is written,
// as docs/reencrypt-matrix.md has it; else it is compared with that page.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "base/public_key.h"
#include "key_pairs.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

constexpr const char* kSha1 = "RSAES_OAEP_SHA_1";
constexpr const char* kSha256 = "RSAES_OAEP_SHA_256";

Service& service() {
  static Service kms(load_config());
  return kms;
}
Service& allowing_service() {
  static Service kms([] {
    Config config = load_config();
    config.host_reencrypt = true;
    return config;
  }());
  return kms;
}

const std::string& symmetric() {
  static const std::string key = create_key(service());
  return key;
}
const std::string& rsa(const std::string& spec, const std::string& number = "one") {
  static std::map<std::string, std::string> keys;
  std::string& key = keys[spec + number];
  if (key.empty()) key = create(service(), spec, "ENCRYPT_DECRYPT");
  return key;
}

std::string plaintext_of(std::size_t length) {
  return text_of(secret_of(length));  // ends in a zero byte
}

void limits_are_those_of_kms() {
  struct Limit {
    const char* spec;
    const char* algorithm;
    std::size_t max;
  };
  for (const Limit& each : {Limit{"RSA_2048", kSha1, 214}, Limit{"RSA_2048", kSha256, 190},
                            Limit{"RSA_3072", kSha1, 342}, Limit{"RSA_3072", kSha256, 318}}) {
    const std::string& key = rsa(each.spec);
    for (const std::size_t length : {std::size_t{1}, each.max}) {
      const std::string plaintext = plaintext_of(length);
      const Bytes ciphertext = encrypt_with(service(), key, plaintext, each.algorithm);
      CHECK_EQ(decrypt_with(service(), key, ciphertext, each.algorithm), plaintext);
    }
    CHECK_WORDS(Validation,
                std::string("Algorithm ") + each.algorithm + " and key spec " + each.spec +
                    " cannot encrypt data larger than " + std::to_string(each.max) + " bytes.",
                encrypt_with(service(), key, plaintext_of(each.max + 1), each.algorithm));
  }
}

void ciphertext_from_outside_is_taken() {
  const std::string& key = rsa("RSA_2048");
  const PublicKey public_key(
      bytes_of(request(service(), "GetPublicKey", {{"KeyId", key}})["PublicKey"]));
  for (const auto& [algorithm, hash] :
       {std::pair(kSha1, Hash::Sha1), std::pair(kSha256, Hash::Sha256)})
    CHECK_EQ(
        decrypt_with(service(), key, public_key.encrypt_oaep(hash, as_bytes("outside")), algorithm),
        "outside");
}

void whatever_is_wrong_is_one_error() {
  const std::string& key = rsa("RSA_2048");
  for (const char* algorithm : {kSha1, kSha256}) {
    const Bytes good = encrypt_with(service(), key, "secret", algorithm);
    std::vector<Bytes> bad(6, good);
    bad[0][100] ^= 1;
    bad[1].pop_back();
    bad[2].push_back(0);
    bad[3].assign(256, 0);
    bad[4].assign(256, 0xff);  // larger than the modulus
    bad[5] = {1};
    bad.push_back(encrypt_with(service(), rsa("RSA_2048", "two"), "secret", algorithm));
    bad.push_back(encrypt_with(service(), key, "secret", algorithm == kSha1 ? kSha256 : kSha1));
    for (const Bytes& each : bad) {
      CHECK_WORDS(InvalidCiphertext, "", decrypt_with(service(), key, each, algorithm));
      if (algorithm == kSha1)
        CHECK_WORDS(InvalidCiphertext, "", move(service(), {key, algorithm}, each, {symmetric()}));
    }
  }
}

void what_goes_with_an_rsa_key() {
  const std::string& key = rsa("RSA_2048");
  const Bytes ciphertext = encrypt_with(service(), key, "secret", kSha256);
  CHECK_WORDS(InvalidKeyUsage,
              "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.",
              encrypt(service(), key, "secret"));
  CHECK_WORDS(InvalidKeyUsage,
              "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.",
              encrypt_with(service(), symmetric(), "secret", kSha256));
  CHECK_ERROR(InvalidKeyUsage,
              request(service(), "Decrypt",
                      {{"KeyId", key}, {"CiphertextBlob", secret_to_base64(ciphertext)}}));
  CHECK_WORDS(Validation, "KeyId is required for ciphertexts of algorithm RSAES_OAEP_SHA_256.",
              request(service(), "Decrypt",
                      {{"CiphertextBlob", secret_to_base64(ciphertext)},
                       {"EncryptionAlgorithm", kSha256}}));
  CHECK_ERROR(InvalidCiphertext,
              request(service(), "Decrypt", {{"CiphertextBlob", secret_to_base64(ciphertext)}}));
  const Json context = {{"tenant", "acme"}};
  CHECK_WORDS(Validation, "An encryption context is valid only with a symmetric encryption key.",
              request(service(), "Encrypt",
                      {{"KeyId", key},
                       {"Plaintext", base64("x")},
                       {"EncryptionAlgorithm", kSha1},
                       {"EncryptionContext", context}}));
  CHECK_ERROR(Validation, request(service(), "Decrypt",
                                  {{"KeyId", key},
                                   {"CiphertextBlob", secret_to_base64(ciphertext)},
                                   {"EncryptionAlgorithm", kSha256},
                                   {"EncryptionContext", context}}));
  CHECK_ERROR(Validation, request(service(), "ReEncrypt",
                                  {{"SourceKeyId", key},
                                   {"CiphertextBlob", secret_to_base64(ciphertext)},
                                   {"SourceEncryptionAlgorithm", kSha256},
                                   {"SourceEncryptionContext", context},
                                   {"DestinationKeyId", symmetric()}}));
}

void re_encrypt_tells_of_both_sides() {
  const std::string& key = rsa("RSA_2048");
  const Json answer =
      request(service(), "ReEncrypt",
              {{"SourceKeyId", key},
               {"CiphertextBlob", secret_to_base64(encrypt_with(service(), key, "secret", kSha1))},
               {"SourceEncryptionAlgorithm", kSha1},
               {"DestinationKeyId", symmetric()}});
  CHECK(answer["SourceKeyId"] == Json(key_arn(key)));
  CHECK(answer["KeyId"] == Json(key_arn(symmetric())));
  CHECK(answer["SourceEncryptionAlgorithm"] == Json(kSha1));
  CHECK(answer["DestinationEncryptionAlgorithm"] == Json("SYMMETRIC_DEFAULT"));
  CHECK(!answer.contains("SourceKeyMaterialId"));
  CHECK(answer.contains("DestinationKeyMaterialId"));
}

// Every length, those that end in zero bytes included: the token's padding is told from the
// secret's own bytes.
void lengths_stay_exact() {
  const std::string& key = rsa("RSA_2048");
  for (std::size_t length = 1; length <= 214; length += length < 40 ? 1 : 29) {
    for (const std::string& plaintext :
         {plaintext_of(length), std::string(length, '\0'), std::string(length, 'x')}) {
      const Bytes blob = move(service(), {key, kSha1},
                              encrypt_with(service(), key, plaintext, kSha1), {symmetric()});
      CHECK_EQ(decrypt(service(), blob), plaintext);
    }
  }
}

// "yes", or the name of the error.
std::string outcome(Service& kms, const End& from, const End& to, std::size_t length) {
  const std::string plaintext = plaintext_of(length);
  const bool from_rsa = from.algorithm.starts_with("RSA");
  try {
    const Bytes ciphertext = from_rsa ? encrypt_with(kms, from.key, plaintext, from.algorithm)
                                      : encrypt(kms, from.key, plaintext);
    const Bytes moved = move(kms, from, ciphertext, to);
    const std::string back = to.algorithm.starts_with("RSA")
                                 ? decrypt_with(kms, to.key, moved, to.algorithm)
                                 : decrypt(kms, moved);
    CHECK_EQ(back, plaintext);
    return "yes";
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Validation) return "too long";
    CHECK_EQ(std::string(error.name()), "UnsupportedOperationException");
    return "no";
  }
}

std::string matrix() {
  constexpr std::size_t kLengths[] = {1, 7, 8, 9, 16, 31, 32, 37, 190, 214, 318, 342, 446, 470};
  std::string page =
      "# ReEncrypt between kinds of keys\n\n"
      "What SoftHSM 2.6.1 does inside, by the length of the plaintext in bytes; written by\n"
      "`tests/kms/oaep_test.cc`. \"no\" is UnsupportedOperationException: with `host-reencrypt = "
      "\"allow\"` in\ntrent.toml the server or library does it in its own memory, says so once on "
      "standard error, and each \"no\"\nis a \"yes\". \"too long\" is more than RSAES-OAEP takes "
      "with that key and hash, at either end.\n\n"
      "Why \"no\": SoftHSM has RSAES-OAEP with SHA-1 only; and it fills a plaintext under a "
      "symmetric "
      "key up to a\nmultiple of 8 bytes with zero bytes, which it cannot take off again without "
      "showing "
      "it.\n\n| from | to |";
  for (const std::size_t length : kLengths) page += " " + std::to_string(length) + " |";
  page += "\n|---|---|";
  for (std::size_t i = 0; i < std::size(kLengths); ++i) page += "---|";
  page += "\n";
  std::vector<std::pair<std::string, End>> sources = {{"SYMMETRIC_DEFAULT", {symmetric()}}};
  std::vector<std::pair<std::string, End>> destinations = {
      {"SYMMETRIC_DEFAULT", {create_key(service())}}};
  for (const char* spec : {"RSA_2048", "RSA_3072", "RSA_4096"})
    for (const char* algorithm : {kSha1, kSha256}) {
      const std::string name = std::string(spec) + " " + algorithm;
      sources.push_back({name, {rsa(spec), algorithm}});
      destinations.push_back({name, {rsa(spec, "two"), algorithm}});
    }
  for (const auto& [from_name, from] : sources)
    for (const auto& [to_name, to] : destinations) {
      page += "| " + from_name + " | " + to_name + " |";
      for (const std::size_t length : kLengths) {
        std::string in_token = outcome(service(), from, to, length);
        // Where the configuration allows it, whatever fits is done.
        if (in_token == "no" && outcome(allowing_service(), from, to, length) != "yes")
          in_token = "too long";
        page += " " + in_token + " |";
      }
      page += "\n";
    }
  return page;
}

void the_matrix_is_that_of_the_documentation() {
  const std::string page = matrix();
  if (const char* path = std::getenv("REENCRYPT_MATRIX")) {
    std::ofstream(path) << page;
    return;
  }
  std::ifstream file(std::string(std::getenv("TRENT_SOURCE")) + "/docs/reencrypt-matrix.md");
  CHECK_EQ(std::string(std::istreambuf_iterator<char>(file), {}), page);
}

void nothing_is_left_behind() {
  const std::string& key = rsa("RSA_2048");
  const Bytes ciphertext = encrypt_with(service(), key, "secret", kSha1);
  move(service(), {key, kSha1}, ciphertext, {symmetric()});
  const std::size_t before = RawSession().count();
  for (int i = 0; i < 3; ++i) {
    move(service(), {key, kSha1}, ciphertext, {symmetric()});
    move(service(), {key, kSha1}, ciphertext, {rsa("RSA_2048", "two"), kSha1});
    move(service(), {symmetric()}, encrypt(service(), symmetric(), "12345678"), {key, kSha1});
    decrypt_with(service(), key, ciphertext, kSha1);
  }
  CHECK_EQ(RawSession().count(), before);
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("kms oaep", TEST(limits_are_those_of_kms),
                   TEST(ciphertext_from_outside_is_taken), TEST(whatever_is_wrong_is_one_error),
                   TEST(what_goes_with_an_rsa_key), TEST(re_encrypt_tells_of_both_sides),
                   TEST(lengths_stay_exact), TEST(nothing_is_left_behind),
                   TEST(the_matrix_is_that_of_the_documentation));
}
