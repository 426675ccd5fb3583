// SPDX-License-Identifier: Apache-2.0
// Whether the duration of a Decrypt with an RSA key tells how the padding is wrong, which would be
// an oracle for plaintexts (Manger, CRYPTO 2001): see oaep_timing.sh.
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/openssl.h"
#include "key_pairs.h"
#include "softhsm.h"

namespace {

using namespace trent;
using namespace trent::test;

// A padded message of this key's that begins with this byte, encrypted; everything else of it is
// random, and so wrong.
Bytes bad_ciphertext(EVP_PKEY* key, std::uint8_t first) {
  Bytes padded(256);
  fill_random(padded);
  padded[0] = first;
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
  Bytes out(256);
  std::size_t size = out.size();
  const bool done = EVP_PKEY_encrypt_init(context) == 1 &&
                    EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
                    EVP_PKEY_encrypt(context, out.data(), &size, padded.data(), padded.size()) == 1;
  EVP_PKEY_CTX_free(context);
  if (!done) throw std::runtime_error("cannot encrypt");
  return out;
}

struct Sample {
  double mean = 0, variance = 0, median = 0;
  std::size_t size = 0;
};

// Without the slowest tenth, which is other programs'.
Sample describe(std::vector<double> values) {
  std::ranges::sort(values);
  values.resize(values.size() * 9 / 10);
  Sample sample;
  sample.size = values.size();
  sample.median = values[values.size() / 2];
  for (const double value : values) sample.mean += value / static_cast<double>(values.size());
  for (const double value : values)
    sample.variance +=
        (value - sample.mean) * (value - sample.mean) / static_cast<double>(values.size() - 1);
  return sample;
}

double decrypt_bad(Service& kms, const std::string& key, const Bytes& ciphertext,
                   const char* algorithm) {
  kms::DecryptRequest request;
  request.key_id = key;
  request.ciphertext_blob = ciphertext;
  request.encryption_algorithm = algorithm;
  const auto start = std::chrono::steady_clock::now();
  try {
    kms.decrypt(request);
  } catch (const Error& error) {
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    if (error.code() == ErrorCode::InvalidCiphertext && error.message().empty())
      return took.count();
  }
  throw std::runtime_error("a wrong padding was not InvalidCiphertextException");
}

}  // namespace

int main(int count, char** arguments) {
  const int paddings = count > 1 ? std::atoi(arguments[1]) : 20'000;
  SoftHsm token;
  Service kms(load_config());
  const std::string key = create(kms, "RSA_2048", "ENCRYPT_DECRYPT");
  const Bytes der = bytes_of(request(kms, "GetPublicKey", {{"KeyId", key}})["PublicKey"]);
  const unsigned char* at = der.data();
  EVP_PKEY* public_key = d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()));
  bool is_alike = true;
  for (const char* algorithm : {"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"}) {
    // In an order that nothing else can go by, such as OpenSSL's blinding, which changes after
    // every 32 uses of a key; and made before, so that all that is done in between is alike.
    std::vector<Bytes> ciphertexts;
    Bytes order(static_cast<std::size_t>(paddings));
    fill_random(order);
    for (std::uint8_t& first : order) {
      first &= 1;
      ciphertexts.push_back(bad_ciphertext(public_key, first));
    }
    std::vector<double> zero, other;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const double took = decrypt_bad(kms, key, ciphertexts[i], algorithm);
      if (i >= order.size() / 20) (order[i] == 0 ? zero : other).push_back(took);
    }
    const Sample a = describe(std::move(zero));
    const Sample b = describe(std::move(other));
    const double t = (a.mean - b.mean) / std::sqrt(a.variance / static_cast<double>(a.size) +
                                                   b.variance / static_cast<double>(b.size));
    // As dudect has it: a difference that is there shows with a t of more than 4.5.
    constexpr double kDifferent = 4.5;
    const bool alike = std::abs(t) < kDifferent;
    is_alike = is_alike && alike;
    std::printf(
        "%s - %s: first byte 0: median %.2f us, mean %.2f; another: median %.2f us, mean "
        "%.2f; t = %.2f\n",
        alike ? "ok" : "not ok", algorithm, a.median, a.mean, b.median, b.mean, t);
  }
  EVP_PKEY_free(public_key);
  return is_alike ? EXIT_SUCCESS : EXIT_FAILURE;
}
