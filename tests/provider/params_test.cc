// SPDX-License-Identifier: Apache-2.0
// Every parameter of the provider in every form that an OSSL_PARAM has: each either takes effect
// exactly, or is refused with an error that names the parameter, and then nothing of it took
// effect.
#include <cstring>
#include <functional>

#include "check.h"
#include "evp.h"
#include "kms.h"
#include "softhsm.h"

namespace {

using namespace trent;
using namespace trent::test;

constexpr const char* kAcme = R"({"tenant":"acme"})";

Bytes bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

Pkey old_key() {
  return load_key("kms:alias/old");
}

// Memory of exactly this size, so that AddressSanitizer sees who reads on.
struct Memory {
  explicit Memory(ByteView content) : size(content.size()), data(new std::uint8_t[content.size()]) {
    std::copy(content.begin(), content.end(), data.get());
  }
  std::size_t size;
  std::unique_ptr<std::uint8_t[]> data;
};

enum class Expect { Takes, Refused };

// One form of a parameter, and what it needs while it lives.
struct Form {
  std::string what;
  Expect expect;
  unsigned int type;
  std::size_t size;
  std::shared_ptr<Memory> memory;   // nullptr: the data is NULL
  std::shared_ptr<Memory> pointer;  // of the PTR types: the pointer, in memory of its own

  OSSL_PARAM param(const char* name) const {
    void* data = nullptr;
    if (pointer)
      data = pointer->data.get();
    else if (memory)
      data = memory->data.get();
    return {name, type, data, size, OSSL_PARAM_UNMODIFIED};
  }
};

Form direct(const std::string& what, Expect expect, unsigned int type, ByteView content,
            std::size_t size) {
  return {what, expect, type, size, std::make_shared<Memory>(content), nullptr};
}

Form by_pointer(const std::string& what, Expect expect, unsigned int type, const char* content,
                std::size_t size) {
  std::shared_ptr<Memory> text;
  const void* address = nullptr;
  if (content != nullptr) {
    text = std::make_shared<Memory>(
        ByteView(reinterpret_cast<const std::uint8_t*>(content), std::strlen(content) + 1));
    address = text->data.get();
  }
  auto pointer = std::make_shared<Memory>(
      ByteView(reinterpret_cast<const std::uint8_t*>(&address), sizeof(address)));
  return {what, expect, type, size, text, pointer};
}

std::vector<Form> text_forms(const std::string& value) {
  using enum Expect;
  const std::size_t n = value.size();
  const Bytes plain = bytes(value);
  const Bytes ended = bytes(value + '\0');
  const Bytes after_nul = bytes('\0' + value);
  const Bytes padded = bytes(value + std::string(10, '\0'));
  const Bytes with_more = bytes(value + '\0' + "x");
  const Bytes not_utf8 = bytes(value + '\xff');
  const Bytes nothing;
  const Bytes nul(1);
  constexpr unsigned int kString = OSSL_PARAM_UTF8_STRING;
  constexpr unsigned int kPtr = OSSL_PARAM_UTF8_PTR;
  std::vector<Form> forms = {
      direct("a string without its end", Takes, kString, plain, n),
      direct("a string that counts its end", Takes, kString, ended, n + 1),
      direct("a string that does not count its end", Takes, kString, ended, n),
      direct("a string of size 0", Refused, kString, ended, 0),
      direct("a string that begins with a NUL", Refused, kString, after_nul, n + 1),
      direct("a string in a larger buffer", Refused, kString, padded, n + 10),
      direct("a string with a NUL inside", Refused, kString, with_more, n + 2),
      direct("a string that is not UTF-8", Refused, kString, not_utf8, n + 1),
      direct("a string of an absurd size", Refused, kString, plain, ~std::size_t{0}),
      direct("no string", Refused, kString, nothing, 0),
      direct("an end of a string", Refused, kString, nul, 1),
      {"a string that is NULL", Refused, kString, n, nullptr, nullptr},
      {"a string that is NULL and empty", Refused, kString, 0, nullptr, nullptr},
      by_pointer("a pointer without a size", Takes, kPtr, value.c_str(), 0),
      by_pointer("a pointer with a size", Takes, kPtr, value.c_str(), n),
      by_pointer("a pointer with a size that counts the end", Takes, kPtr, value.c_str(), n + 1),
      by_pointer("a pointer with a size that is too large", Refused, kPtr, value.c_str(), n + 2),
      by_pointer("a pointer to nothing", Refused, kPtr, "", 0),
      by_pointer("a pointer that is NULL", Refused, kPtr, nullptr, n),
      {"a pointer whose place is NULL", Refused, kPtr, n, nullptr, nullptr},
      direct("octets", Refused, OSSL_PARAM_OCTET_STRING, plain, n),
      {"octets that are NULL", Refused, OSSL_PARAM_OCTET_STRING, n, nullptr, nullptr},
      by_pointer("a pointer to octets", Refused, OSSL_PARAM_OCTET_PTR, value.c_str(), n),
      {"an octet pointer that is NULL", Refused, OSSL_PARAM_OCTET_PTR, n, nullptr, nullptr},
      direct("an unknown type", Refused, 99, plain, n),
      direct("no type", Refused, 0, plain, n),
  };
  if (n > 1)
    forms.push_back(
        by_pointer("a pointer with a size that is too small", Refused, kPtr, value.c_str(), n - 1));
  return forms;
}

// Little-endian, as the machines are that the tests run on.
std::vector<Form> number_forms(Expect one) {
  using enum Expect;
  std::vector<Form> forms;
  for (const unsigned int type : {OSSL_PARAM_INTEGER, OSSL_PARAM_UNSIGNED_INTEGER}) {
    const std::string kind = type == OSSL_PARAM_INTEGER ? "signed " : "unsigned ";
    const auto add = [&](const std::string& what, Expect expect, const Bytes& content) {
      forms.push_back(direct(kind + what, expect, type, content, content.size()));
    };
    for (std::size_t width = 1; width <= 16; ++width) {
      Bytes content(width);
      content[0] = 1;
      add("1 of width " + std::to_string(width), one, content);
      content[0] = 2;
      add("2 of width " + std::to_string(width), Refused, content);
      add("-1 of width " + std::to_string(width), Refused, Bytes(width, 0xff));
      if (width == 1) continue;
      content[0] = 1;
      content[width - 1] = 1;  // equals 1 only for who looks at the first bytes alone
      add("high byte of width " + std::to_string(width), Refused, content);
    }
    Bytes wide(17);
    wide[0] = 1;
    add("1 of width 17", Refused, wide);
    forms.push_back(direct(kind + "number of size 0", Refused, type, Bytes(8, 1), 0));
    for (const std::size_t width : {0, 1, 4, 8})
      forms.push_back({kind + "NULL", Refused, type, width, nullptr, nullptr});
  }
  const double real = 1;
  forms.push_back(direct("a real number", Refused, OSSL_PARAM_REAL,
                         {reinterpret_cast<const std::uint8_t*>(&real), sizeof(real)},
                         sizeof(real)));
  forms.push_back({"a real number that is NULL", Refused, OSSL_PARAM_REAL, 8, nullptr, nullptr});
  return forms;
}

// What an operation says: "ok" and what tells the outcomes apart, or its error.
std::string outcome(const std::function<std::string()>& operation) {
  try {
    return "ok " + operation();
  } catch (const OpensslError& error) {
    return std::string(error.what()).substr(0, std::strcspn(error.what(), ":"));
  }
}

// A parameter, a good value of it that changes what the operation says, and the operation.
struct Subject {
  const char* name;
  std::string value;
  bool flag;
  std::function<PkeyCtx()> make;
  std::function<std::string(const PkeyCtx&)> operate;
};

Bytes blob_of(const Options& options) {
  return encrypt(encrypt_ctx(old_key(), options), bytes("secret"));
}
const Bytes& plain_blob() {
  static const Bytes blob = blob_of({});
  return blob;
}
const Bytes& acme_blob() {
  static const Bytes blob = blob_of({{"encryption-context", kAcme}});
  return blob;
}

std::string opens_without_context(const Bytes& blob) {
  return outcome([&] {
    decrypt(decrypt_ctx(old_key()), blob);
    return std::string();
  });
}

PkeyCtx kem_ctx(bool encapsulate) {
  PkeyCtx ctx = make_ctx(old_key());
  openssl_ok(encapsulate ? EVP_PKEY_encapsulate_init(ctx.get(), nullptr)
                         : EVP_PKEY_decapsulate_init(ctx.get(), nullptr));
  return ctx;
}

std::string encapsulated(const PkeyCtx& ctx) {
  Bytes blob(6144);
  Bytes secret(32);
  std::size_t size = blob.size();
  std::size_t secret_size = secret.size();
  openssl_ok(EVP_PKEY_encapsulate(ctx.get(), blob.data(), &size, secret.data(), &secret_size));
  blob.resize(size);
  return opens_without_context(blob);
}

std::vector<Subject> subjects() {
  const auto encrypting = [] { return encrypt_ctx(old_key()); };
  const auto decrypting = [] { return decrypt_ctx(old_key()); };
  const auto moving = [] { return encrypt_ctx(old_key(), {{"reencrypt", "1"}}); };
  const auto encapsulating = [] { return kem_ctx(true); };
  const auto decapsulating = [] { return kem_ctx(false); };
  const auto encrypts = [](const PkeyCtx& ctx) {
    return opens_without_context(encrypt(ctx, bytes("secret")));
  };
  const auto moves = [](const PkeyCtx& ctx) {
    return opens_without_context(encrypt(ctx, plain_blob()));
  };
  const auto moves_acme = [](const PkeyCtx& ctx) {
    return opens_without_context(encrypt(ctx, acme_blob()));
  };
  const auto encrypts_a_blob = [](const PkeyCtx& ctx) {
    encrypt(ctx, plain_blob());
    return get_text(ctx, "source-key-arn");
  };
  const auto decrypts = [](const PkeyCtx& ctx) {
    decrypt(ctx, plain_blob());
    return std::string();
  };
  const auto decrypts_acme = [](const PkeyCtx& ctx) {
    decrypt(ctx, acme_blob());
    return std::string();
  };
  const auto decapsulates = [](const PkeyCtx& ctx) {
    run<EVP_PKEY_decapsulate>(ctx, acme_blob());
    return std::string();
  };
  return {
      {"encryption-context", kAcme, false, encrypting, encrypts},
      {"encryption-context", "tenant=acme", false, encrypting, encrypts},
      {"encryption-context", kAcme, false, decrypting, decrypts_acme},
      {"encryption-context", kAcme, false, moving, moves},
      {"grant-tokens", "token", false, encrypting, encrypts},
      {"grant-tokens", "one,two", false, decrypting, decrypts},
      {"dry-run", "1", true, encrypting, encrypts},
      {"dry-run", "1", true, decrypting, decrypts},
      {"reencrypt", "1", true, encrypting, encrypts_a_blob},
      {"source-key-id", "alias/new", false, moving, moves},
      {"source-encryption-context", kAcme, false, moving, moves_acme},
      {"source-encryption-algorithm", "RSAES_OAEP_SHA_1", false, moving, moves},
      {"encryption-context", kAcme, false, encapsulating, encapsulated},
      {"grant-tokens", "token", false, encapsulating, encapsulated},
      {"dry-run", "1", true, encapsulating, encapsulated},
      {"encryption-context", kAcme, false, decapsulating, decapsulates},
  };
}

void every_form_takes_effect_or_is_refused() {
  for (const Subject& subject : subjects()) {
    const auto operate = [&](const PkeyCtx& ctx) {
      return outcome([&] { return subject.operate(ctx); });
    };
    const std::string without = operate(subject.make());
    const PkeyCtx good = subject.make();
    set_options(good, {{subject.name, subject.value}});
    const std::string with = operate(good);
    CHECK(with != without);

    std::vector<Form> forms = text_forms(subject.value);
    const std::vector<Form> numbers = number_forms(subject.flag ? Expect::Takes : Expect::Refused);
    forms.insert(forms.end(), numbers.begin(), numbers.end());
    for (const Form& form : forms) {
      const std::string which = std::string(subject.name) + " as " + form.what;
      const PkeyCtx ctx = subject.make();
      const OSSL_PARAM params[] = {form.param(subject.name), OSSL_PARAM_construct_end()};
      const bool taken = EVP_PKEY_CTX_set_params(ctx.get(), params) == 1;
      const std::string said = taken ? "" : OpensslError().what();
      if (taken != (form.expect == Expect::Takes))
        fail_at(__FILE__, __LINE__, which + (taken ? " went through" : " was refused: " + said));
      if (!taken &&
          (said.find("ValidationException: ") != 0 || said.find(subject.name) == std::string::npos))
        fail_at(__FILE__, __LINE__, which + " was refused with \"" + said + "\"");
      const std::string after = operate(ctx);
      if (after != (taken ? with : without))
        fail_at(__FILE__, __LINE__, which + " had the outcome \"" + after + "\"");
      ERR_clear_error();
    }
  }
}

std::string refusal(const PkeyCtx& ctx, const OSSL_PARAM* params) {
  if (EVP_PKEY_CTX_set_params(ctx.get(), params) == 1) return "went through";
  return OpensslError().what();
}

OSSL_PARAM text(const char* name, const char* value) {
  return OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(value), 0);
}

void empty_is_told_in_the_words_of_kms() {
  const auto of = [](const char* name) {
    const OSSL_PARAM params[] = {text(name, ""), OSSL_PARAM_construct_end()};
    return refusal(encrypt_ctx(old_key()), params);
  };
  CHECK_EQ(of("source-key-id"),
           "ValidationException: 1 validation error detected: Value at 'sourceKeyId' failed to "
           "satisfy constraint: Member must have length greater than or equal to 1 This is the "
           "parameter source-key-id, which is empty: its data_size is 0.");
  CHECK(of("source-encryption-algorithm").find("Value '' at 'sourceEncryptionAlgorithm'") !=
        std::string::npos);
  CHECK(of("grant-tokens").find("Value at 'grantTokens.1.member'") != std::string::npos);
  CHECK(of("encryption-context").find("without pairs is written {}") != std::string::npos);
}

// The binding to the first would be lost in silence.
void a_second_value_is_refused() {
  for (const Subject& subject : subjects()) {
    const PkeyCtx ctx = subject.make();
    const OSSL_PARAM once[] = {text(subject.name, subject.value.c_str()),
                               OSSL_PARAM_construct_end()};
    const OSSL_PARAM twice[] = {once[0], once[0], OSSL_PARAM_construct_end()};
    const std::string words =
        std::string("ValidationException: The parameter ") + subject.name + " is given twice.";
    CHECK_EQ(refusal(ctx, twice).substr(0, words.size()), words);
    CHECK_EQ(refusal(ctx, once), "went through");  // nothing of the two was
    CHECK_EQ(refusal(ctx, once).substr(0, words.size()), words);
    const PkeyCtx copy(EVP_PKEY_CTX_dup(ctx.get()));
    CHECK_EQ(refusal(copy, once).substr(0, words.size()), words);
    outcome([&] { return subject.operate(ctx); });
    CHECK_EQ(refusal(ctx, once), "went through");  // for the next operation
  }
}

void parameters_are_set_all_or_none() {
  const PkeyCtx ctx = encrypt_ctx(old_key());
  const OSSL_PARAM params[] = {text("dry-run", "1"), text("encryption-context", "{"),
                               OSSL_PARAM_construct_end()};
  CHECK(refusal(ctx, params).starts_with("ValidationException: The parameter encryption-context:"));
  CHECK_EQ(opens_without_context(encrypt(ctx, bytes("secret"))), "ok ");
}

void answers_of_the_wrong_type_are_errors() {
  const PkeyCtx ctx = encrypt_ctx(old_key());
  encrypt(ctx, bytes("secret"));
  for (const char* name :
       {"key-arn", "key-material-id", "source-key-arn", "source-key-material-id"}) {
    const auto answer = [&](OSSL_PARAM param) {
      OSSL_PARAM params[] = {param, OSSL_PARAM_construct_end()};
      if (EVP_PKEY_CTX_get_params(ctx.get(), params) == 1) return std::string("went through");
      return std::string(OpensslError().what());
    };
    std::string buffer(100, 'x');
    char* pointer = nullptr;
    int number = 0;
    const std::string words = std::string("ValidationException: The parameter ") + name;
    CHECK_EQ(answer(OSSL_PARAM_construct_int(name, &number)), words + " is a UTF-8 string.");
    CHECK_EQ(answer(OSSL_PARAM_construct_utf8_ptr(name, &pointer, 0)),
             words + " is a UTF-8 string.");
    CHECK_EQ(answer(OSSL_PARAM_construct_octet_string(name, buffer.data(), buffer.size())),
             words + " is a UTF-8 string.");
    CHECK_EQ(answer({name, OSSL_PARAM_UTF8_STRING, nullptr, 0, 0}), "went through");  // its size
    if (std::string_view(name).starts_with("key"))
      CHECK(
          answer({name, OSSL_PARAM_UTF8_STRING, buffer.data(), 5, 0}).starts_with(words + " has"));
    CHECK_EQ(buffer, std::string(100, 'x'));
  }

  const Pkey key = old_key();
  std::string buffer(100, 'x');
  for (const char* name : {"bits", "security-bits", "max-size"}) {
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(name, buffer.data(), buffer.size()),
                           OSSL_PARAM_construct_end()};
    CHECK(EVP_PKEY_get_params(key.get(), params) != 1);
    CHECK_EQ(OpensslError().what(), std::string("ValidationException: The parameter ") + name +
                                        " is an integer, and needs a buffer for one.");
  }
  const LoadedProvider provider = load_provider(nullptr, "trent");
  for (const char* name : {"name", "version", "buildinfo", "status"}) {
    OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(name, buffer.data(), buffer.size()),
                           OSSL_PARAM_construct_end()};
    CHECK(OSSL_PROVIDER_get_params(provider.get(), params) != 1);
    CHECK(std::string(OpensslError().what())
              .starts_with(std::string("ValidationException: The parameter ") + name));
  }
}

void store_takes_what_is_expected_as_a_number() {
  // What the first load says. With slashes, or OpenSSL's file store would get the parameter first,
  // and follow the NULL.
  const auto load = [](const Form& form) -> std::string {
    const OSSL_PARAM params[] = {form.param("expect"), OSSL_PARAM_construct_end()};
    const StoreCtx store(OSSL_STORE_open_ex("kms://alias/old", nullptr, nullptr, nullptr, nullptr,
                                            params, nullptr, nullptr));
    if (!store) return OpensslError().what();
    if (OSSL_STORE_eof(store.get()) == 1) return "no such thing";
    const StoreInfo info(OSSL_STORE_load(store.get()));
    if (!info) return OpensslError().what();
    return OSSL_STORE_INFO_type_string(OSSL_STORE_INFO_get_type(info.get()));
  };
  const std::string refused = "ValidationException: The parameter expect must be a number.";
  const auto check = [&](const Form& form, const std::string& expected) {
    const std::string said = load(form);
    if (said != expected)
      fail_at(__FILE__, __LINE__, "expect as " + form.what + " gives \"" + said + "\"");
  };
  for (const unsigned int type : {OSSL_PARAM_INTEGER, OSSL_PARAM_UNSIGNED_INTEGER})
    for (std::size_t width = 1; width <= 8; ++width) {
      const std::string what = "a number of width " + std::to_string(width);
      Bytes number(width);
      number[0] = OSSL_STORE_INFO_PKEY;
      check(direct(what, Expect::Takes, type, number, width), "Pkey");
      number[0] = OSSL_STORE_INFO_CERT;
      check(direct(what, Expect::Takes, type, number, width), "no such thing");
      check({what + " that is NULL", Expect::Refused, type, width, nullptr, nullptr}, refused);
    }
  for (const Form& form : text_forms("4")) check(form, refused);
}

int run_all() {
  SoftHsm token;
  Service service(load_config());
  for (const char* alias : {"alias/old", "alias/new"})
    service.create_alias({alias, service.create_key({}).key_metadata.key_id});
  const Providers providers;
  return RUN_TESTS("parameters", TEST(every_form_takes_effect_or_is_refused),
                   TEST(empty_is_told_in_the_words_of_kms), TEST(a_second_value_is_refused),
                   TEST(parameters_are_set_all_or_none), TEST(answers_of_the_wrong_type_are_errors),
                   TEST(store_takes_what_is_expected_as_a_number));
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
