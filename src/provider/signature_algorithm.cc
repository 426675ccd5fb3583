// SPDX-License-Identifier: Apache-2.0
// KMS has one way of each: MGF1 and salt of PSS follow its hash.
#include "provider/signature_algorithm.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "kms/algorithm.h"
#include "provider/params.h"

namespace trent::provider {

namespace {

[[noreturn]] void refuse(const std::string& what, const Key& key) {
  std::string advice;
  for (const std::string_view algorithm : key.spec->mac.empty() ? key.spec->signing : key.spec->mac)
    advice += (advice.empty() ? "It has " : ", ") + std::string(algorithm);
  throw Error(
      ErrorCode::UnsupportedOperation,
      "KMS has no " + what + " with keys of spec " + std::string(wire_name(key.spec->spec)) + ".",
      advice.empty() ? "Use a key with the usage SIGN_VERIFY." : advice + ".");
}

// OpenSSL has numbers for what the command line has names for.
struct Word {
  const char* name;
  int number;
};
constexpr std::array<Word, 2> kPaddings{{{OSSL_PKEY_RSA_PAD_MODE_PKCSV15, RSA_PKCS1_PADDING},
                                         {OSSL_PKEY_RSA_PAD_MODE_PSS, RSA_PKCS1_PSS_PADDING}}};
constexpr std::array<Word, 3> kSaltLengths{
    {{OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST, RSA_PSS_SALTLEN_DIGEST},
     {OSSL_PKEY_RSA_PSS_SALT_LEN_AUTO, RSA_PSS_SALTLEN_AUTO},
     {OSSL_PKEY_RSA_PSS_SALT_LEN_MAX, RSA_PSS_SALTLEN_MAX}}};

int get_word(const OSSL_PARAM& param, std::span<const Word> words) {
  int number = 0;
  if (param.data_type == OSSL_PARAM_INTEGER && param.data != nullptr &&
      OSSL_PARAM_get_int(&param, &number) == 1)
    return number;
  const std::string text = get_text(param);
  for (const Word& word : words)
    if (text == word.name) return word.number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  throw Error(ErrorCode::Validation,
              std::string("The parameter ") + param.key + " has no value " + text + ".");
}

void answer(OSSL_PARAM params[], const char* name, std::span<const Word> words, int number) {
  const OSSL_PARAM* asked = OSSL_PARAM_locate(params, name);
  if (asked == nullptr) return;
  if (asked->data_type == OSSL_PARAM_INTEGER) return set_number(params, name, number);
  for (const Word& word : words)
    if (word.number == number) set_text(params, name, word.name);
}

const char* suffix(Hash hash) {
  constexpr std::array<const char*, 5> kSuffixes{"_SHA_1", "_SHA_224", "_SHA_256", "_SHA_384",
                                                 "_SHA_512"};
  return kSuffixes[static_cast<std::size_t>(hash)];
}

bool is_rsa(const Key& key) {
  return key.spec->key_pair != nullptr && key.spec->key_pair->type == CKK_RSA;
}

bool is_ecdsa(const Key& key) {
  return key.spec->key_pair != nullptr && key.spec->key_pair->type == CKK_EC;
}

bool is_sha2(Hash hash) {
  return hash == Hash::Sha256 || hash == Hash::Sha384 || hash == Hash::Sha512;
}

void require_kms_pss(const Key& key, const SignatureSettings& settings) {
  const Hash hash = settings.hash.value_or(Hash::Sha1);
  if (settings.mgf1_hash.value_or(hash) != hash) refuse("PSS with another hash in MGF1", key);
  const int salt = settings.salt_length;
  // To verify is to find the salt out, unless it is said; KMS's is as long as the hash.
  if (salt != RSA_PSS_SALTLEN_DIGEST && salt != RSA_PSS_SALTLEN_AUTO &&
      salt != static_cast<int>(hash_size(hash)))
    refuse("PSS with a salt of another length than the hash", key);
}

}  // namespace

void require_signing_key(const Key& key) {
  if (key.spec->signing.empty() && key.spec->mac.empty()) refuse("signatures", key);
}

Hash hash_of(const Key& key, const OSSL_PARAM& param) {
  const std::string name = get_text(param);
  if (const auto hash = hash_named(name)) return *hash;
  refuse(name + " signatures", key);
}

void require_message_fits(std::size_t before, std::size_t more) {
  constexpr std::size_t kMax = 4096;
  if (more > kMax - before)
    throw Error(ErrorCode::Validation,
                "KMS takes messages of up to 4096 bytes for HMAC and Ed25519 keys.",
                "Give a hash of the message.");
}

bool set_signature_param(const Key& key, SignatureSettings& settings, const OSSL_PARAM& param) {
  const std::string_view name = param.key;
  if (name == OSSL_SIGNATURE_PARAM_DIGEST) {
    settings.hash = hash_of(key, param);
  } else if (name == OSSL_SIGNATURE_PARAM_PAD_MODE && is_rsa(key)) {
    const int padding = get_word(param, kPaddings);
    if (padding != RSA_PKCS1_PADDING && padding != RSA_PKCS1_PSS_PADDING)
      refuse("signatures with this padding", key);
    settings.pss = padding == RSA_PKCS1_PSS_PADDING;
  } else if (name == OSSL_SIGNATURE_PARAM_PSS_SALTLEN && is_rsa(key)) {
    settings.salt_length = get_word(param, kSaltLengths);
  } else if (name == OSSL_SIGNATURE_PARAM_MGF1_DIGEST && is_rsa(key)) {
    settings.mgf1_hash = hash_of(key, param);
  } else {
    return name == OSSL_SIGNATURE_PARAM_PROPERTIES || name == OSSL_SIGNATURE_PARAM_MGF1_PROPERTIES;
  }
  return true;
}

void get_signature_params(const Key& key, const SignatureSettings& settings, OSSL_PARAM params[]) {
  if (settings.hash) set_text(params, OSSL_SIGNATURE_PARAM_DIGEST, hash_name(*settings.hash));
  if (!is_rsa(key)) return;
  if (const auto mgf1 = settings.mgf1_hash ? settings.mgf1_hash : settings.hash)
    set_text(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST, hash_name(*mgf1));
  answer(params, OSSL_SIGNATURE_PARAM_PAD_MODE, kPaddings,
         settings.pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING);
  answer(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN, kSaltLengths, settings.salt_length);
}

std::string kms_algorithm(const Key& key, const SignatureSettings& settings) {
  const kms::Algorithms algorithms = key.spec->mac.empty() ? key.spec->signing : key.spec->mac;
  if (!is_rsa(key)) {
    std::string only(algorithms.front());
    // Ed25519 hashes as a part of it, and has no other hash.
    if (settings.hash &&
        !(is_ecdsa(key) ? is_sha2(*settings.hash)
                        : !only.starts_with("ED25519") && only.ends_with(suffix(*settings.hash))))
      refuse(hash_name(*settings.hash) + std::string(" signatures"), key);
    return only;
  }
  if (settings.pss) require_kms_pss(key, settings);
  if (!settings.hash) refuse("signatures without a hash", key);
  std::string name = settings.pss ? "RSASSA_PSS" : "RSASSA_PKCS1_V1_5";
  name += suffix(*settings.hash);
  if (std::ranges::find(algorithms, name) == algorithms.end()) refuse(name, key);
  return name;
}

Bytes kms_digest(const Key& key, ByteView digest) {
  if (is_ecdsa(key))
    return fit_to_curve(digest, kms::signing_algorithm(key.spec->signing.front()).hash);
  return {digest.begin(), digest.end()};
}

Bytes algorithm_identifier(const Key& key, const SignatureSettings& settings) {
  const kms::SigningAlgorithm algorithm = kms::signing_algorithm(kms_algorithm(key, settings));
  if (algorithm.scheme == SignatureScheme::Eddsa)
    return {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};  // RFC 8410, section 3
  return key.public_key->algorithm_identifier(algorithm.scheme,
                                              settings.hash.value_or(algorithm.hash));
}

}  // namespace trent::provider
