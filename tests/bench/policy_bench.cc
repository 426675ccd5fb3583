// SPDX-License-Identifier: Apache-2.0
// What a decision costs: of the default key policy, and of one with 1,000 statements that all have
// conditions, the last of which allows. That is to be less than 1 us, and less than 1 ms.
//
//   meson setup -Dbench=true --buildtype=release build-bench
//   ninja -C build-bench tests/bench/policy-bench
//   build-bench/tests/bench/policy-bench
#include <benchmark/benchmark.h>

#include <string>

#include "policy/policy.h"

namespace {

using namespace trent::policy;

// Values that are there at once: what the condition keys of a request cost is not a policy's
// matter.
class Request : public Context {
 public:
  Values find(std::string_view key) const override {
    if (key == "kms:EncryptionContext:tenant") return {true, {{"acme"}}};
    if (key == "aws:SourceIp") return {true, {{"203.0.113.7"}}};
    if (key == "aws:CurrentTime") return {true, {{"2030-01-01T00:00:00Z"}}};
    return {};
  }
};

constexpr const char* kKey = "arn:aws:kms:eu:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const Principal kAlice{"arn:aws:iam::111122223333:user/alice", "111122223333"};

std::string statement(const std::string& tenant) {
  return R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},
      "Action":["kms:Sign","kms:ReEncrypt*","kms:*crypt"],
      "Resource":"arn:aws:kms:*:111122223333:key/*",
      "Condition":{"IpAddress":{"aws:SourceIp":["192.0.2.0/24","203.0.113.0/24"]},
                   "DateLessThan":{"aws:CurrentTime":"2031-01-01T00:00:00Z"},
                   "StringLike":{"kms:EncryptionContext:tenant":")" +
         tenant + R"("}}})";
}

void decide(benchmark::State& state, const std::string& document, Kind kind, bool allowed) {
  const Policy policy = Policy::parse(document, kind);
  const Request request;
  for (auto _ : state) {
    const Decision decision = policy.decide({kAlice, "kms:Encrypt", kKey, request});
    if (decision.allow.has_value() != allowed) state.SkipWithError("another decision");
    benchmark::DoNotOptimize(decision);
  }
}

void parse(benchmark::State& state, const std::string& document) {
  for (auto _ : state) benchmark::DoNotOptimize(Policy::parse(document, Kind::Resource));
}

std::string with_statements(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string by_default = with_statements(
      R"({"Sid":"Enable IAM User Permissions","Effect":"Allow",
      "Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"})");
  std::string many;
  for (int i = 1; i < 1000; ++i) many += statement("*-" + std::to_string(i)) + ',';
  many = with_statements(many + statement("ac*"));

  const auto add = [](const char* name, auto function, auto... arguments) {
    benchmark::RegisterBenchmark(name, function, arguments...);
  };
  add("default/decide", decide, by_default, Kind::Resource, false);
  add("default/parse", parse, by_default);
  add("1000 statements/decide", decide, many, Kind::Resource, true);
  add("1000 statements/parse", parse, many);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
