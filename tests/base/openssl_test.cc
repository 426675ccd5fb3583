// SPDX-License-Identifier: Apache-2.0
// Trent's own OpenSSL context: it works whatever the application did to its own, and leaves that
// alone.
#include "base/openssl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <stdexcept>
#include <thread>

#include "check.h"

namespace {

using namespace trent;

// The calling thread's default context.
OSSL_LIB_CTX* current_default() {
  return OSSL_LIB_CTX_set0_default(nullptr);
}

void sha256_has_the_known_answers() {
  // FIPS 180-4 examples.
  CHECK_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK_EQ(to_hex(sha256({as_bytes("abc")})),
           "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK_EQ(to_hex(sha256({as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")})),
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

// RFC 4231, cases 1, 2 and 6; and a key that fills a block.
void hmac_has_the_known_answers() {
  const auto hmac = [](const std::string& key, std::string_view message) {
    return to_hex(hmac_sha256(as_bytes(key), as_bytes(message)));
  };
  CHECK_EQ(hmac(std::string(20, '\x0b'), "Hi There"),
           "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK_EQ(hmac("Jefe", "what do ya want for nothing?"),
           "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK_EQ(hmac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
           "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK_EQ(hmac(std::string(64, 'k'), ""),
           "83026a325aaee70e36cfe607536aa1054104ad1077c36134810d4ccded1ccd3b");
  CHECK_EQ(hmac("", ""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

void sha256_hashes_the_concatenation() {
  CHECK_EQ(to_hex(sha256({as_bytes("a"), {}, as_bytes("bc")})), to_hex(sha256({as_bytes("abc")})));
}

void random_bytes_differ() {
  Bytes a(32);
  Bytes b(32);
  fill_random(a);
  fill_random(b);
  CHECK(a != b);
  CHECK(a != Bytes(32));
  fill_random({});
}

void guard_switches_the_thread_to_the_private_context() {
  OSSL_LIB_CTX* before = current_default();
  CHECK(before != private_libctx());
  {
    OpensslGuard guard;
    CHECK(current_default() == private_libctx());
    {
      OpensslGuard inner;
      CHECK(current_default() == private_libctx());
    }
    CHECK(current_default() == private_libctx());
  }
  CHECK(current_default() == before);
}

void guard_restores_a_context_of_the_application() {
  std::unique_ptr<OSSL_LIB_CTX, decltype(&OSSL_LIB_CTX_free)> own(OSSL_LIB_CTX_new(),
                                                                  OSSL_LIB_CTX_free);
  OSSL_LIB_CTX* before = OSSL_LIB_CTX_set0_default(own.get());
  { OpensslGuard guard; }
  OSSL_LIB_CTX* after_guard = current_default();
  try {
    OpensslGuard guard;
    throw std::runtime_error("unwinding");
  } catch (const std::runtime_error&) {
  }
  OSSL_LIB_CTX* after_throw = current_default();
  OSSL_LIB_CTX_set0_default(before);
  CHECK(after_guard == own.get());
  CHECK(after_throw == own.get());
}

void guard_leaves_other_threads_alone() {
  OSSL_LIB_CTX* elsewhere = nullptr;
  OpensslGuard guard;
  std::thread([&] { elsewhere = current_default(); }).join();
  CHECK(elsewhere != nullptr);
  CHECK(elsewhere != private_libctx());
}

void guard_keeps_the_callers_errors_and_drops_its_own() {
  ERR_clear_error();
  ERR_raise_data(ERR_LIB_USER, 1, "the application's");
  {
    OpensslGuard guard;
    ERR_raise_data(ERR_LIB_USER, 2, "the token's");
    ERR_raise_data(ERR_LIB_USER, 3, "the token's");
    CHECK_EQ(ERR_GET_REASON(ERR_peek_last_error()), 3);
  }
  CHECK_EQ(ERR_GET_REASON(ERR_get_error()), 1);
  CHECK_EQ(ERR_get_error(), 0UL);
}

void nothing_is_left_on_the_error_queue() {
  ERR_clear_error();
  private_libctx();
  sha256({as_bytes("abc")});
  Bytes out(16);
  fill_random(out);
  from_base64("!!!!");
  CHECK_EQ(ERR_peek_error(), 0UL);
}

// The application loads the null provider only, as `openssl -provider null` does.
void works_without_the_applications_providers() {
  std::unique_ptr<OSSL_LIB_CTX, decltype(&OSSL_LIB_CTX_free)> bare(OSSL_LIB_CTX_new(),
                                                                   OSSL_LIB_CTX_free);
  OSSL_PROVIDER* null_provider = OSSL_PROVIDER_load(bare.get(), "null");
  OSSL_LIB_CTX* before = OSSL_LIB_CTX_set0_default(bare.get());
  ERR_set_mark();
  EVP_MD* of_the_application = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  ERR_pop_to_mark();
  std::string hash = to_hex(sha256({as_bytes("abc")}));
  Bytes random(16);
  fill_random(random);
  OSSL_LIB_CTX_set0_default(before);
  EVP_MD_free(of_the_application);
  OSSL_PROVIDER_unload(null_provider);

  CHECK(null_provider != nullptr);
  CHECK(of_the_application == nullptr);  // or this test would show nothing
  CHECK_EQ(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(random != Bytes(16));
}

void private_context_is_one_and_has_the_default_provider() {
  OSSL_LIB_CTX* elsewhere = nullptr;
  std::thread([&] { elsewhere = private_libctx(); }).join();
  CHECK(elsewhere == private_libctx());
  CHECK_EQ(OSSL_PROVIDER_available(private_libctx(), "default"), 1);
}

}  // namespace

int main() {
  return RUN_TESTS(
      "openssl", TEST(sha256_has_the_known_answers), TEST(hmac_has_the_known_answers),
      TEST(sha256_hashes_the_concatenation), TEST(random_bytes_differ),
      TEST(guard_switches_the_thread_to_the_private_context),
      TEST(guard_restores_a_context_of_the_application), TEST(guard_leaves_other_threads_alone),
      TEST(guard_keeps_the_callers_errors_and_drops_its_own),
      TEST(nothing_is_left_on_the_error_queue), TEST(works_without_the_applications_providers),
      TEST(private_context_is_one_and_has_the_default_provider));
}
