// SPDX-License-Identifier: Apache-2.0
// The provider as an application sees it: EVP and OSSL_STORE, in one process with one token.
#include <openssl/provider.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "base/openssl.h"
#include "check.h"
#include "evp.h"
#include "kms.h"
#include "sanitized.h"
#include "softhsm.h"

namespace {

using namespace trent;
using namespace trent::test;

const Options kAcme = {{"encryption-context", R"({"tenant":"acme"})"}};

// The same keys, from the side of the KMS. A function, because SoftHsm has to be there first.
Service& service() {
  static Service instance(load_config());
  return instance;
}

std::string make_key(const std::string& alias) {
  const auto made = service().create_key({}).key_metadata;
  if (!alias.empty()) service().create_alias({alias, made.key_id});
  return made.arn;
}

const std::string& old_arn() {
  static const std::string arn = make_key("alias/old");
  return arn;
}
const std::string& new_arn() {
  static const std::string arn = make_key("alias/new");
  return arn;
}
Pkey old_key() {
  return load_key("kms:" + old_arn());
}
Pkey new_key() {
  return load_key("kms:" + new_arn());
}

Bytes bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

// What OpenSSL says of a call that must fail.
template <class F>
std::string failure(F&& call) {
  try {
    call();
  } catch (const OpensslError& e) {
    return e.what();
  }
  return "went through";
}

#define CHECK_FAILS(text, ...)                                                        \
  do {                                                                                \
    const std::string said = failure([&] { static_cast<void>(__VA_ARGS__); });        \
    if (said.find(text) == std::string::npos)                                         \
      fail_at(__FILE__, __LINE__, #__VA_ARGS__ " said \"" + said + "\", not " #text); \
  } while (0)

void a_secret_comes_back() {
  const Pkey key = old_key();
  const Bytes blob = encrypt(encrypt_ctx(key, kAcme), bytes("secret"));
  CHECK_EQ(decrypt(decrypt_ctx(key, kAcme), blob), bytes("secret"));
}

void lengths_from_1_to_4096_come_back() {
  const Pkey key = old_key();
  for (const std::size_t length : {1, 7, 8, 9, 512, 513, 4095, 4096}) {
    Bytes plaintext(length);
    fill_random(plaintext);
    CHECK_EQ(decrypt(decrypt_ctx(key), encrypt(encrypt_ctx(key), plaintext)), plaintext);
  }
}

void lengths_that_kms_refuses_are_refused() {
  const Pkey key = old_key();
  CHECK_FAILS("ValidationException: 1 validation error", encrypt(encrypt_ctx(key), Bytes()));
  CHECK_FAILS("ValidationException: 1 validation error", encrypt(encrypt_ctx(key), Bytes(4097)));
  CHECK_FAILS("ValidationException: 1 validation error", decrypt(decrypt_ctx(key), Bytes()));
  CHECK_FAILS("ValidationException: 1 validation error", decrypt(decrypt_ctx(key), Bytes(6145)));
}

void reencrypt_moves_a_secret() {
  const Bytes blob = encrypt(encrypt_ctx(old_key(), kAcme), bytes("secret"));
  const PkeyCtx mover =
      encrypt_ctx(new_key(), {{"reencrypt", "1"},
                              {"encryption-context", R"({"tenant":"umbrella"})"},
                              {"source-key-id", "alias/old"},
                              {"source-encryption-algorithm", "SYMMETRIC_DEFAULT"},
                              {"source-encryption-context", R"({"tenant":"acme"})"}});
  const Bytes moved = encrypt(mover, blob);
  CHECK_EQ(get_text(mover, "key-arn"), new_arn());
  CHECK_EQ(get_text(mover, "source-key-arn"), old_arn());
  const auto material = [](const std::string& arn) {
    return service().describe_key({arn, {}}).key_metadata.current_key_material_id;
  };
  CHECK_EQ(get_text(mover, "key-material-id"), material(new_arn()));
  CHECK_EQ(get_text(mover, "source-key-material-id"), material(old_arn()));

  const Options umbrella = {{"encryption-context", R"({"tenant":"umbrella"})"}};
  CHECK_EQ(decrypt(decrypt_ctx(new_key(), umbrella), moved), bytes("secret"));
  CHECK_FAILS("IncorrectKeyException", decrypt(decrypt_ctx(old_key(), umbrella), moved));
  CHECK_FAILS("InvalidCiphertextException", decrypt(decrypt_ctx(new_key(), kAcme), moved));
}

// How often the memory of this process holds a text, of which only a disguised copy is known here.
std::size_t copies_in_memory(const Bytes& disguised) {
  std::size_t found = 0;
  std::ifstream maps("/proc/self/maps");
  std::ifstream memory("/proc/self/mem", std::ios::binary);
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    char mode[5] = "";
    // Larger ones are the sanitizers' shadows, which are mostly not there.
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, mode) != 3 || mode[1] != 'w' ||
        end - begin > std::uint64_t{1} << 30)
      continue;
    Bytes region(end - begin);
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(begin));
    if (!memory.read(reinterpret_cast<char*>(region.data()),
                     static_cast<std::streamsize>(region.size())))
      continue;
    for (std::uint8_t& byte : region) byte ^= 0x5a;
    for (auto at = region.begin();; ++at) {
      at = std::search(at, region.end(), disguised.begin(), disguised.end());
      if (at == region.end()) break;
      ++found;
    }
  }
  return found;
}

// What else the token or the C library keeps of it is the same before and after.
void a_context_keeps_no_plaintext() {
  if (kSanitized) return;  // its memory is too much to search
  PkeyCtx out = encrypt_ctx(old_key(), kAcme);
  Bytes disguised(300);
  fill_random(disguised);
  {
    SecretBytes secret(disguised.begin(), disguised.end());
    for (std::uint8_t& byte : secret) byte ^= 0x5a;
    std::size_t size = 1000;
    Bytes blob(size);
    openssl_ok(EVP_PKEY_encrypt(out.get(), blob.data(), &size, secret.data(), secret.size()));
  }
  const std::size_t with_context = copies_in_memory(disguised);
  out.reset();
  CHECK_EQ(with_context, copies_in_memory(disguised));
}

void a_context_serves_many_operations() {
  const PkeyCtx out = encrypt_ctx(old_key(), kAcme);
  const PkeyCtx back = decrypt_ctx(old_key(), kAcme);
  const Bytes first = encrypt(out, bytes("one"));
  const Bytes second = encrypt(out, bytes("another"));
  CHECK_FAILS("InvalidCiphertextException", decrypt(back, Bytes(first.size())));
  CHECK_EQ(decrypt(back, second), bytes("another"));
  CHECK_EQ(decrypt(back, first), bytes("one"));
}

void each_operation_may_have_another_context() {
  const PkeyCtx out = encrypt_ctx(old_key(), kAcme);
  CHECK_FAILS("ValidationException: The parameter encryption-context is given twice",
              set_options(out, {{"encryption-context", "tenant=umbrella"}}));
  const Bytes first = encrypt(out, bytes("secret"));
  CHECK_EQ(decrypt(decrypt_ctx(old_key(), kAcme), first), bytes("secret"));
  set_options(out, {{"encryption-context", "tenant=umbrella"}});
  const Bytes second = encrypt(out, bytes("secret"));
  CHECK_FAILS("InvalidCiphertextException", decrypt(decrypt_ctx(old_key(), kAcme), second));
  CHECK_EQ(
      decrypt(decrypt_ctx(old_key(), {{"encryption-context", R"({"tenant":"umbrella"})"}}), second),
      bytes("secret"));
}

void keys_used_can_be_asked_for_afterwards() {
  const PkeyCtx out = encrypt_ctx(old_key());
  CHECK_EQ(get_text(out, "key-arn"), "");
  const Bytes blob = encrypt(out, bytes("secret"));
  CHECK_EQ(get_text(out, "key-arn"), old_arn());
  CHECK_EQ(get_text(out, "source-key-arn"), "");
  const PkeyCtx back = decrypt_ctx(old_key());
  decrypt(back, blob);
  CHECK_EQ(get_text(back, "key-arn"), old_arn());
  CHECK_EQ(get_text(back, "key-material-id"), get_text(out, "key-material-id"));
}

void wrong_key_is_told_in_the_words_of_kms() {
  const Bytes blob = encrypt(encrypt_ctx(old_key()), bytes("secret"));
  CHECK_FAILS(
      "IncorrectKeyException: The key ID in the request does not identify a CMK that can perform "
      "this operation.",
      decrypt(decrypt_ctx(new_key()), blob));
}

void size_query_leaves_the_token_alone() {
  const std::string arn = make_key("");
  const Pkey key = load_key("kms:" + arn);
  const Bytes blob = encrypt(encrypt_ctx(key), bytes("secret"));
  service().disable_key({arn});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // `refresh` of this test is 10 ms
  const Bytes plaintext = bytes("secret");
  for (const bool move : {false, true}) {
    const PkeyCtx out = encrypt_ctx(key, {{"reencrypt", move ? "1" : "0"}});
    const Bytes& in = move ? blob : plaintext;
    std::size_t size = 0;
    openssl_ok(EVP_PKEY_encrypt(out.get(), nullptr, &size, in.data(), in.size()));
    CHECK_EQ(size, blob.size());
    CHECK_FAILS("DisabledException", encrypt(out, in));
  }
  std::size_t size = 0;
  const PkeyCtx back = decrypt_ctx(key);
  openssl_ok(EVP_PKEY_decrypt(back.get(), nullptr, &size, blob.data(), blob.size()));
  CHECK_EQ(size, plaintext.size());
  CHECK_FAILS("DisabledException", decrypt(back, blob));
}

void small_buffer_is_an_error_and_not_written_to() {
  const Bytes plaintext = bytes("secret");
  const PkeyCtx out = encrypt_ctx(old_key());
  const Bytes blob = encrypt(out, plaintext);
  Bytes buffer(blob.size() - 1, 0xaa);
  std::size_t size = buffer.size();
  CHECK_FAILS("ValidationException: The output buffer has " + std::to_string(size) +
                  " bytes, but " + std::to_string(blob.size()) + " are needed.",
              openssl_ok(EVP_PKEY_encrypt(out.get(), buffer.data(), &size, plaintext.data(),
                                          plaintext.size())));
  const PkeyCtx back = decrypt_ctx(old_key());
  size = plaintext.size() - 1;
  CHECK_FAILS(
      "ValidationException: The output buffer has 5 bytes, but 6 are needed.",
      openssl_ok(EVP_PKEY_decrypt(back.get(), buffer.data(), &size, blob.data(), blob.size())));
  CHECK_EQ(buffer, Bytes(buffer.size(), 0xaa));
  size = plaintext.size();
  openssl_ok(EVP_PKEY_decrypt(back.get(), buffer.data(), &size, blob.data(), blob.size()));
  CHECK_EQ(size, plaintext.size());
}

void bad_parameters_are_refused() {
  const Pkey key = old_key();
  const auto text = [&](const char* name, const char* value) {
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(value), 0),
        OSSL_PARAM_construct_end()};
    const PkeyCtx ctx = make_ctx(key);
    openssl_ok(EVP_PKEY_encrypt_init_ex(ctx.get(), params));
  };
  CHECK_FAILS("ValidationException: There is no parameter no-such", text("no-such", "1"));
  CHECK_FAILS("command not supported", encrypt_ctx(key, {{"no-such", "1"}}));
  CHECK_FAILS("ValidationException: A symmetric KMS key has no padding", text("pad-mode", "oaep"));
  CHECK_FAILS("ValidationException: A symmetric KMS key has no padding",
              encrypt_ctx(key, {{"rsa_padding_mode", "oaep"}}));
  CHECK_FAILS("ValidationException: The parameter reencrypt must be 0 or 1",
              encrypt_ctx(key, {{"reencrypt", "yes"}}));
  CHECK_FAILS("ValidationException", text("encryption-context", R"({"tenant":1})"));
  CHECK_FAILS("ValidationException", text("encryption-context", "tenant"));

  int number = 2;
  const OSSL_PARAM two[] = {OSSL_PARAM_construct_int("dry-run", &number),
                            OSSL_PARAM_construct_end()};
  CHECK_FAILS("ValidationException: The parameter dry-run must be 0 or 1",
              openssl_ok(EVP_PKEY_CTX_set_params(encrypt_ctx(key).get(), two)));
  const OSSL_PARAM not_text[] = {OSSL_PARAM_construct_int("source-key-id", &number),
                                 OSSL_PARAM_construct_end()};
  CHECK_FAILS("ValidationException: The parameter source-key-id must be a UTF-8 string",
              openssl_ok(EVP_PKEY_CTX_set_params(encrypt_ctx(key).get(), not_text)));
}

void parameters_that_contradict_each_other_are_refused() {
  const Pkey key = old_key();
  const Bytes blob = encrypt(encrypt_ctx(key), bytes("secret"));
  CHECK_FAILS("ValidationException: The parameter source-key-id is for ReEncrypt only",
              encrypt(encrypt_ctx(key, {{"source-key-id", "alias/old"}}), blob));
  CHECK_FAILS("ValidationException: The parameter source-encryption-context is for ReEncrypt only",
              decrypt(decrypt_ctx(key, {{"source-encryption-context", "{}"}}), blob));
  CHECK_FAILS("ValidationException: The parameter reencrypt is for encryption only",
              decrypt(decrypt_ctx(key, {{"reencrypt", "1"}}), blob));
}

void dry_run_does_all_but_the_operation() {
  const Pkey key = old_key();
  const Bytes blob = encrypt(encrypt_ctx(key), bytes("secret"));
  const Options dry = {{"dry-run", "1"}};
  CHECK_FAILS("DryRunOperationException: The request would have succeeded",
              encrypt(encrypt_ctx(key, dry), bytes("secret")));
  CHECK_FAILS("DryRunOperationException", decrypt(decrypt_ctx(key, dry), blob));
  CHECK_FAILS("DryRunOperationException",
              encrypt(encrypt_ctx(key, {{"dry-run", "1"}, {"reencrypt", "1"}}), blob));
}

void grant_tokens_reach_the_kms() {
  // There are no grants, so that none of them can be good.
  CHECK_FAILS("InvalidGrantTokenException",
              encrypt(encrypt_ctx(old_key(), {{"grant-tokens", "a,b"}}), bytes("secret")));
}

void error_queue_stays_as_it_was_after_success() {
  ERR_clear_error();
  const Pkey key = old_key();
  const Bytes blob = encrypt(encrypt_ctx(key), bytes("secret"));
  decrypt(decrypt_ctx(key), blob);
  CHECK_EQ(ERR_peek_error(), 0UL);

  ERR_raise(ERR_LIB_USER, 42);
  const unsigned long applications = ERR_peek_error();
  decrypt(decrypt_ctx(key), blob);
  encrypt(encrypt_ctx(key, {{"reencrypt", "1"}}), blob);
  CHECK_EQ(ERR_get_error(), applications);
  CHECK_EQ(ERR_get_error(), 0UL);
}

void failure_adds_one_error_as_the_last() {
  const PkeyCtx back = decrypt_ctx(old_key());
  const Bytes garbage(100);
  ERR_clear_error();
  ERR_raise(ERR_LIB_USER, 42);
  const unsigned long applications = ERR_peek_error();
  Bytes out(4096);
  std::size_t size = out.size();
  CHECK_EQ(EVP_PKEY_decrypt(back.get(), out.data(), &size, garbage.data(), garbage.size()), 0);
  CHECK_EQ(ERR_get_error(), applications);
  CHECK_EQ(std::string(ERR_reason_error_string(ERR_get_error())), "InvalidCiphertextException");
  CHECK_EQ(ERR_get_error(), 0UL);
}

void copies_of_a_context_go_their_own_way() {
  const PkeyCtx out = encrypt_ctx(old_key(), kAcme);
  const PkeyCtx copy(EVP_PKEY_CTX_dup(out.get()));
  CHECK(copy != nullptr);
  set_options(out, {{"dry-run", "1"}});
  const Bytes blob = encrypt(copy, bytes("secret"));
  CHECK_EQ(decrypt(decrypt_ctx(old_key(), kAcme), blob), bytes("secret"));
  CHECK_EQ(get_text(copy, "key-arn"), old_arn());
  CHECK_EQ(get_text(out, "key-arn"), "");
}

// OpenSSL lets these through to the provider; its own keys take some of them.
void null_pointers_are_errors() {
  const Bytes plaintext = bytes("secret");
  const PkeyCtx out = encrypt_ctx(old_key());
  const Bytes blob = encrypt(out, plaintext);
  std::size_t size = 0;
  CHECK_FAILS("ValidationException: The size of the output is a NULL pointer",
              openssl_ok(EVP_PKEY_encrypt(out.get(), nullptr, nullptr, plaintext.data(), 6)));
  CHECK_FAILS("ValidationException: The input is a NULL pointer",
              openssl_ok(EVP_PKEY_encrypt(out.get(), nullptr, &size, nullptr, 6)));
  Bytes buffer(6144, 0xaa);
  size = buffer.size();
  CHECK_FAILS("ValidationException: The input is a NULL pointer",
              openssl_ok(EVP_PKEY_encrypt(out.get(), buffer.data(), &size, nullptr, 6)));
  CHECK_FAILS("Value at 'plaintext'",
              openssl_ok(EVP_PKEY_encrypt(out.get(), buffer.data(), &size, nullptr, 0)));
  const PkeyCtx back = decrypt_ctx(old_key());
  CHECK_FAILS("ValidationException: The size of the output is a NULL pointer",
              openssl_ok(EVP_PKEY_decrypt(back.get(), nullptr, nullptr, blob.data(), blob.size())));
  size = buffer.size();
  CHECK_FAILS("ValidationException: The input is a NULL pointer",
              openssl_ok(EVP_PKEY_decrypt(back.get(), buffer.data(), &size, nullptr, 100)));

  const PkeyCtx kem = make_ctx(old_key());
  openssl_ok(EVP_PKEY_encapsulate_init(kem.get(), nullptr));
  Bytes secret(32, 0xaa);
  std::size_t secret_size = secret.size();
  size = buffer.size();
  for (std::size_t* first : {&size, static_cast<std::size_t*>(nullptr)})
    for (std::size_t* second : {&secret_size, static_cast<std::size_t*>(nullptr)})
      if (first == nullptr || second == nullptr)
        CHECK_FAILS("is a NULL pointer",
                    openssl_ok(EVP_PKEY_encapsulate(kem.get(), buffer.data(), first, secret.data(),
                                                    second)));
  CHECK_FAILS("is a NULL pointer",
              openssl_ok(EVP_PKEY_encapsulate(kem.get(), nullptr, nullptr, nullptr, nullptr)));
  openssl_ok(EVP_PKEY_encapsulate(kem.get(), nullptr, &size, nullptr, nullptr));
  CHECK_EQ(EVP_PKEY_encapsulate(kem.get(), buffer.data(), &size, nullptr, &secret_size), 0);
  ERR_clear_error();
  const PkeyCtx opener = make_ctx(old_key());
  openssl_ok(EVP_PKEY_decapsulate_init(opener.get(), nullptr));
  CHECK_FAILS("ValidationException: The size of the secret is a NULL pointer",
              openssl_ok(EVP_PKEY_decapsulate(opener.get(), secret.data(), nullptr, blob.data(),
                                              blob.size())));
  CHECK_EQ(buffer, Bytes(buffer.size(), 0xaa));
  CHECK_EQ(secret, Bytes(secret.size(), 0xaa));
}

// The output of the application, which leaves an error behind though it takes what is written.
long complain(BIO*, int operation, const char*, std::size_t, int, long, int result, std::size_t*) {
  if (operation == (BIO_CB_WRITE | BIO_CB_RETURN)) ERR_raise(ERR_LIB_USER, 2);
  return result;
}

void errors_within_a_success_are_dropped() {
  const Pkey key = old_key();
  const std::unique_ptr<BIO, Deleter<BIO_free_all>> out(BIO_new(BIO_s_mem()));
  BIO_set_callback_ex(out.get(), complain);
  ERR_clear_error();
  ERR_raise(ERR_LIB_USER, 1);
  CHECK_EQ(EVP_PKEY_print_private(out.get(), key.get(), 0, nullptr), 1);
  CHECK_EQ(ERR_GET_REASON(ERR_peek_last_error()), 1);  // the application's own
  ERR_clear_error();
}

void key_says_what_it_is() {
  const Pkey key = old_key();
  CHECK_EQ(EVP_PKEY_is_a(key.get(), "KMS"), 1);
  CHECK_EQ(EVP_PKEY_is_a(key.get(), "RSA"), 0);
  CHECK_EQ(EVP_PKEY_get_bits(key.get()), 256);
  CHECK_EQ(EVP_PKEY_get_security_bits(key.get()), 256);
  CHECK_EQ(EVP_PKEY_get_size(key.get()), 6144);
  CHECK_EQ(EVP_PKEY_eq(key.get(), load_key("kms:alias/old").get()), 1);
  CHECK_EQ(EVP_PKEY_eq(key.get(), new_key().get()), 0);
  const Pkey copy(EVP_PKEY_dup(key.get()));
  CHECK(copy != nullptr);
  CHECK_EQ(EVP_PKEY_eq(key.get(), copy.get()), 1);
  CHECK_EQ(decrypt(decrypt_ctx(copy), encrypt(encrypt_ctx(key), bytes("secret"))), bytes("secret"));
  CHECK_EQ(EVP_PKEY_check(make_ctx(key).get()), 1);
}

void key_value_stays_inside() {
  const Pkey key = old_key();
  OSSL_PARAM* params = nullptr;
  CHECK(EVP_PKEY_todata(key.get(), EVP_PKEY_KEYPAIR, &params) != 1);
  std::size_t size = 0;
  CHECK(EVP_PKEY_get_raw_private_key(key.get(), nullptr, &size) != 1);
  CHECK(i2d_PrivateKey(key.get(), nullptr) <= 0);
  ERR_clear_error();
}

void public_key_only_encrypts() {
  const Pkey key = load_key("kms:alias/old", nullptr, OSSL_STORE_INFO_PUBKEY);
  CHECK(key != nullptr);
  const Bytes blob = encrypt(encrypt_ctx(key), bytes("secret"));
  CHECK_EQ(decrypt(decrypt_ctx(old_key()), blob), bytes("secret"));
  CHECK_FAILS("ValidationException: The key was loaded as a public key", decrypt_ctx(key));
  const PkeyCtx kem = make_ctx(key);
  CHECK_FAILS("ValidationException: The key was loaded as a public key",
              openssl_ok(EVP_PKEY_decapsulate_init(kem.get(), nullptr)));
}

void alias_means_its_target_at_the_time_of_the_operation() {
  const std::string first = make_key("alias/moving");
  const Pkey key = load_key("kms:alias/moving");
  const PkeyCtx out = encrypt_ctx(key);
  encrypt(out, bytes("secret"));
  CHECK_EQ(get_text(out, "key-arn"), first);
  const std::string second = make_key("");
  service().update_alias({"alias/moving", second});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  encrypt(out, bytes("secret"));
  CHECK_EQ(get_text(out, "key-arn"), second);
}

struct DataKey {
  Bytes blob;
  Bytes secret;
};

DataKey encapsulate(const PkeyCtx& ctx) {
  std::size_t size = 0;
  std::size_t secret_size = 0;
  openssl_ok(EVP_PKEY_encapsulate(ctx.get(), nullptr, &size, nullptr, &secret_size));
  Bytes blob(size);
  Bytes secret(secret_size);
  openssl_ok(EVP_PKEY_encapsulate(ctx.get(), blob.data(), &size, secret.data(), &secret_size));
  blob.resize(size);
  secret.resize(secret_size);
  return {blob, secret};
}

void kem_gives_data_keys() {
  const PkeyCtx out = make_ctx(old_key());
  openssl_ok(EVP_PKEY_encapsulate_init(out.get(), nullptr));
  set_options(out, kAcme);
  const DataKey made = encapsulate(out);
  CHECK_EQ(made.secret.size(), 32U);
  CHECK(encapsulate(out).secret != made.secret);

  const PkeyCtx back = make_ctx(old_key());
  openssl_ok(EVP_PKEY_decapsulate_init(back.get(), nullptr));
  CHECK_FAILS("InvalidCiphertextException", run<EVP_PKEY_decapsulate>(back, made.blob));
  set_options(back, kAcme);
  const PkeyCtx copy(EVP_PKEY_CTX_dup(back.get()));
  CHECK_EQ(run<EVP_PKEY_decapsulate>(back, made.blob), made.secret);
  CHECK_EQ(run<EVP_PKEY_decapsulate>(copy, made.blob), made.secret);
  // It is a ciphertext like any other.
  CHECK_EQ(decrypt(decrypt_ctx(old_key(), kAcme), made.blob), made.secret);
}

void kem_refuses_small_buffers_and_bad_parameters() {
  const PkeyCtx out = make_ctx(old_key());
  openssl_ok(EVP_PKEY_encapsulate_init(out.get(), nullptr));
  Bytes blob(6144, 0xaa);
  Bytes secret(32, 0xaa);
  std::size_t size = blob.size();
  std::size_t secret_size = 31;
  CHECK_FAILS(
      "The output buffer has 31 bytes, but 32 are needed",
      openssl_ok(EVP_PKEY_encapsulate(out.get(), blob.data(), &size, secret.data(), &secret_size)));
  size = 1;
  secret_size = secret.size();
  CHECK_FAILS(
      "The output buffer has 1 bytes",
      openssl_ok(EVP_PKEY_encapsulate(out.get(), blob.data(), &size, secret.data(), &secret_size)));
  CHECK_EQ(blob, Bytes(blob.size(), 0xaa));
  CHECK_EQ(secret, Bytes(secret.size(), 0xaa));
  CHECK_FAILS("command not supported", set_options(out, {{"reencrypt", "1"}}));
  CHECK_FAILS("DryRunOperationException", [&] {
    set_options(out, {{"dry-run", "1"}});
    encapsulate(out);
  }());
}

void store_lists_all_keys() {
  const std::vector<std::string> expected = {old_arn(), new_arn()};
  const StoreCtx store = open_store("kms:");
  std::size_t keys = 0;
  std::size_t seen = 0;
  while (OSSL_STORE_eof(store.get()) == 0) {
    const StoreInfo info(OSSL_STORE_load(store.get()));
    CHECK(info != nullptr);
    CHECK_EQ(OSSL_STORE_INFO_get_type(info.get()), OSSL_STORE_INFO_PKEY);
    ++keys;
    for (const std::string& arn : expected)
      seen += static_cast<std::size_t>(
          EVP_PKEY_eq(OSSL_STORE_INFO_get0_PKEY(info.get()), load_key("kms:" + arn).get()) == 1);
  }
  CHECK_EQ(OSSL_STORE_error(store.get()), 0);
  CHECK_EQ(seen, expected.size());
  CHECK_EQ(keys, service().list_keys({}).keys.size());
}

void store_takes_every_form_of_a_name() {
  const std::string id = old_arn().substr(old_arn().rfind('/') + 1);
  const std::string alias_arn = old_arn().substr(0, old_arn().find("key/")) + "alias/old";
  for (const std::string& uri :
       {"kms:" + id, "kms:" + old_arn(), std::string("kms:alias/old"), "kms:" + alias_arn,
        "kms://" + id, "kms://" + old_arn(), std::string("kms://alias/old"), "KMS:" + id})
    CHECK_EQ(EVP_PKEY_eq(load_key(uri).get(), old_key().get()), 1);
}

void missing_key_ends_the_store() {
  const StoreCtx store = open_store("kms:alias/no-such-key");
  CHECK(OSSL_STORE_load(store.get()) == nullptr);
  CHECK_EQ(OSSL_STORE_error(store.get()), 1);
  const std::string said = OpensslError().what();
  CHECK_EQ(said.substr(0, 19), "NotFoundException: ");
  // As applications do it.
  int loads = 0;
  for (; OSSL_STORE_eof(store.get()) == 0 && loads < 10; ++loads)
    CHECK(OSSL_STORE_load(store.get()) == nullptr);
  CHECK(loads <= 1);
  CHECK_EQ(OSSL_STORE_eof(store.get()), 1);
  CHECK_EQ(ERR_peek_error(), 0UL);
}

void store_has_no_certificates() {
  const StoreCtx store = open_store("kms:");
  openssl_ok(OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_CERT));
  CHECK_EQ(OSSL_STORE_eof(store.get()), 1);
}

void library_context_of_the_application_works() {
  const LibCtx libctx(OSSL_LIB_CTX_new());
  // Twice: unload, and load again.
  for (int round = 0; round < 2; ++round) {
    const Providers providers(libctx.get());
    const Pkey key = load_key("kms:alias/old", libctx.get());
    const Bytes blob = encrypt(encrypt_ctx(key, kAcme, libctx.get()), bytes("secret"));
    CHECK_EQ(decrypt(decrypt_ctx(key, kAcme, libctx.get()), blob), bytes("secret"));
    CHECK_EQ(decrypt(decrypt_ctx(old_key(), kAcme), blob), bytes("secret"));
    CHECK_EQ(ERR_peek_error(), 0UL);
  }
}

void works_without_the_default_provider() {
  const LibCtx libctx(OSSL_LIB_CTX_new());
  openssl_ok(OSSL_PROVIDER_set_default_search_path(libctx.get(), modules_directory().c_str()));
  const LoadedProvider alone = load_provider(libctx.get(), "trent");
  const Pkey key = load_key("kms:alias/old", libctx.get());
  const Bytes blob = encrypt(encrypt_ctx(key, {}, libctx.get()), bytes("secret"));
  CHECK_EQ(decrypt(decrypt_ctx(key, {}, libctx.get()), blob), bytes("secret"));
}

void threads_share_a_key() {
  const Pkey key = old_key();
  const Pkey target = new_key();
  std::atomic<int> good = 0;
  const auto work = [&](const std::string& secret) {
    const PkeyCtx out = encrypt_ctx(key, kAcme);
    const PkeyCtx mover = encrypt_ctx(
        target, {{"reencrypt", "1"}, {"source-encryption-context", R"({"tenant":"acme"})"}});
    const PkeyCtx back = decrypt_ctx(target);
    for (int i = 0; i < 50; ++i) {
      const Bytes plaintext = bytes(secret + std::to_string(i));
      if (decrypt(back, encrypt(mover, encrypt(out, plaintext))) == plaintext) ++good;
    }
    if (ERR_peek_error() != 0) good = -1000;
  };
  std::thread one(work, "one");
  std::thread two(work, "another");
  one.join();
  two.join();
  CHECK_EQ(good.load(), 100);
}

void child_after_fork_goes_on() {
  const Pkey key = old_key();
  const PkeyCtx out = encrypt_ctx(key);
  const PkeyCtx back = decrypt_ctx(key);
  const Bytes blob = encrypt(out, bytes("secret"));
  const pid_t child = fork();
  if (child == 0) {
    int status = 1;
    try {
      const bool same = decrypt(back, blob) == bytes("secret") &&
                        decrypt(back, encrypt(out, bytes("other"))) == bytes("other");
      status = same ? 0 : 2;
    } catch (const std::exception& e) {
      std::fprintf(stderr, "# child: %s\n", e.what());
    }
    _exit(status);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK_EQ(status, 0);
  CHECK_EQ(decrypt(back, blob), bytes("secret"));
}

int run_all() {
  SoftHsm token({.module = kSoftHsmModule, .reset_on_fork = false, .toml = "refresh = \"10ms\""});
  const Providers providers;
  old_arn();
  new_arn();
  return RUN_TESTS(
      "provider", TEST(a_secret_comes_back), TEST(lengths_from_1_to_4096_come_back),
      TEST(lengths_that_kms_refuses_are_refused), TEST(reencrypt_moves_a_secret),
      TEST(a_context_keeps_no_plaintext), TEST(a_context_serves_many_operations),
      TEST(each_operation_may_have_another_context), TEST(keys_used_can_be_asked_for_afterwards),
      TEST(wrong_key_is_told_in_the_words_of_kms), TEST(size_query_leaves_the_token_alone),
      TEST(small_buffer_is_an_error_and_not_written_to), TEST(bad_parameters_are_refused),
      TEST(parameters_that_contradict_each_other_are_refused),
      TEST(dry_run_does_all_but_the_operation), TEST(grant_tokens_reach_the_kms),
      TEST(error_queue_stays_as_it_was_after_success), TEST(failure_adds_one_error_as_the_last),
      TEST(copies_of_a_context_go_their_own_way), TEST(null_pointers_are_errors),
      TEST(errors_within_a_success_are_dropped), TEST(key_says_what_it_is),
      TEST(key_value_stays_inside), TEST(public_key_only_encrypts),
      TEST(alias_means_its_target_at_the_time_of_the_operation), TEST(kem_gives_data_keys),
      TEST(kem_refuses_small_buffers_and_bad_parameters), TEST(store_lists_all_keys),
      TEST(store_takes_every_form_of_a_name), TEST(missing_key_ends_the_store),
      TEST(store_has_no_certificates), TEST(library_context_of_the_application_works),
      TEST(works_without_the_default_provider), TEST(threads_share_a_key),
      TEST(child_after_fork_goes_on));
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
