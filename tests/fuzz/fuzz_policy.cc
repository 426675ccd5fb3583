// SPDX-License-Identifier: Apache-2.0
// A policy, and after a NUL the value that a request has for every condition key. What is not known
// about a request never helps it: what is allowed or not denied without knowing is so whatever the
// values are.
#include <algorithm>

#include "fuzz.h"
#include "policy/policy.h"

using namespace trent::policy;
using trent::fuzz::require;

namespace {

class SameForAll : public Context {
 public:
  explicit SameForAll(Values values) : values_(std::move(values)) {}
  Values find(std::string_view) const override { return values_; }

 private:
  Values values_;
};

std::optional<Policy> parse(std::string_view text, Kind kind) {
  try {
    return Policy::parse(text, kind);
  } catch (const Malformed& fault) {
    const std::string_view sentence = fault.what();
    require(sentence.size() > 20 && sentence.size() < 2000, "a fault is said in a sentence");
    return std::nullopt;
  }
}

void check(const Policy& policy, Kind kind, std::string_view value) {
  const SameForAll unknown({false, {}});
  const SameForAll contexts[] = {
      SameForAll({true, {}}), SameForAll({true, {{std::string(value)}}}),
      SameForAll({true, {{std::string(value), "1", "true", "arn:aws:kms:::key/a"}}})};
  const Principal principals[] = {{"arn:aws:iam::111122223333:root", "111122223333"},
                                  {"arn:aws:sts::111122223333:assumed-role/a/b", "111122223333",
                                   "arn:aws:iam::111122223333:role/a"},
                                  {"", "", "", "logs.amazonaws.com"}};
  for (const Principal& principal : principals) {
    for (const char* resource : {"*", "arn:aws:kms:eu:111122223333:key/a"}) {
      const auto decide = [&](const Context& context) {
        return policy.decide({principal, "kms:Encrypt", resource, context});
      };
      const Decision least = decide(unknown);
      require(kind == Kind::Resource || !least.allow_account, "only resources allow accounts");
      for (const Context& context : contexts) {
        const Decision decision = decide(context);
        require(!least.allow || decision.allow, "an allowance that holds anyway holds");
        require(!least.allow_account || decision.allow_account, "and so does an account's");
        require(least.deny || !decision.deny, "what nothing could deny is not denied");
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t nul = std::min(input.find('\0'), input.size());
  const std::string_view text = input.substr(0, nul);
  const std::string_view value = input.substr(std::min(nul + 1, input.size()));
  const auto resource = parse(text, Kind::Resource);
  const auto identity = parse(text, Kind::Identity);
  require(!resource || !identity, "a policy has principals or it has none");
  if (resource) check(*resource, Kind::Resource, value);
  if (identity) check(*identity, Kind::Identity, value);
  return 0;
}
