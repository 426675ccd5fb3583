// SPDX-License-Identifier: Apache-2.0
// GenerateMac and VerifyMac, and DeriveSharedSecret.
#include "base/public_key.h"
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

Json mac_request(const std::string& key, std::string_view message, const std::string& algorithm) {
  return {{"KeyId", key}, {"Message", base64(message)}, {"MacAlgorithm", algorithm}};
}
Bytes mac_of(const std::string& key, std::string_view message, const std::string& algorithm) {
  return bytes_of(request(service(), "GenerateMac", mac_request(key, message, algorithm))["Mac"]);
}
Json verify_mac(const std::string& key, std::string_view message, const std::string& algorithm,
                const Bytes& mac) {
  Json json = mac_request(key, message, algorithm);
  json["Mac"] = secret_to_base64(mac);
  return request(service(), "VerifyMac", json);
}

void each_spec_has_its_algorithm() {
  for (const auto& [bits, size] : {std::pair("224", 28U), std::pair("256", 32U),
                                   std::pair("384", 48U), std::pair("512", 64U)}) {
    const std::string key = create(service(), std::string("HMAC_") + bits, "GENERATE_VERIFY_MAC");
    const std::string algorithm = std::string("HMAC_SHA_") + bits;
    const Bytes mac = mac_of(key, "letter", algorithm);
    CHECK_EQ(mac.size(), size);
    CHECK(mac == mac_of(key, "letter", algorithm));
    const Json answer = verify_mac(key, "letter", algorithm, mac);
    CHECK(answer["MacValid"] == Json(true));
    CHECK(answer["KeyId"] == Json(key_arn(key)));
    CHECK_WORDS(KMSInvalidMac, "", verify_mac(key, "lettre", algorithm, mac));
    CHECK_ERROR(KMSInvalidMac, verify_mac(key, "letter", algorithm, {mac.begin(), mac.end() - 1}));
    for (const std::size_t at : {std::size_t{0}, mac.size() - 1}) {
      Bytes changed = mac;
      changed[at] ^= 1;
      CHECK_ERROR(KMSInvalidMac, verify_mac(key, "letter", algorithm, changed));
    }
    const char* other = algorithm == "HMAC_SHA_256" ? "HMAC_SHA_512" : "HMAC_SHA_256";
    CHECK_ERROR(InvalidKeyUsage, mac_of(key, "letter", other));
    const Json metadata = request(service(), "DescribeKey", {{"KeyId", key}})["KeyMetadata"];
    CHECK(metadata["MacAlgorithms"] == Json::array({algorithm}));
  }
}

void hmac_keys_do_nothing_else() {
  const std::string key = create(service(), "HMAC_256", "GENERATE_VERIFY_MAC");
  CHECK_ERROR(InvalidKeyUsage, encrypt(service(), key, "x"));
  CHECK_ERROR(InvalidKeyUsage, sign(service(), key, "x", "ECDSA_SHA_256"));
  CHECK_ERROR(InvalidKeyUsage, mac_of(create_key(service()), "x", "HMAC_SHA_256"));
  service().disable_key({key});
  CHECK_ERROR(Disabled, mac_of(key, "x", "HMAC_SHA_256"));
}

Json agreement(const std::string& key, const Bytes& peer) {
  return {{"KeyId", key}, {"KeyAgreementAlgorithm", "ECDH"}, {"PublicKey", secret_to_base64(peer)}};
}

void both_sides_agree() {
  for (const auto& [spec, size] : {std::pair("ECC_NIST_P256", 32U), std::pair("ECC_NIST_P384", 48U),
                                   std::pair("ECC_NIST_P521", 66U)}) {
    const std::string a = create(service(), spec, "KEY_AGREEMENT");
    const std::string b = create(service(), spec, "KEY_AGREEMENT");
    const auto public_key = [](const std::string& key) {
      return bytes_of(request(service(), "GetPublicKey", {{"KeyId", key}})["PublicKey"]);
    };
    const Json one = request(service(), "DeriveSharedSecret", agreement(a, public_key(b)));
    const Json other = request(service(), "DeriveSharedSecret", agreement(b, public_key(a)));
    CHECK(one["SharedSecret"] == other["SharedSecret"]);
    CHECK_EQ(bytes_of(one["SharedSecret"]).size(), size);
    CHECK(one["KeyOrigin"] == Json("AWS_KMS"));
    // With a key that is none of the token's.
    const PublicKey ours(public_key(a));
    const EphemeralKey peer(ours);
    const Json answer = request(service(), "DeriveSharedSecret",
                                agreement(a, ec_public_key(ours.curve(), peer.point())));
    const SecretBytes secret = peer.agree_with(ours);
    CHECK(bytes_of(answer["SharedSecret"]) == Bytes(secret.begin(), secret.end()));
  }
}

void bad_peers_are_refused() {
  const std::string key = create(service(), "ECC_NIST_P256", "KEY_AGREEMENT");
  const std::string p384 = create(service(), "ECC_NIST_P384", "KEY_AGREEMENT");
  const Bytes good = bytes_of(request(service(), "GetPublicKey", {{"KeyId", key}})["PublicKey"]);
  const Bytes other = bytes_of(request(service(), "GetPublicKey", {{"KeyId", p384}})["PublicKey"]);
  Bytes off_the_curve = good;
  off_the_curve.back() ^= 1;
  Bytes longer = good;
  longer.push_back(0);
  for (const Bytes& peer : {other, off_the_curve, longer, Bytes(65, 4), Bytes{0x30}})
    CHECK_WORDS(Validation, "PublicKey is not a public key on the curve of key spec ECC_NIST_P256.",
                request(service(), "DeriveSharedSecret", agreement(key, peer)));
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("kms mac", TEST(each_spec_has_its_algorithm), TEST(hmac_keys_do_nothing_else),
                   TEST(both_sides_agree), TEST(bad_peers_are_refused));
}
