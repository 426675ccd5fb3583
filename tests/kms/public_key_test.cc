// SPDX-License-Identifier: Apache-2.0
// What needs a public key only: done without a token call, or by the token if that is asked for.
#include <algorithm>

#include "fault.h"
#include "key_pairs.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

Service& in_host() {
  static Service kms([] {
    Config config = load_config();
    config.refresh = std::chrono::hours(1);  // the records stay fresh
    return config;
  }());
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

struct Signer {
  std::string key;
  std::string algorithm;
  Bytes signature;
};
const std::vector<Signer>& signers() {
  static const std::vector<Signer> all = [] {
    std::vector<Signer> made;
    for (const auto& [spec, algorithm] : std::vector<std::pair<const char*, const char*>>{
             {"RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"},
             {"RSA_2048", "RSASSA_PSS_SHA_512"},
             {"ECC_NIST_P256", "ECDSA_SHA_256"},
             {"ECC_NIST_P521", "ECDSA_SHA_512"},
             {"ECC_SECG_P256K1", "ECDSA_SHA_256"},
             {"ECC_NIST_EDWARDS25519", "ED25519_SHA_512"}}) {
      const std::string key = create(in_host(), spec, "SIGN_VERIFY");
      made.push_back({key, algorithm, sign(in_host(), key, "letter", algorithm)});
    }
    return made;
  }();
  return all;
}
const std::string& rsa() {
  static const std::string key = create(in_host(), "RSA_2048", "ENCRYPT_DECRYPT");
  return key;
}

template <class Operation>
std::vector<std::string> calls_of(Operation operation) {
  fault_module().arm({});
  operation();
  auto calls = fault_module().trace();
  fault_module().disarm();
  return calls;
}

void the_token_is_not_asked() {
  for (const Signer& signer : signers()) {
    const auto use = [&] {
      verify(in_host(), signer.key, "letter", signer.algorithm, signer.signature);
      CHECK_ERROR(KMSInvalidSignature,
                  verify(in_host(), signer.key, "lettre", signer.algorithm, signer.signature));
      request(in_host(), "GetPublicKey", {{"KeyId", signer.key}});
    };
    use();
    CHECK_EQ(calls_of(use).size(), 0U);
  }
  const auto use = [] {
    for (const char* algorithm : {"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"})
      encrypt_with(in_host(), rsa(), "secret", algorithm);
  };
  use();
  CHECK_EQ(calls_of(use).size(), 0U);
}

// "kms forgeries" has what is wrong with a signature.
void the_token_says_the_same() {
  for (const Signer& signer : signers()) {
    const auto use = [&] {
      const Json answer =
          verify(in_token(), signer.key, "letter", signer.algorithm, signer.signature);
      CHECK(answer == verify(in_host(), signer.key, "letter", signer.algorithm, signer.signature));
    };
    use();
    CHECK_EQ(std::ranges::count(calls_of(use), std::string("C_Verify")), 1);
    CHECK_WORDS(KMSInvalidSignature, "",
                verify(in_token(), signer.key, "lettre", signer.algorithm, signer.signature));
  }
  for (const std::size_t length : {std::size_t{1}, std::size_t{214}}) {
    const std::string plaintext = text_of(secret_of(length));
    const auto use = [&] {
      const Bytes ciphertext = encrypt_with(in_token(), rsa(), plaintext, "RSAES_OAEP_SHA_1");
      CHECK_EQ(decrypt_with(in_host(), rsa(), ciphertext, "RSAES_OAEP_SHA_1"), plaintext);
    };
    use();
    CHECK_EQ(std::ranges::count(calls_of(use), std::string("C_Encrypt")), 1);
  }
  const std::string too_long = text_of(secret_of(215));
  CHECK_EQ(
      ERROR_OF(encrypt_with(in_token(), rsa(), too_long, "RSAES_OAEP_SHA_1")).what(),
      std::string(ERROR_OF(encrypt_with(in_host(), rsa(), too_long, "RSAES_OAEP_SHA_1")).what()));
}

void what_the_token_cannot_do_is_not_done_in_silence() {
  const Error error = ERROR_OF(encrypt_with(in_token(), rsa(), "secret", "RSAES_OAEP_SHA_256"));
  CHECK_EQ(std::string(error.what()),
           "UnsupportedOperationException: The token cannot encrypt with RSAES_OAEP_SHA_256. With "
           "public-key-operations = \"host\" in trent.toml it is done in this process.");
}

// Nothing stays in the token, and a fault of its own is no bad signature.
void a_token_that_fails() {
  for (const Signer& signer : signers()) {
    const std::size_t before = RawSession().count_session_objects();
    for (const char* function : {"C_CreateObject", "C_VerifyInit", "C_Verify"}) {
      fault_module().arm({.nth = 1, .rv = CKR_DEVICE_ERROR, .function = function});
      CHECK_ERROR(KMSInternal,
                  verify(in_token(), signer.key, "letter", signer.algorithm, signer.signature));
      fault_module().disarm();
    }
    // It answers something else to a bad signature than the standard has for it.
    fault_module().arm({.nth = 1, .rv = CKR_DEVICE_ERROR, .function = "C_Verify"});
    CHECK_ERROR(KMSInvalidSignature,
                verify(in_token(), signer.key, "lettre", signer.algorithm, signer.signature));
    fault_module().disarm();
    verify(in_token(), signer.key, "letter", signer.algorithm, signer.signature);
    CHECK_EQ(RawSession().count_session_objects(), before);
  }
}

}  // namespace

int main() {
  SoftHsm token({.module = fault_module_path()});
  return RUN_TESTS("kms public_key", TEST(the_token_is_not_asked), TEST(the_token_says_the_same),
                   TEST(what_the_token_cannot_do_is_not_done_in_silence), TEST(a_token_that_fails));
}
