// SPDX-License-Identifier: Apache-2.0
// What a signature costs through OpenSSL, EVP_DigestSign() with a key of a kms: URI, compared with
// the bare PKCS#11 calls on the same key in the same process: C_SignInit and C_Sign of the digest.
// Prints at the end how much of the bare rate is left; 0.95 is the goal.
//
//   meson setup -Dbench=true --buildtype=release build-bench
//   ninja -C build-bench tests/bench/sign-bench src/trent.so
//   TRENT_BUILD=build-bench build-bench/tests/bench/sign-bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "../provider/evp.h"
#include "base/hash.h"
#include "base/public_key.h"
#include "kms.h"
#include "softhsm.h"

namespace {

using namespace trent;
using namespace trent::test;

struct Kind {
  const char* name;
  const char* spec;
  CK_KEY_TYPE type;
  CK_MECHANISM_TYPE mechanism;
};
constexpr Kind kKinds[] = {{"RSA_2048", "RSA_2048", CKK_RSA, CKM_RSA_PKCS},
                           {"P256", "ECC_NIST_P256", CKK_EC, CKM_ECDSA}};

std::string alias(const Kind& kind) {
  return std::string("alias/") + kind.name;
}

// As a TLS server has it: a new context for each signature.
void through_openssl(benchmark::State& state, const Kind& kind) {
  static const Providers providers;
  const Pkey key = load_key("kms:" + alias(kind));
  const Bytes message(130);
  Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())));
  for (auto _ : state) {
    const std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>> ctx(EVP_MD_CTX_new());
    std::size_t size = out.size();
    openssl_ok(
        EVP_DigestSignInit_ex(ctx.get(), nullptr, "SHA256", nullptr, nullptr, key.get(), nullptr));
    openssl_ok(EVP_DigestSign(ctx.get(), out.data(), &size, message.data(), message.size()));
  }
}

// With one that is kept, of a digest: what is left when OpenSSL has nothing to look up.
void through_kept_context(benchmark::State& state, const Kind& kind) {
  static const Providers providers;
  const Pkey key = load_key("kms:" + alias(kind));
  const PkeyCtx ctx = make_ctx(key);
  openssl_ok(EVP_PKEY_sign_init(ctx.get()));
  set_options(ctx, {{"digest", "SHA256"}});
  const Bytes digest(32);
  Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())));
  for (auto _ : state) {
    std::size_t size = out.size();
    openssl_ok(EVP_PKEY_sign(ctx.get(), out.data(), &size, digest.data(), digest.size()));
  }
}

// Without the door: how much of the time is OpenSSL's and the provider's.
void through_service(benchmark::State& state, const Kind& kind) {
  Service service(load_config());
  kms::SignRequest request;
  request.key_id = alias(kind);
  request.message_type = "DIGEST";
  request.message.assign(32, 7);
  request.signing_algorithm = kind.type == CKK_RSA ? "RSASSA_PKCS1_V1_5_SHA_256" : "ECDSA_SHA_256";
  for (auto _ : state) benchmark::DoNotOptimize(service.call(request).signature.data());
}

void raw_pkcs11(benchmark::State& state, const Kind& kind) {
  const RawSession session;
  CK_FUNCTION_LIST* p11 = softhsm();
  CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
  CK_KEY_TYPE type = kind.type;
  const auto keys = session.find(
      {{CKA_CLASS, &object_class, sizeof(object_class)}, {CKA_KEY_TYPE, &type, sizeof(type)}});
  Bytes input;
  if (kind.type == CKK_RSA) append(input, digest_info_head(Hash::Sha256));
  input.resize(input.size() + 32, 7);
  Bytes out(512);
  for (auto _ : state) {
    CK_MECHANISM mechanism{kind.mechanism, nullptr, 0};
    CK_ULONG size = out.size();
    check_rv(p11->C_SignInit(session.handle(), &mechanism, keys.at(0)), "C_SignInit");
    check_rv(p11->C_Sign(session.handle(), input.data(), input.size(), out.data(), &size),
             "C_Sign");
  }
}

// Remembers the best repetition of each benchmark. Processor time: there is one thread, and other
// processes shall not be in the ratio.
class Best : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      const auto time = run.GetAdjustedCPUTime();
      const auto found = best_.emplace(run.run_name.function_name, time);
      found.first->second = std::min(found.first->second, time);
    }
    ConsoleReporter::ReportRuns(runs);
  }

  void print_ratios() const {
    for (const Kind& kind : kKinds) {
      const auto bare = best_.find(std::string("raw_pkcs11/") + kind.name);
      if (bare == best_.end()) continue;
      std::printf("%s: %.1f us in bare PKCS#11", kind.name, bare->second);
      for (const char* way : {"through_service/", "through_kept_context/", "through_openssl/"}) {
        const auto ours = best_.find(way + std::string(kind.name));
        if (ours == best_.end()) continue;
        std::printf("; %.1f us %.*s: %.3f of the rate", ours->second,
                    static_cast<int>(std::string_view(way).size()) - 1, way,
                    bare->second / ours->second);
      }
      std::printf("\n");
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
    for (const Kind& kind : kKinds) {
      kms::CreateKeyRequest request;
      request.key_spec = kind.spec;
      request.key_usage = "SIGN_VERIFY";
      service.create_alias({alias(kind), service.create_key(request).key_metadata.key_id});
    }
  }
  const auto add = [](const char* way, auto function) {
    for (const Kind& kind : kKinds)
      benchmark::RegisterBenchmark((std::string(way) + kind.name).c_str(), function, kind)
          ->Unit(benchmark::kMicrosecond)
          ->Repetitions(5);
  };
  add("raw_pkcs11/", raw_pkcs11);
  add("through_service/", through_service);
  add("through_kept_context/", through_kept_context);
  add("through_openssl/", through_openssl);
  Best best;
  benchmark::RunSpecifiedBenchmarks(&best);
  best.print_ratios();
}
