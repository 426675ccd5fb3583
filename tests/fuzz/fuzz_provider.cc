// SPDX-License-Identifier: Apache-2.0
// The OpenSSL door answers every sequence of EVP calls with a result or an error: whatever the
// parameters' types and sizes, NULL pointers and lengths, it neither crashes nor writes past a
// buffer, and a ciphertext for which a context was accepted does not open without one. The input is
// a program: each call takes its arguments from the bytes that follow.
#include <openssl/core_names.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "fuzz.h"
#include "kms.h"
#include "softhsm.h"

using namespace trent;
using fuzz::require;

extern "C" int OSSL_provider_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in,
                                  const OSSL_DISPATCH** out, void** provctx);

namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Pkey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using PkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using Store = std::unique_ptr<OSSL_STORE_CTX, Deleter<OSSL_STORE_close>>;
using Info = std::unique_ptr<OSSL_STORE_INFO, Deleter<OSSL_STORE_INFO_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;

Pkey load_key(OSSL_LIB_CTX* libctx, const std::string& uri, int expect) {
  const Store store(OSSL_STORE_open_ex(uri.c_str(), libctx, nullptr, nullptr, nullptr, nullptr,
                                       nullptr, nullptr));
  require(store && OSSL_STORE_expect(store.get(), expect) == 1, "there is a store");
  const Info info(OSSL_STORE_load(store.get()));
  require(info != nullptr, "there is a key");
  return Pkey(expect == OSSL_STORE_INFO_PUBKEY ? OSSL_STORE_INFO_get1_PUBKEY(info.get())
                                               : OSSL_STORE_INFO_get1_PKEY(info.get()));
}

// The token, two keys of it, and what was encrypted with the first: the same for every input, for
// no call through this door changes them.
struct World {
  test::SoftHsm token;
  OSSL_LIB_CTX* libctx = OSSL_LIB_CTX_new();  // freed at no time, like the provider in it
  std::vector<Pkey> keys;
  Bytes plain;
  Bytes bound;  // to {"k":"v"}

  World() {
    test::Service service(load_config());
    require(OSSL_PROVIDER_add_builtin(libctx, "trent", OSSL_provider_init) == 1 &&
                OSSL_PROVIDER_load(libctx, "default") != nullptr &&
                OSSL_PROVIDER_load(libctx, "trent") != nullptr,
            "the provider can be loaded");
    for (const char* alias : {"alias/one", "alias/two"}) {
      service.create_alias({alias, service.create_key({}).key_metadata.key_id});
      keys.push_back(load_key(libctx, std::string("kms://") + alias, OSSL_STORE_INFO_PKEY));
    }
    keys.push_back(load_key(libctx, "kms://alias/one", OSSL_STORE_INFO_PUBKEY));
    kms::EncryptRequest request;
    request.key_id = "alias/one";
    request.plaintext = {'s', 'e', 'c', 'r', 'e', 't'};
    plain = service.encrypt(request).ciphertext_blob;
    request.encryption_context = {{"k", "v"}};
    bound = service.encrypt(request).ciphertext_blob;
    ERR_clear_error();
  }
};

World& world() {
  static World world;
  return world;
}

constexpr const char* kNames[] = {"encryption-context",
                                  "source-encryption-context",
                                  "source-key-id",
                                  "source-encryption-algorithm",
                                  "reencrypt",
                                  "dry-run",
                                  "grant-tokens",
                                  "pad-mode",
                                  "rsa_padding_mode",
                                  "key-arn",
                                  "key-material-id",
                                  "source-key-arn",
                                  "source-key-material-id",
                                  "bits",
                                  "max-size",
                                  "no-such"};
constexpr const char* kTexts[] = {
    R"({"k":"v"})",    "k=v", "{}", "0", "1", "alias/one", "alias/two", "", "SYMMETRIC_DEFAULT",
    "RSAES_OAEP_SHA_1"};
constexpr std::size_t kContexts = 2;  // the first texts bind a ciphertext
constexpr const char* kUris[] = {"kms:", "kms://alias/one", "kms://alias/none", "kms://",
                                 "kms://x"};

struct Context {
  PkeyCtx ctx;
  enum class Use { None, Encrypt, Decrypt, Encapsulate, Decapsulate } use = Use::None;
  bool bound = false;  // a context with a pair was accepted
};

class Program {
 public:
  explicit Program(ByteView code) : code_(code) {}

  void run() {
    constexpr int kMaxCalls = 60;
    contexts_.push_back(new_context());
    for (int i = 0; i < kMaxCalls && !code_.empty(); ++i) {
      step();
      ERR_clear_error();
      memory_.clear();
    }
  }

 private:
  std::uint8_t byte() {
    if (code_.empty()) return 0;
    const std::uint8_t b = code_.front();
    code_ = code_.subspan(1);
    return b;
  }
  template <class T, std::size_t n>
  T pick(const T (&from)[n]) {
    return from[byte() % n];
  }

  // Memory of its exact size, so that AddressSanitizer sees what reaches past it.
  std::uint8_t* buffer(std::size_t size) {
    memory_.push_back(std::make_unique<std::uint8_t[]>(size));
    return memory_.back().get();
  }
  std::uint8_t* copy_of(ByteView bytes) {
    std::uint8_t* copy = buffer(bytes.size());
    std::copy(bytes.begin(), bytes.end(), copy);
    return copy;
  }
  ByteView own_bytes() {
    const std::size_t size = std::min<std::size_t>(byte(), code_.size());
    const ByteView bytes = code_.first(size);
    code_ = code_.subspan(size);
    return bytes;
  }

  struct Param {
    OSSL_PARAM param;
    bool binds = false;  // if it is accepted: it is the encryption context, and has a pair
  };
  Param param() {
    const char* name = pick(kNames);
    const std::uint8_t text = byte();
    const bool known = text % 16 < std::size(kTexts);
    std::string value(known ? std::string_view(kTexts[text % 16]) : as_text(own_bytes()));
    const bool binds = known && text % 16 < kContexts && name == kNames[0];
    const std::size_t sizes[] = {value.size(), value.size() + 1, 0, value.size() - 1,
                                 sizeof(void*)};
    const OSSL_PARAM none = {name, byte() % 9U, nullptr, pick(sizes), OSSL_PARAM_UNMODIFIED};
    OSSL_PARAM made = none;
    switch (made.data_type) {
      case OSSL_PARAM_UTF8_PTR:
      case OSSL_PARAM_OCTET_PTR: {
        // What it leads to ends with a zero byte, as the contract of UTF8_PTR is.
        value.push_back('\0');
        const void* address = byte() % 8 == 0 ? nullptr : copy_of(as_bytes(value));
        made.data = copy_of({reinterpret_cast<const std::uint8_t*>(&address), sizeof(address)});
        break;
      }
      case OSSL_PARAM_INTEGER:
      case OSSL_PARAM_UNSIGNED_INTEGER:
      case OSSL_PARAM_REAL:
        made.data_size = byte() % 20;
        made.data = buffer(made.data_size);
        if (made.data_size > 0) *static_cast<std::uint8_t*>(made.data) = byte() % 3;
        break;
      default: {
        // The size is no more than what is there.
        if (byte() % 4 == 0) value.insert(byte() % (value.size() + 1), 1, '\0');
        value.push_back('\0');
        made.data_size = std::min(made.data_size, value.size());
        made.data = copy_of(as_bytes(value).first(made.data_size));
      }
    }
    if (byte() % 16 == 0) made.data = nullptr;
    return {made, binds && made.data != nullptr};
  }
  std::vector<OSSL_PARAM> answers() {
    std::vector<OSSL_PARAM> all(1 + byte() % 3);
    for (OSSL_PARAM& p : all) {
      std::size_t size = byte() % 3 == 0 ? byte() % 16 : 100;
      p = {pick(kNames), byte() % 9U, nullptr, size, OSSL_PARAM_UNMODIFIED};
      // A responder puts a pointer into it, whatever its size.
      if (byte() % 8 != 0) p.data = buffer(std::max(size, sizeof(void*)));
    }
    all.push_back(OSSL_PARAM_construct_end());
    return all;
  }

  EVP_PKEY* key() { return world().keys[byte() % world().keys.size()].get(); }
  Context new_context() {
    Context made;
    made.ctx.reset(EVP_PKEY_CTX_new_from_pkey(world().libctx, key(), nullptr));
    require(made.ctx != nullptr, "a key has contexts");
    return made;
  }
  Context& context() { return contexts_[byte() % contexts_.size()]; }

  void init() {
    Context& c = context();
    using enum Context::Use;
    c.bound = false;
    const std::uint8_t which = byte();
    int ok = 0;
    switch (which % 4) {
      case 0:
        c.use = Encrypt;
        ok = EVP_PKEY_encrypt_init(c.ctx.get());
        break;
      case 1:
        c.use = Decrypt;
        ok = EVP_PKEY_decrypt_init(c.ctx.get());
        break;
      case 2:
        c.use = Encapsulate;
        ok = EVP_PKEY_encapsulate_init(c.ctx.get(), nullptr);
        break;
      default:
        c.use = Decapsulate;
        ok = EVP_PKEY_decapsulate_init(c.ctx.get(), nullptr);
    }
    if (ok != 1) c.use = None;
  }

  void set() {
    Context& c = context();
    std::vector<OSSL_PARAM> params;
    bool binds = false;
    for (int n = 1 + byte() % 3; n > 0; --n) {
      const Param p = param();
      params.push_back(p.param);
      binds = binds || p.binds;
    }
    const bool several =
        std::ranges::count(params, std::string_view(kNames[0]),
                           [](const OSSL_PARAM& p) { return std::string_view(p.key); }) > 1;
    params.push_back(OSSL_PARAM_construct_end());
    if (c.use == Context::Use::None) return;
    if (EVP_PKEY_CTX_set_params(c.ctx.get(), params.data()) != 1) {
      require(ERR_peek_error() != 0, "what is refused is in the error queue");
      return;
    }
    require(!several, "an encryption context is not given twice");
    require(ERR_peek_error() == 0, "a success leaves the error queue alone");
    for (const OSSL_PARAM& p : params)
      if (p.key == kNames[0]) c.bound = binds;
  }

  void get() {
    Context& c = context();
    std::vector<OSSL_PARAM> params = answers();
    if (byte() % 4 == 0) {
      EVP_PKEY_get_params(key(), params.data());
    } else if (c.use == Context::Use::Encrypt || c.use == Context::Use::Decrypt) {
      if (EVP_PKEY_CTX_get_params(c.ctx.get(), params.data()) != 1)
        require(ERR_peek_error() != 0, "what cannot be answered is in the error queue");
    }
  }

  struct Input {
    const std::uint8_t* data;
    std::size_t size;
  };
  Input input() {
    const ByteView known[] = {world().plain, world().bound, last_};
    switch (const std::uint8_t b = byte(); b % 6) {
      case 0:
      case 1:
      case 2:
        return {copy_of(known[b % 6]), known[b % 6].size()};
      case 3:
        return {nullptr, byte() % 2 == 0 ? 0UL : 8UL};
      default: {
        const ByteView bytes = own_bytes();
        return {copy_of(bytes), bytes.size()};
      }
    }
  }

  // The promise: what was accepted is what the ciphertext is bound to.
  void check_bound(const Context& c, ByteView blob) {
    if (!c.bound) return;
    for (const std::size_t i : {0, 1}) {
      const PkeyCtx opener(
          EVP_PKEY_CTX_new_from_pkey(world().libctx, world().keys[i].get(), nullptr));
      Bytes out(4096);
      std::size_t size = out.size();
      require(EVP_PKEY_decrypt_init(opener.get()) == 1 &&
                  EVP_PKEY_decrypt(opener.get(), out.data(), &size, blob.data(), blob.size()) != 1,
              "a ciphertext that is bound to a context does not open without one");
    }
  }

  void operate() {
    Context& c = context();
    const Input in = input();
    const std::size_t rooms[] = {6144, 6144, 300, 32, 6, 0};
    const std::size_t room = pick(rooms);
    std::size_t size = room;
    std::uint8_t* out = byte() % 8 == 0 ? nullptr : buffer(room);
    // OpenSSL itself follows this pointer where there is a buffer.
    std::size_t* size_place = out == nullptr && byte() % 4 == 0 ? nullptr : &size;
    int ok = 0;
    using enum Context::Use;
    switch (c.use) {
      case None:
        return;
      case Encrypt:
        ok = EVP_PKEY_encrypt(c.ctx.get(), out, size_place, in.data, in.size);
        break;
      case Decrypt:
        ok = EVP_PKEY_decrypt(c.ctx.get(), out, size_place, in.data, in.size);
        break;
      case Encapsulate: {
        const std::size_t secret_room = byte() % 4 == 0 ? 31 : 32;
        std::size_t secret_size = secret_room;
        std::uint8_t* secret = byte() % 8 == 0 ? nullptr : buffer(secret_room);
        ok = EVP_PKEY_encapsulate(c.ctx.get(), out, byte() % 8 == 0 ? nullptr : size_place, secret,
                                  byte() % 8 == 0 ? nullptr : &secret_size);
        break;
      }
      case Decapsulate:
        ok = EVP_PKEY_decapsulate(c.ctx.get(), out, byte() % 8 == 0 ? nullptr : size_place, in.data,
                                  in.size);
        break;
    }
    if (ok != 1 || out == nullptr || size_place == nullptr) return;
    require(ERR_peek_error() == 0, "a success leaves the error queue alone");
    require(size <= room, "answers fit into the buffer");
    last_.assign(out, out + size);
    if (c.use == Encrypt || c.use == Encapsulate) check_bound(c, last_);
  }

  void store() {
    std::string uri = pick(kUris);
    if (byte() % 4 == 0) uri += as_text(own_bytes());
    std::vector<OSSL_PARAM> params;
    if (byte() % 2 == 0) {
      OSSL_PARAM expect = param().param;
      expect.key = OSSL_STORE_PARAM_EXPECT;
      // OpenSSL's file store gets it first of a URI without slashes, and follows NULL pointers.
      if (uri.starts_with("kms://")) params.push_back(expect);
    }
    params.push_back(OSSL_PARAM_construct_end());
    const Store opened(OSSL_STORE_open_ex(uri.c_str(), world().libctx, nullptr, nullptr, nullptr,
                                          params.data(), nullptr, nullptr));
    if (!opened) return;
    if (byte() % 2 == 0) OSSL_STORE_expect(opened.get(), byte() % 8);
    int loads = 0;
    for (; loads < 10 && OSSL_STORE_eof(opened.get()) == 0; ++loads)
      const Info info(OSSL_STORE_load(opened.get()));
    require(loads < 10, "a store comes to its end");
  }

  void encode() {
    const Bio out(BIO_new(BIO_s_mem()));
    EVP_PKEY* pkey = key();
    switch (byte() % 5) {
      case 0:
        EVP_PKEY_print_private(out.get(), pkey, byte() % 8, nullptr);
        break;
      case 1:
        PEM_write_bio_PrivateKey(out.get(), pkey, nullptr, nullptr, 0, nullptr, nullptr);
        break;
      case 2: {
        char pass[] = "pass";
        PEM_write_bio_PrivateKey(out.get(), pkey, EVP_aes_256_cbc(), nullptr, 0, nullptr, &pass[0]);
        break;
      }
      case 3:
        PEM_write_bio_PUBKEY(out.get(), pkey);
        break;
      default:
        i2d_PrivateKey_bio(out.get(), pkey);
    }
  }

  void look_at_keys() {
    EVP_PKEY* pkey = key();
    switch (byte() % 6) {
      case 0:
        require(Pkey(EVP_PKEY_dup(pkey)) != nullptr, "a key can be copied");
        break;
      case 1:
        EVP_PKEY_eq(pkey, key());
        break;
      case 2: {
        OSSL_PARAM* params = nullptr;
        require(EVP_PKEY_todata(pkey, EVP_PKEY_KEYPAIR, &params) != 1, "nothing is exported");
        break;
      }
      case 3: {
        const PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(world().libctx, "KMS", nullptr));
        EVP_PKEY* made = nullptr;
        OSSL_PARAM end = OSSL_PARAM_construct_end();
        if (ctx && EVP_PKEY_fromdata_init(ctx.get()) == 1)
          EVP_PKEY_fromdata(ctx.get(), &made, EVP_PKEY_KEYPAIR, &end);
        require(made == nullptr, "nothing is imported");
        break;
      }
      case 4: {
        const PkeyCtx ctx(EVP_PKEY_CTX_new_from_pkey(world().libctx, pkey, nullptr));
        EVP_PKEY_check(ctx.get());
        break;
      }
      default: {
        const PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(world().libctx, "RSA", "provider=trent"));
        EVP_PKEY* made = nullptr;
        if (ctx && EVP_PKEY_keygen_init(ctx.get()) == 1) EVP_PKEY_generate(ctx.get(), &made);
        require(made == nullptr, "no key pair without a name is generated");
      }
    }
  }

  void step() {
    constexpr std::size_t kMaxContexts = 4;
    switch (byte() % 14) {
      case 0:
        if (contexts_.size() < kMaxContexts) contexts_.push_back(new_context());
        break;
      case 1: {
        const Context& c = context();
        PkeyCtx copy(EVP_PKEY_CTX_dup(c.ctx.get()));
        require(copy != nullptr || c.use == Context::Use::None, "a context can be copied");
        if (copy && contexts_.size() < kMaxContexts)
          contexts_.push_back({std::move(copy), c.use, c.bound});
        break;
      }
      case 2:
        if (contexts_.size() > 1) contexts_.erase(contexts_.begin());
        break;
      case 3:
      case 4:
        init();
        break;
      case 5:
      case 6:
      case 7:
        set();
        break;
      case 8:
        get();
        break;
      case 9: {
        Context& c = context();
        const char* name = pick(kNames);
        if (c.use == Context::Use::None) break;
        if (EVP_PKEY_CTX_ctrl_str(c.ctx.get(), name, pick(kTexts)) == 1 && name == kNames[0])
          c.bound = false;  // which text it was does not matter here
        break;
      }
      case 10:
        store();
        break;
      case 11:
        byte() % 2 == 0 ? encode() : look_at_keys();
        break;
      default:
        operate();
    }
  }

  ByteView code_;
  std::vector<Context> contexts_;
  std::vector<std::unique_ptr<std::uint8_t[]>> memory_;
  Bytes last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Program({data, size}).run();
  return 0;
}
