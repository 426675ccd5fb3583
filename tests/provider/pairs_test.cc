// SPDX-License-Identifier: Apache-2.0
// Key pairs of the provider as an application in C uses them: what `openssl` cannot show.
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "check.h"
#include "evp.h"
#include "key_pairs.h"
#include "kms.h"
#include "softhsm.h"

namespace {

using namespace trent;
using namespace trent::test;

using MdCtx = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;

const Bytes kMessage{'d', 'a', 'w', 'n'};

Service& service() {
  static Service instance(load_config());
  return instance;
}

std::string make(const std::string& spec, const std::string& usage = "SIGN_VERIFY") {
  return "kms:" + create(service(), spec, usage);
}
const std::string& rsa_uri() {
  static const std::string uri = make("RSA_2048");
  return uri;
}
const std::string& ec_uri() {
  static const std::string uri = make("ECC_NIST_P256");
  return uri;
}
const std::string& edwards_uri() {
  static const std::string uri = make("ECC_NIST_EDWARDS25519");
  return uri;
}
const std::string* const& uris() {
  static const std::string all[] = {rsa_uri(), ec_uri(), edwards_uri(), ""};
  static const std::string* const first = all;
  return first;
}

// The same key in OpenSSL's own provider, by its SubjectPublicKeyInfo.
Pkey public_half(const Pkey& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  const unsigned char* at = der;
  Pkey found(d2i_PUBKEY(nullptr, &at, size));
  OPENSSL_free(der);
  if (!found) throw OpensslError();
  return found;
}

const char* hash_for(const Pkey& key) {
  return EVP_PKEY_is_a(key.get(), "ED25519") == 1 ? nullptr : "SHA256";
}

MdCtx signer(const Pkey& key) {
  MdCtx ctx(EVP_MD_CTX_new());
  openssl_ok(EVP_DigestSignInit_ex(ctx.get(), nullptr, hash_for(key), nullptr, nullptr, key.get(),
                                   nullptr));
  return ctx;
}

Bytes sign(const Pkey& key, ByteView message) {
  const MdCtx ctx = signer(key);
  std::size_t size = 0;
  openssl_ok(EVP_DigestSign(ctx.get(), nullptr, &size, message.data(), message.size()));
  Bytes signature(size);
  openssl_ok(EVP_DigestSign(ctx.get(), signature.data(), &size, message.data(), message.size()));
  signature.resize(size);
  return signature;
}

bool verifies(const Pkey& key, ByteView message, ByteView signature) {
  const MdCtx ctx(EVP_MD_CTX_new());
  openssl_ok(EVP_DigestVerifyInit_ex(ctx.get(), nullptr, hash_for(key), nullptr, nullptr, key.get(),
                                     nullptr));
  const int ok = EVP_DigestVerify(ctx.get(), signature.data(), signature.size(), message.data(),
                                  message.size());
  ERR_clear_error();
  return ok == 1;
}

template <class F>
void for_each_pair(const F& check) {
  for (const std::string* uri = uris(); !uri->empty(); ++uri) check(load_key(*uri));
}

void signatures_are_those_of_the_public_key() {
  for_each_pair([](const Pkey& key) {
    const Bytes signature = sign(key, kMessage);
    CHECK(verifies(public_half(key), kMessage, signature));
    CHECK(verifies(key, kMessage, signature));
    CHECK(!verifies(key, Bytes{'d', 'u', 's', 'k'}, signature));
    CHECK(!verifies(key, kMessage, Bytes(signature.size(), 1)));
    CHECK(!verifies(key, kMessage, Bytes()));
  });
}

void keys_equal_their_public_halves() {
  for_each_pair([](const Pkey& key) {
    const Pkey half = public_half(key);
    CHECK_EQ(EVP_PKEY_eq(key.get(), half.get()), 1);
    CHECK_EQ(EVP_PKEY_eq(half.get(), key.get()), 1);
    CHECK_EQ(EVP_PKEY_get_bits(key.get()), EVP_PKEY_get_bits(half.get()));
    CHECK_EQ(EVP_PKEY_get_size(key.get()), EVP_PKEY_get_size(half.get()));
    CHECK_EQ(EVP_PKEY_get_security_bits(key.get()), EVP_PKEY_get_security_bits(half.get()));
    const Pkey copy(EVP_PKEY_dup(key.get()));
    CHECK(copy != nullptr);
    CHECK(verifies(half, kMessage, sign(copy, kMessage)));
  });
  CHECK(EVP_PKEY_eq(load_key(rsa_uri()).get(), load_key(make("RSA_2048")).get()) != 1);
  CHECK(EVP_PKEY_eq(load_key(rsa_uri()).get(), load_key(ec_uri()).get()) != 1);
  ERR_clear_error();
}

void curves_can_be_copied() {
  const Pkey key = load_key(ec_uri());
  const Pkey other(EVP_PKEY_new());
  openssl_ok(EVP_PKEY_copy_parameters(other.get(), key.get()));
  CHECK_EQ(EVP_PKEY_parameters_eq(other.get(), key.get()), 1);
  const Pkey half = public_half(key);
  unsigned char* point = nullptr;
  const std::size_t size = EVP_PKEY_get1_encoded_public_key(key.get(), &point);
  CHECK_EQ(size, std::size_t{65});
  CHECK_EQ(EVP_PKEY_eq(other.get(), key.get()), 0);
  openssl_ok(EVP_PKEY_set1_encoded_public_key(other.get(), point, size));
  CHECK_EQ(EVP_PKEY_eq(other.get(), key.get()), 1);
  point[size - 1] ^= 1;
  CHECK(EVP_PKEY_set1_encoded_public_key(other.get(), point, size) != 1);
  OPENSSL_free(point);
  ERR_clear_error();
}

void private_key_is_nowhere() {
  for_each_pair([](const Pkey& key) {
    OSSL_PARAM* params = nullptr;
    CHECK(EVP_PKEY_todata(key.get(), EVP_PKEY_KEYPAIR, &params) != 1);
    BIGNUM* number = nullptr;
    for (const char* name : {OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_PRIV_KEY})
      CHECK(EVP_PKEY_get_bn_param(key.get(), name, &number) != 1);
    unsigned char* der = nullptr;
    CHECK(i2d_PrivateKey(key.get(), &der) <= 0);
    ERR_clear_error();
  });
}

void context_is_used_again() {
  for_each_pair([](const Pkey& key) {
    if (hash_for(key) == nullptr) return;  // Ed25519 takes a message at once
    const MdCtx ctx = signer(key);
    Bytes signature(512);
    std::size_t size = signature.size();
    openssl_ok(EVP_DigestSignUpdate(ctx.get(), "da", 2));
    const MdCtx copy(EVP_MD_CTX_new());
    openssl_ok(EVP_MD_CTX_copy_ex(copy.get(), ctx.get()));
    openssl_ok(EVP_DigestSignUpdate(ctx.get(), "wn", 2));
    openssl_ok(EVP_DigestSignUpdate(copy.get(), "te", 2));
    openssl_ok(EVP_DigestSignFinal(ctx.get(), signature.data(), &size));
    CHECK(verifies(key, kMessage, ByteView(signature).first(size)));
    size = signature.size();
    openssl_ok(EVP_DigestSignFinal(copy.get(), signature.data(), &size));
    CHECK(verifies(key, as_bytes("date"), ByteView(signature).first(size)));
    // Again from the beginning.
    openssl_ok(EVP_DigestSignInit(ctx.get(), nullptr, nullptr, nullptr, nullptr));
    openssl_ok(EVP_DigestSignUpdate(ctx.get(), "dawn", 4));
    size = signature.size();
    openssl_ok(EVP_DigestSignFinal(ctx.get(), signature.data(), &size));
    CHECK(verifies(key, kMessage, ByteView(signature).first(size)));
  });
}

void small_buffer_is_not_written_to() {
  for_each_pair([](const Pkey& key) {
    const MdCtx ctx = signer(key);
    Bytes signature(63, 0xaa);
    std::size_t size = signature.size();
    CHECK(EVP_DigestSign(ctx.get(), signature.data(), &size, kMessage.data(), kMessage.size()) !=
          1);
    CHECK_EQ(signature, Bytes(63, 0xaa));
    ERR_clear_error();
  });
}

void queue_is_empty_after_success() {
  ERR_clear_error();
  for_each_pair([](const Pkey& key) {
    sign(key, kMessage);
    CHECK_EQ(ERR_peek_error(), 0UL);
  });
}

// Parameters as a careless program builds them.
void bad_parameters_are_refused() {
  const Pkey key = load_key(rsa_uri());
  char text[] = "pss";
  int number = 6;
  const struct {
    const char* name;
    unsigned type;
    void* data;
    std::size_t size;
  } bad[] = {{OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_PARAM_UTF8_STRING, nullptr, 3},
             {OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_PARAM_INTEGER, nullptr, sizeof number},
             {OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_PARAM_INTEGER, &number, 0},
             {OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_PARAM_OCTET_STRING, text, 3},
             {OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_PARAM_UTF8_STRING, text, 2},
             {OSSL_SIGNATURE_PARAM_PSS_SALTLEN, OSSL_PARAM_UTF8_STRING, text, 3},
             {OSSL_SIGNATURE_PARAM_PSS_SALTLEN, OSSL_PARAM_UTF8_STRING, nullptr, 0},
             {OSSL_SIGNATURE_PARAM_DIGEST, OSSL_PARAM_UTF8_STRING, text, 3},
             {OSSL_SIGNATURE_PARAM_DIGEST, OSSL_PARAM_INTEGER, &number, sizeof number},
             {OSSL_SIGNATURE_PARAM_MGF1_DIGEST, OSSL_PARAM_UTF8_STRING, nullptr, 0},
             {"nonsense", OSSL_PARAM_INTEGER, &number, sizeof number}};
  for (const auto& each : bad) {
    const PkeyCtx ctx = make_ctx(key);
    openssl_ok(EVP_PKEY_sign_init(ctx.get()));
    const OSSL_PARAM params[] = {{each.name, each.type, each.data, each.size, 0},
                                 OSSL_PARAM_construct_end()};
    if (EVP_PKEY_CTX_set_params(ctx.get(), params) == 1) fail_at(__FILE__, __LINE__, each.name);
    ERR_clear_error();
  }
}

// As OpenSSL's own functions set them, TLS among them.
void legacy_controls_work() {
  const Pkey key = load_key(rsa_uri());
  const MdCtx ctx(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  openssl_ok(
      EVP_DigestSignInit_ex(ctx.get(), &options, "SHA2-256", nullptr, nullptr, key.get(), nullptr));
  int padding = 0;
  CHECK(EVP_PKEY_CTX_get_rsa_padding(options, &padding) > 0);
  CHECK_EQ(padding, RSA_PKCS1_PADDING);
  openssl_ok(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING));
  openssl_ok(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST));
  openssl_ok(EVP_PKEY_CTX_set_rsa_mgf1_md(options, EVP_sha256()));
  CHECK(EVP_PKEY_CTX_get_rsa_padding(options, &padding) > 0);
  CHECK_EQ(padding, RSA_PKCS1_PSS_PADDING);
  const EVP_MD* md = nullptr;
  CHECK(EVP_PKEY_CTX_get_signature_md(options, &md) > 0);
  CHECK_EQ(EVP_MD_get_type(md), NID_sha256);
  Bytes signature(256);
  std::size_t size = signature.size();
  openssl_ok(EVP_DigestSign(ctx.get(), signature.data(), &size, kMessage.data(), kMessage.size()));
  CHECK_EQ(size, std::size_t{256});
}

void threads_share_a_key() {
  const Pkey rsa = load_key(rsa_uri());
  const Pkey ec = load_key(ec_uri());
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) {
        const Pkey& key = j % 2 == 0 ? rsa : ec;
        if (verifies(key, kMessage, sign(key, kMessage))) ++good;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(good.load(), kThreads * kEach);
}

void child_after_fork_signs() {
  const Pkey key = load_key(ec_uri());
  sign(key, kMessage);
  const pid_t child = fork();
  if (child == 0) {
    bool ok = false;
    try {
      ok = verifies(key, kMessage, sign(key, kMessage));
    } catch (const std::exception&) {  // not ok
    }
    _exit(ok ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK_EQ(status, 0);
  CHECK(verifies(key, kMessage, sign(key, kMessage)));
}

// With this provider loaded first, an ordinary key is still an ordinary one.
void other_keys_stay_where_they_are() {
  const LibCtx libctx(OSSL_LIB_CTX_new());
  openssl_ok(OSSL_PROVIDER_set_default_search_path(libctx.get(), modules_directory().c_str()));
  const LoadedProvider trent = load_provider(libctx.get(), "trent");
  const LoadedProvider standard = load_provider(libctx.get(), "default");
  const Pkey made(EVP_PKEY_Q_keygen(libctx.get(), nullptr, "EC", "P-256"));
  CHECK(made != nullptr);
  CHECK_EQ(std::string(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(made.get()))), "default");
  const Pkey ours = load_key(ec_uri(), libctx.get());
  CHECK_EQ(std::string(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(ours.get()))), "trent");
  // A private key does not come in.
  const PkeyCtx in(EVP_PKEY_CTX_new_from_name(libctx.get(), "EC", "provider=trent"));
  OSSL_PARAM* params = nullptr;
  openssl_ok(EVP_PKEY_todata(made.get(), EVP_PKEY_KEYPAIR, &params));
  EVP_PKEY* taken = nullptr;
  CHECK(EVP_PKEY_fromdata_init(in.get()) != 1 ||
        EVP_PKEY_fromdata(in.get(), &taken, EVP_PKEY_KEYPAIR, params) != 1);
  OSSL_PARAM_free(params);
  ERR_clear_error();
}

int run_all() {
  SoftHsm token({.module = kSoftHsmModule, .reset_on_fork = false});
  const Providers providers;
  return RUN_TESTS("provider pairs", TEST(signatures_are_those_of_the_public_key),
                   TEST(keys_equal_their_public_halves), TEST(curves_can_be_copied),
                   TEST(private_key_is_nowhere), TEST(context_is_used_again),
                   TEST(small_buffer_is_not_written_to), TEST(queue_is_empty_after_success),
                   TEST(bad_parameters_are_refused), TEST(legacy_controls_work),
                   TEST(threads_share_a_key), TEST(child_after_fork_signs),
                   TEST(other_keys_stay_where_they_are));
}

}  // namespace

int main() {
  try {
    return run_all();
  } catch (const std::exception& e) {
    std::printf("Bail out! %s\n", e.what());
    return 1;
  }
}
