// SPDX-License-Identifier: Apache-2.0
// Sign, Verify and GetPublicKey. The command's test has OpenSSL check the signatures.
#include <map>

#include "base/hash.h"
#include "key_pairs.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

Service& service() {
  static Service kms(load_config());
  return kms;
}

const std::string& key_of(const std::string& spec) {
  static std::map<std::string, std::string> keys;
  std::string& key = keys[spec];
  if (key.empty()) key = create(service(), spec, "SIGN_VERIFY");
  return key;
}

struct Case {
  const char* spec;
  const char* algorithm;
  Hash hash;
};
constexpr Case kCases[] = {{"RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", Hash::Sha256},
                           {"RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384", Hash::Sha384},
                           {"RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512", Hash::Sha512},
                           {"RSA_2048", "RSASSA_PSS_SHA_256", Hash::Sha256},
                           {"RSA_2048", "RSASSA_PSS_SHA_384", Hash::Sha384},
                           {"RSA_2048", "RSASSA_PSS_SHA_512", Hash::Sha512},
                           {"ECC_NIST_P256", "ECDSA_SHA_256", Hash::Sha256},
                           {"ECC_NIST_P384", "ECDSA_SHA_384", Hash::Sha384},
                           {"ECC_NIST_P521", "ECDSA_SHA_512", Hash::Sha512},
                           {"ECC_SECG_P256K1", "ECDSA_SHA_256", Hash::Sha256}};

std::string digest_of(const Case& each, std::string_view message) {
  const Bytes bytes = digest(each.hash, as_bytes(message));
  return {bytes.begin(), bytes.end()};
}

void message_and_digest_are_one() {
  for (const Case& each : kCases) {
    const std::string& key = key_of(each.spec);
    const Bytes of_message = sign(service(), key, "letter", each.algorithm);
    const Bytes of_digest =
        sign(service(), key, digest_of(each, "letter"), each.algorithm, "DIGEST");
    for (const Bytes& signature : {of_message, of_digest}) {
      const Json answer = verify(service(), key, "letter", each.algorithm, signature);
      CHECK(answer["SignatureValid"] == Json(true));
      CHECK(answer["KeyId"] == Json(key_arn(key)));
      verify(service(), key, digest_of(each, "letter"), each.algorithm, signature, "DIGEST");
    }
  }
}

void an_edwards_key_signs_messages() {
  const std::string& key = key_of("ECC_NIST_EDWARDS25519");
  const Bytes signature = sign(service(), key, "letter", "ED25519_SHA_512");
  CHECK_EQ(signature.size(), 64U);
  verify(service(), key, "letter", "ED25519_SHA_512", signature);
  CHECK_ERROR(KMSInvalidSignature, verify(service(), key, "lettre", "ED25519_SHA_512", signature));
  CHECK_WORDS(Validation, "MessageType DIGEST is not valid for ED25519_SHA_512.",
              sign(service(), key, std::string(64, 'x'), "ED25519_SHA_512", "DIGEST"));
}

void check_refused(const Case& each, const Bytes& signature) {
  CHECK_WORDS(KMSInvalidSignature, "",
              verify(service(), key_of(each.spec), "letter", each.algorithm, signature));
}

void what_is_wrong_is_refused() {
  for (const Case& each : kCases) {
    const std::string& key = key_of(each.spec);
    const Bytes good = sign(service(), key, "letter", each.algorithm);
    CHECK_ERROR(KMSInvalidSignature, verify(service(), key, "lettre", each.algorithm, good));
    for (const std::size_t at : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
      Bytes changed = good;
      changed[at] ^= 1;
      check_refused(each, changed);
    }
    Bytes longer = good;
    longer.push_back(0);
    check_refused(each, longer);
    longer.insert(longer.begin(), 0);
    check_refused(each, longer);
    check_refused(each, {good.begin(), good.end() - 1});
    check_refused(each, {good.begin(), good.begin() + 1});
    check_refused(each, Bytes(good.size(), 0));
    check_refused(each, Bytes(6144, 0x30));
  }
}

// r and s that are zero, negative, or as large as they like; DER that is not the shortest.
void ecdsa_takes_numbers_in_range_only() {
  const Case p256{"ECC_NIST_P256", "ECDSA_SHA_256", Hash::Sha256};
  const auto from = [](const char* hex) { return from_hex(hex).value(); };
  for (const char* hex :
       {"3006020100020100", "3006020101020100", "3006020100020101", "3006020101020101",
        "300602017f0201ff", "3008020200010202 0001", "3080020101020101 0000",
        "30060201010201010500",
        "3026022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"}) {
    std::string digits(hex);
    std::erase(digits, ' ');
    check_refused(p256, from(digits.c_str()));
  }
  // The same signature with the other form of a length.
  Bytes good = sign(service(), key_of(p256.spec), "letter", p256.algorithm);
  Bytes long_form = good;
  long_form.insert(long_form.begin() + 1, 0x81);
  check_refused(p256, long_form);
}

void algorithms_do_not_mix() {
  const std::string& key = key_of("RSA_2048");
  const std::vector<std::string> algorithms = {"RSASSA_PKCS1_V1_5_SHA_256",
                                               "RSASSA_PKCS1_V1_5_SHA_512", "RSASSA_PSS_SHA_256",
                                               "RSASSA_PSS_SHA_512"};
  for (const std::string& one : algorithms) {
    const Bytes signature = sign(service(), key, "letter", one);
    for (const std::string& other : algorithms)
      if (other != one)
        CHECK_ERROR(KMSInvalidSignature, verify(service(), key, "letter", other, signature));
  }
  CHECK_WORDS(InvalidKeyUsage,
              "Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256.",
              sign(service(), key_of("ECC_NIST_P256"), "letter", "ECDSA_SHA_384"));
  CHECK_ERROR(InvalidKeyUsage, sign(service(), key, "letter", "ECDSA_SHA_256"));
  CHECK_ERROR(Validation, sign(service(), key, "letter", "RSASSA_PSS_SHA_1"));
}

void digests_have_their_length() {
  for (const Case& each : kCases)
    for (const std::size_t size : {hash_size(each.hash) - 1, hash_size(each.hash) + 1})
      CHECK_WORDS(
          Validation, std::string("Digest is invalid length for algorithm ") + each.algorithm + ".",
          sign(service(), key_of(each.spec), std::string(size, 'x'), each.algorithm, "DIGEST"));
  CHECK_WORDS(Validation, "MessageType EXTERNAL_MU is not valid for ECDSA_SHA_256.",
              sign(service(), key_of("ECC_NIST_P256"), "x", "ECDSA_SHA_256", "EXTERNAL_MU"));
  const std::string longest(4096, 'm');
  verify(service(), key_of("ECC_NIST_P256"), longest, "ECDSA_SHA_256",
         sign(service(), key_of("ECC_NIST_P256"), longest, "ECDSA_SHA_256"));
  CHECK_ERROR(Validation, sign(service(), key_of("ECC_NIST_P256"), longest + "m", "ECDSA_SHA_256"));
}

void keys_of_another_usage_do_not_sign() {
  const std::string symmetric = create_key(service());
  CHECK_WORDS(InvalidKeyUsage,
              key_arn(symmetric) + " key usage is ENCRYPT_DECRYPT which is not valid for Sign.",
              sign(service(), symmetric, "letter", "ECDSA_SHA_256"));
  const std::string agreement = create(service(), "ECC_NIST_P256", "KEY_AGREEMENT");
  CHECK_ERROR(InvalidKeyUsage, sign(service(), agreement, "letter", "ECDSA_SHA_256"));
  const std::string& signer = key_of("ECC_NIST_P256");
  CHECK_WORDS(InvalidKeyUsage,
              key_arn(signer) + " key usage is SIGN_VERIFY which is not valid for Encrypt.",
              encrypt(service(), signer, "x"));
}

void states_and_dry_runs() {
  const std::string key = create(service(), "ECC_NIST_P256", "SIGN_VERIFY");
  const Bytes signature = sign(service(), key, "letter", "ECDSA_SHA_256");
  Json dry = signing(key, "letter", "ECDSA_SHA_256");
  dry["DryRun"] = true;
  CHECK_ERROR(DryRunOperation, request(service(), "Sign", dry));
  dry["Signature"] = secret_to_base64(signature);
  CHECK_ERROR(DryRunOperation, request(service(), "Verify", dry));
  service().disable_key({key});
  CHECK_ERROR(Disabled, sign(service(), key, "letter", "ECDSA_SHA_256"));
  CHECK_ERROR(Disabled, verify(service(), key, "letter", "ECDSA_SHA_256", signature));
  // Whoever has the public key goes on anyway.
  request(service(), "GetPublicKey", {{"KeyId", key}});
  service().schedule_key_deletion({key, {}});
  CHECK_ERROR(KMSInvalidState, sign(service(), key, "letter", "ECDSA_SHA_256"));
  CHECK_ERROR(KMSInvalidState, request(service(), "GetPublicKey", {{"KeyId", key}}));
}

void the_public_key_and_what_is_said_of_it() {
  const std::string& key = key_of("ECC_NIST_P256");
  const Json answer = request(service(), "GetPublicKey", {{"KeyId", key}});
  CHECK(answer["KeyId"] == Json(key_arn(key)));
  CHECK(answer["KeySpec"] == Json("ECC_NIST_P256"));
  CHECK(answer["CustomerMasterKeySpec"] == Json("ECC_NIST_P256"));
  CHECK(answer["KeyUsage"] == Json("SIGN_VERIFY"));
  CHECK(answer["SigningAlgorithms"] == Json::array({"ECDSA_SHA_256"}));
  CHECK(!answer.contains("EncryptionAlgorithms"));
  CHECK_EQ(bytes_of(answer["PublicKey"]).size(), 91U);
  const Json metadata = request(service(), "DescribeKey", {{"KeyId", key}})["KeyMetadata"];
  CHECK(metadata["SigningAlgorithms"] == answer["SigningAlgorithms"]);
  CHECK(!metadata.contains("EncryptionAlgorithms"));
  CHECK(!metadata.contains("CurrentKeyMaterialId"));
  const std::string symmetric = create_key(service());
  CHECK_ERROR(UnsupportedOperation, request(service(), "GetPublicKey", {{"KeyId", symmetric}}));
  const std::string hmac = create(service(), "HMAC_256", "GENERATE_VERIFY_MAC");
  CHECK_ERROR(UnsupportedOperation, request(service(), "GetPublicKey", {{"KeyId", hmac}}));
}

void create_key_says_what_does_not_go_together() {
  const auto create_with = [](const Json& json) { return request(service(), "CreateKey", json); };
  CHECK_WORDS(Validation,
              "You must specify a KeyUsage value for all KMS keys except for symmetric encryption "
              "keys.",
              create_with({{"KeySpec", "RSA_2048"}}));
  CHECK_WORDS(Validation, "KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ECC_NIST_P256",
              create_with({{"KeySpec", "ECC_NIST_P256"}, {"KeyUsage", "ENCRYPT_DECRYPT"}}));
  CHECK_WORDS(Validation, "KeyUsage KEY_AGREEMENT is not compatible with KeySpec ECC_SECG_P256K1",
              create_with({{"KeySpec", "ECC_SECG_P256K1"}, {"KeyUsage", "KEY_AGREEMENT"}}));
  for (const char* spec : {"SM2", "ML_DSA_65"})
    CHECK_ERROR(UnsupportedOperation,
                create_with({{"KeySpec", spec}, {"KeyUsage", "SIGN_VERIFY"}}));
}

// The key is found and proven anew by another service, and in another connection.
void keys_are_there_for_others() {
  Service other(load_config());
  for (const Case& each : {kCases[0], kCases[6]}) {
    const Bytes signature = sign(other, key_of(each.spec), "letter", each.algorithm);
    verify(service(), key_of(each.spec), "letter", each.algorithm, signature);
  }
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("kms sign", TEST(message_and_digest_are_one),
                   TEST(an_edwards_key_signs_messages), TEST(what_is_wrong_is_refused),
                   TEST(ecdsa_takes_numbers_in_range_only), TEST(algorithms_do_not_mix),
                   TEST(digests_have_their_length), TEST(keys_of_another_usage_do_not_sign),
                   TEST(states_and_dry_runs), TEST(the_public_key_and_what_is_said_of_it),
                   TEST(create_key_says_what_does_not_go_together),
                   TEST(keys_are_there_for_others));
}
