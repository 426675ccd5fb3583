// SPDX-License-Identifier: Apache-2.0
// What permissions and audit add to ReEncrypt of 32 bytes, from a key to itself under another
// encryption context: nothing of either (the account's root user, and the default policy); audit to
// a file; a user whom the last one of the key's 1,000 grants lets. Making the grants takes a
// minute. Prints the ratios to the first, which are to be at most 1.05 and 1.2.
//
//   meson setup -Dbench=true --buildtype=release build-bench && ninja -C build-bench
//   TRENT_BUILD=build-bench build-bench/tests/bench/permissions-bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "caller.h"
#include "kms.h"
#include "softhsm.h"

namespace {

using namespace trent;
using namespace trent::test;

constexpr int kGrants = 1000;

void make_grants(Service& service, const std::string& key_id) {
  for (int number = 0; number < kGrants; ++number) {
    const bool last = number == kGrants - 1;
    const std::string user = last ? "mover" : "other-" + std::to_string(number);
    request(service, "CreateGrant",
            {{"KeyId", key_id},
             {"GranteePrincipal", "arn:aws:iam::" + std::string(kAccount) + ":user/" + user},
             {"Operations", {"ReEncryptFrom", "ReEncryptTo"}}});
  }
}

kms::ReEncryptRequest move_request(Service& service, const std::string& key_id) {
  kms::EncryptRequest encrypt;
  encrypt.key_id = key_id;
  encrypt.plaintext = SecretBytes(32, 1);
  encrypt.encryption_context = {{"tenant", "a"}};
  kms::ReEncryptRequest move;
  move.ciphertext_blob = service.encrypt(encrypt).ciphertext_blob;
  move.source_encryption_context = {{"tenant", "a"}};
  move.destination_encryption_context = {{"tenant", "b"}};
  move.destination_key_id = key_id;
  return move;
}

void measure(benchmark::State& state, const std::string& key_id, const Config& config,
             const kms::Caller* caller) {
  Service service(config);
  const kms::ReEncryptRequest move = move_request(service, key_id);
  const auto call = [&] {
    return service.kms::Service::call(caller == nullptr ? service.caller() : *caller, move);
  };
  call();  // the first one that wants a grant lists all of them
  for (auto _ : state) benchmark::DoNotOptimize(call().ciphertext_blob.data());
}

// Remembers the best repetition of each, in processor time.
class Best : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      const double time = run.GetAdjustedCPUTime();
      const auto found = best_.emplace(run.run_name.function_name, time);
      found.first->second = std::min(found.first->second, time);
    }
    ConsoleReporter::ReportRuns(runs);
  }

  void print_ratios() const {
    const auto plain = best_.find("plain");
    if (plain == best_.end()) return;  // left out by a filter
    for (const auto& [name, time] : best_)
      std::printf("%-7s %6.1f us, ratio %.3f\n", name.c_str(), time, time / plain->second);
  }

 private:
  std::map<std::string, double> best_;
};

}  // namespace

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  const SoftHsm token;
  const Config plain = load_config();
  const std::string key_id = [&] {
    Service service(plain);
    std::string made = create_key(service);
    make_grants(service, made);
    return made;
  }();
  Config audited = plain;
  audited.audit.to = AuditConfig::To::File;
  audited.audit.path = token.directory() / "audit.log";
  // The grants decide where no policy of the user's does.
  Config granted = plain;
  granted.identity_policies = token.directory() / "policies";
  std::filesystem::create_directory(granted.identity_policies);
  std::filesystem::permissions(granted.identity_policies, std::filesystem::perms::owner_all);
  const kms::Caller mover = caller("user/mover");

  const auto add = [&](const char* name, const Config& config, const kms::Caller* caller) {
    benchmark::RegisterBenchmark(name,
                                 [&key_id, &config, caller](benchmark::State& state) {
                                   measure(state, key_id, config, caller);
                                 })
        ->Unit(benchmark::kMicrosecond)
        ->Repetitions(9);
  };
  add("plain", plain, nullptr);
  add("audited", audited, nullptr);
  add("granted", granted, &mover);
  Best best;
  benchmark::RunSpecifiedBenchmarks(&best);
  best.print_ratios();
}
