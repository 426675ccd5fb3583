// SPDX-License-Identifier: Apache-2.0
// What ReEncrypt costs through OpenSSL, compared with the bare PKCS#11 calls that it cannot do
// without: derive, unwrap, derive, wrap, and the destruction of the three temporaries, on the same
// SoftHSM token and with attributes as PKCS#11 has them by default. Prints the ratio at the end.
//
//   meson setup -Dbench=true --buildtype=release build-bench && ninja -C build-bench
//   TRENT_BUILD=build-bench build-bench/tests/bench/reencrypt-bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "../provider/evp.h"
#include "base/openssl.h"
#include "kms.h"
#include "softhsm.h"

namespace {

using namespace trent;
using namespace trent::test;

constexpr int kSizes[] = {32, 256, 4096};

void through_openssl(benchmark::State& state) {
  static const Providers providers;
  static const Pkey source = load_key("kms:alias/old");
  static const Pkey destination = load_key("kms:alias/new");
  Bytes plaintext(static_cast<std::size_t>(state.range(0)));
  fill_random(plaintext);
  const Bytes blob =
      encrypt(encrypt_ctx(source, {{"encryption-context", R"({"tenant":"a"})"}}), plaintext);
  const PkeyCtx mover =
      encrypt_ctx(destination, {{"reencrypt", "1"},
                                {"source-encryption-context", R"({"tenant":"a"})"},
                                {"encryption-context", R"({"tenant":"b"})"}});
  Bytes out(blob.size());
  for (auto _ : state) {
    std::size_t size = out.size();
    openssl_ok(EVP_PKEY_encrypt(mover.get(), out.data(), &size, blob.data(), blob.size()));
  }
}

// Without the door: how much of the time is OpenSSL's and the provider's.
void through_service(benchmark::State& state) {
  Service service(load_config());
  SecretBytes plaintext(static_cast<std::size_t>(state.range(0)));
  fill_random(plaintext);
  kms::EncryptRequest encrypt;
  encrypt.key_id = "alias/old";
  encrypt.plaintext = plaintext;
  encrypt.encryption_context = {{"tenant", "a"}};
  kms::ReEncryptRequest move;
  move.ciphertext_blob = service.encrypt(encrypt).ciphertext_blob;
  move.source_encryption_context = {{"tenant", "a"}};
  move.destination_encryption_context = {{"tenant", "b"}};
  move.destination_key_id = "alias/new";
  for (auto _ : state) benchmark::DoNotOptimize(service.re_encrypt(move).ciphertext_blob.data());
}

// The same work in PKCS#11 calls only.
class Raw {
 public:
  Raw() : source_(generate()), destination_(generate()) {}

  Bytes wrap_new(ByteView plaintext) {
    const CK_OBJECT_HANDLE wrapping_key = derive(source_, CKA_WRAP);
    CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    Bytes value(plaintext.begin(), plaintext.end());
    CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &secret_class, sizeof(secret_class)},
                                 {CKA_KEY_TYPE, &type, sizeof(type)},
                                 {CKA_TOKEN, &no_, sizeof(no_)},
                                 {CKA_EXTRACTABLE, &yes_, sizeof(yes_)},
                                 {CKA_VALUE, value.data(), value.size()}};
    CK_OBJECT_HANDLE secret = 0;
    check_rv(p11_->C_CreateObject(handle(), attributes, std::size(attributes), &secret),
             "C_CreateObject");
    Bytes wrapped = wrap(wrapping_key, secret, plaintext.size());
    destroy({wrapping_key, secret});
    return wrapped;
  }

  void move(Bytes& wrapped) {
    const CK_OBJECT_HANDLE unwrapping_key = derive(source_, CKA_UNWRAP);
    CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &secret_class, sizeof(secret_class)},
                                 {CKA_KEY_TYPE, &type, sizeof(type)},
                                 {CKA_TOKEN, &no_, sizeof(no_)},
                                 {CKA_SENSITIVE, &yes_, sizeof(yes_)},
                                 {CKA_EXTRACTABLE, &yes_, sizeof(yes_)}};
    CK_MECHANISM mechanism{CKM_AES_KEY_WRAP_PAD, nullptr, 0};
    CK_OBJECT_HANDLE secret = 0;
    check_rv(p11_->C_UnwrapKey(handle(), &mechanism, unwrapping_key, wrapped.data(), wrapped.size(),
                               attributes, std::size(attributes), &secret),
             "C_UnwrapKey");
    const CK_OBJECT_HANDLE wrapping_key = derive(destination_, CKA_WRAP);
    benchmark::DoNotOptimize(wrap(wrapping_key, secret, wrapped.size()));
    destroy({unwrapping_key, secret, wrapping_key});
  }

 private:
  CK_SESSION_HANDLE handle() const { return session_.handle(); }

  CK_OBJECT_HANDLE generate() {
    CK_ULONG length = 32;
    CK_ATTRIBUTE attributes[] = {{CKA_TOKEN, &yes_, sizeof(yes_)},
                                 {CKA_SENSITIVE, &yes_, sizeof(yes_)},
                                 {CKA_EXTRACTABLE, &no_, sizeof(no_)},
                                 {CKA_DERIVE, &yes_, sizeof(yes_)},
                                 {CKA_VALUE_LEN, &length, sizeof(length)}};
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    CK_OBJECT_HANDLE key = 0;
    check_rv(p11_->C_GenerateKey(handle(), &mechanism, attributes, std::size(attributes), &key),
             "C_GenerateKey");
    return key;
  }

  CK_OBJECT_HANDLE derive(CK_OBJECT_HANDLE base, CK_ATTRIBUTE_TYPE usage) {
    CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ULONG length = 32;
    CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &secret_class, sizeof(secret_class)},
                                 {CKA_KEY_TYPE, &type, sizeof(type)},
                                 {CKA_VALUE_LEN, &length, sizeof(length)},
                                 {CKA_TOKEN, &no_, sizeof(no_)},
                                 {CKA_SENSITIVE, &yes_, sizeof(yes_)},
                                 {CKA_EXTRACTABLE, &no_, sizeof(no_)},
                                 {usage, &yes_, sizeof(yes_)}};
    CK_KEY_DERIVATION_STRING_DATA data{input_.data(), input_.size()};
    CK_MECHANISM mechanism{CKM_AES_ECB_ENCRYPT_DATA, &data, sizeof(data)};
    CK_OBJECT_HANDLE key = 0;
    check_rv(p11_->C_DeriveKey(handle(), &mechanism, base, attributes, std::size(attributes), &key),
             "C_DeriveKey");
    return key;
  }

  Bytes wrap(CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE secret, std::size_t length) {
    Bytes wrapped(length + 16);
    CK_ULONG size = wrapped.size();
    CK_MECHANISM mechanism{CKM_AES_KEY_WRAP_PAD, nullptr, 0};
    check_rv(p11_->C_WrapKey(handle(), &mechanism, wrapping_key, secret, wrapped.data(), &size),
             "C_WrapKey");
    wrapped.resize(size);
    return wrapped;
  }

  void destroy(std::initializer_list<CK_OBJECT_HANDLE> objects) {
    for (const CK_OBJECT_HANDLE object : objects)
      check_rv(p11_->C_DestroyObject(handle(), object), "C_DestroyObject");
  }

  RawSession session_;
  CK_FUNCTION_LIST* p11_ = softhsm();
  CK_BBOOL yes_ = CK_TRUE;
  CK_BBOOL no_ = CK_FALSE;
  std::array<CK_BYTE, 32> input_{};
  CK_OBJECT_HANDLE source_;
  CK_OBJECT_HANDLE destination_;
};

void raw_pkcs11(benchmark::State& state) {
  Raw raw;
  Bytes plaintext(static_cast<std::size_t>(state.range(0)));
  fill_random(plaintext);
  Bytes wrapped = raw.wrap_new(plaintext);
  for (auto _ : state) raw.move(wrapped);
}

// Remembers the best repetition of each benchmark. Processor time: there is one thread, and other
// processes shall not be in the ratio.
class Best : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      const auto time = run.GetAdjustedCPUTime();
      const auto found = best_.emplace(run.run_name.function_name + "/" + run.run_name.args, time);
      found.first->second = std::min(found.first->second, time);
    }
    ConsoleReporter::ReportRuns(runs);
  }

  void print_ratios() const {
    for (const int size : kSizes) {
      const std::string args = "/" + std::to_string(size);
      const auto ours = best_.find("through_openssl" + args);
      const auto service = best_.find("through_service" + args);
      const auto theirs = best_.find("raw_pkcs11" + args);
      if (ours == best_.end() || service == best_.end() || theirs == best_.end()) continue;
      std::printf(
          "%4d bytes: %.1f us through OpenSSL (of which %.1f us in the KMS service), %.1f us in "
          "bare "
          "PKCS#11: ratio %.2f\n",
          size, ours->second, service->second, theirs->second, ours->second / theirs->second);
    }
  }

 private:
  std::map<std::string, double> best_;
};

}  // namespace

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  SoftHsm token;
  {
    Service service(load_config());
    for (const char* alias : {"alias/old", "alias/new"})
      service.create_alias({alias, service.create_key({}).key_metadata.key_id});
  }
  const auto add = [](const char* name, void (*function)(benchmark::State&)) {
    auto* added = benchmark::RegisterBenchmark(name, function);
    added->Unit(benchmark::kMicrosecond)->Repetitions(5);
    for (const int size : kSizes) added->Arg(size);
  };
  add("raw_pkcs11", raw_pkcs11);
  add("through_service", through_service);
  add("through_openssl", through_openssl);
  Best best;
  benchmark::RunSpecifiedBenchmarks(&best);
  best.print_ratios();
}
